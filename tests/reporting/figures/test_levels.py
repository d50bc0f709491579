"""Train and test accuracy side by side, against the trials."""

import numpy as np
import pytest

from bloodstudy.reporting.figures.levels import draw_levels
from bloodstudy.reporting.figures.style import look, style_study


def test_means_and_gap_are_those_of_the_trials_that_learnt(read_sweep):
    sweep = read_sweep({"augment": ["none", "flip"], "seed": [0, 1, 2]}, outcomes={5: "failed"})
    stuck = {"augment=none": [1], "augment=flip": []}
    with look():
        (axes,) = draw_levels(sweep, sweep.arms, stuck, style_study(sweep.arms, sweep.arms[:1]), "seed").axes
    done = sweep.of("augment=none", "finished").set_index("seed")
    train, test = (100 * done.loc[[0, 2], f"{side}_accuracy"].mean() for side in ("train", "test"))
    drawn = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1 and line.get_ydata()[0] == 0]
    assert drawn == pytest.approx([train, test])
    crosses = [x for line in axes.lines if line.get_marker() == "x" for x in line.get_xdata()]
    assert crosses == pytest.approx([100 * done.loc[1, f"{side}_accuracy"] for side in ("train", "test")])
    points = [len(line.get_xdata()) for line in axes.lines if line.get_markersize() == 3]
    assert points == [2, 2, 2, 2]
    gaps = [text.get_text() for text in axes.texts]
    assert gaps[:2] == ["gap", f"{train - test:+.1f}"]


def test_an_arm_without_a_trial_that_learnt_keeps_its_row_and_has_no_gap(read_sweep):
    sweep = read_sweep({"augment": ["none", "flip"], "seed": [0]})
    stuck = {"augment=none": [], "augment=flip": [0]}
    with look():
        (axes,) = draw_levels(sweep, sweep.arms, stuck, style_study(sweep.arms, sweep.arms[:1]), "seed").axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(sweep.arms)
    assert len(axes.texts) == 2
    assert np.isfinite(axes.get_xlim()).all()
