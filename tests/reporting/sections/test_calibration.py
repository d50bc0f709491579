"""The figure of how far probabilities are what they say."""

import pandas as pd

from bloodstudy.analysis.results.reliability import Reliability
from bloodstudy.reporting.figures import style
from bloodstudy.reporting.sections import calibration


def test_a_bin_with_hardly_an_image_is_not_drawn():
    curve = pd.DataFrame({"bin": [0.3, 0.6, 0.9], "sure": [0.35, 0.65, 0.97], "right": [1.0, 0.5, 0.9],
                          "share": [0.004, 0.3, 0.696]})  # fmt: skip
    reliabilities, styles = {"one": Reliability(curve, 0.1, 0.05)}, style.style_study(["one"], ["one"])
    figure = calibration.draw_calibration([("question", ["one"])], reliabilities, styles)
    _, line = figure.axes[0].lines
    assert list(line.get_xdata()) == [65.0, 97.0]
