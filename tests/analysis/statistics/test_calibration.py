"""The calibration of probabilities, against numbers by hand."""

import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis.results.predictions import EvaluationImages, Predictions
from bloodstudy.analysis.statistics.calibration import weigh_probabilities


def predict(first, labels="AAAAB"):
    """Return predictions of two classes, `first` being the probabilities of A in thousandths."""
    table = pd.DataFrame(
        {"split": "test", "image": [f"{i}.jpeg" for i in range(len(labels))], "photograph": "", "scene": ""}
    )
    shown = EvaluationImages(table.assign(label=list(labels)), ("A", "B"))
    return Predictions(shown, np.array([[p, 1000 - p] for p in first], dtype="uint16"))


def test_an_arm_that_is_as_sure_as_right_has_no_error():
    found = weigh_probabilities([predict([1000, 1000, 1000, 1000, 0])], ["official"])
    assert (found.error, found.excess) == (0, 0)
    assert found.curve.to_dict("records") == [{"bin": 0.9, "sure": 1.0, "right": 1.0, "share": 1.0}]


def test_the_error_is_the_mean_distance_of_the_bins():
    found = weigh_probabilities([predict([950, 950, 650, 650, 650])], ["official"])
    # 2 of 5 at 0.95, both right; 3 of 5 at 0.65, two right
    assert found.error == pytest.approx(0.4 * 0.05 + 0.6 * abs(2 / 3 - 0.65))
    assert found.excess == pytest.approx((2 * 0.95 + 3 * 0.65) / 5 - 4 / 5)
