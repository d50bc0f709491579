"""The calibration of probabilities, against numbers by hand."""

import pytest

from bloodstudy.analysis.results.reliability import weigh_probabilities


def test_an_arm_that_is_as_sure_as_right_has_no_error(two_classes):
    weighed = weigh_probabilities([two_classes([1000, 1000, 1000, 1000, 0])], ["official"])
    assert (weighed.error, weighed.excess) == (0, 0)
    assert weighed.curve.to_dict("records") == [{"bin": 0.9, "sure": 1.0, "right": 1.0, "share": 1.0}]


def test_the_error_is_the_mean_distance_of_the_bins(two_classes):
    weighed = weigh_probabilities([two_classes([950, 950, 650, 650, 650])], ["official"])
    # 2 of 5 at 0.95, both right; 3 of 5 at 0.65, two right
    assert weighed.error == pytest.approx(0.4 * 0.05 + 0.6 * abs(2 / 3 - 0.65))
    assert weighed.excess == pytest.approx((2 * 0.95 + 3 * 0.65) / 5 - 4 / 5)
