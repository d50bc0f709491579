"""The figure of how intervals shrank, against the looks that it draws."""

import numpy as np
import pytest

from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections.looks import can_shrink, describe_looks, draw_looks
from bloodstudy.reporting.sections.section import style_arms


@pytest.fixture
def study(analyse):
    return analyse(seeds=12, looks=[6, 8, 12], planted={"pooling=none": (-30.0, -40.0)}, noise=2.0)


def test_each_look_of_each_arm_is_an_interval_and_a_closed_arm_gets_no_more(study):
    with look():
        figure = draw_looks(study, style_arms(study))
        figure.canvas.draw()
    (axes,) = figure.axes
    steps = [step for comparison in study.comparisons for step in comparison.course.steps]
    assert len(steps) < 6, "an arm closed early"
    strokes = [c.get_segments()[0] for c in axes.collections if hasattr(c, "get_segments")]
    drawn = [(stroke[0][0], stroke[1][0]) for stroke in strokes]
    left, right = axes.get_xlim()
    for step, (low, high) in zip(steps, drawn, strict=True):
        inside = np.clip([100 * step.told.low, 100 * step.told.high], left, right)
        assert [low, high] == pytest.approx(inside, abs=0.05 * (right - left))
    assert [text.get_text() for text in axes.texts][1].startswith("harms")
    assert "(look 1)" in axes.texts[1].get_text()


def test_one_look_has_nothing_to_shrink(analyse, study):
    assert can_shrink(study)
    assert "over 3 looks" in describe_looks(study)
    assert not can_shrink(analyse())
