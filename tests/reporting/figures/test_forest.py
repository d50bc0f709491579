"""The estimation figure, against the comparisons that it draws."""

import numpy as np
import pytest

from bloodstudy.reporting.figures.forest import PANELS, draw_effects, find_limits
from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections.section import style_arms
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), exploratory=("strided",))


@pytest.fixture
def draw(analyse):
    def drawn(**more):
        analysis = analyse(POOLS, photographs=4, **more)
        with look():
            figure = draw_effects(analysis.comparisons, style_arms(analysis))
            figure.canvas.draw()
        return analysis, figure

    return drawn


def test_every_seed_is_a_point_and_exploratory_means_are_hollow(draw):
    analysis, figure = draw()
    for axes, response in zip(figure.axes, ("train_accuracy", "test_accuracy", "accuracy_gap"), strict=True):
        drawn = [line for line in axes.lines if len(line.get_xdata()) == 6]
        means = [line for line in axes.lines if line.get_markersize() == 7]
        for comparison, line, mean in zip(analysis.comparisons, drawn, means, strict=True):
            assert np.allclose(line.get_xdata(), 100 * comparison.points[response])
            assert mean.get_xdata()[0] == pytest.approx(100 * comparison.effects[response].mean)
            assert (mean.get_markerfacecolor() == "white") == (not comparison.pair.tested)


def test_the_interval_that_decides_is_thick_with_its_bounds_as_ticks(draw):
    analysis, figure = draw()
    strokes = [c for c in figure.axes[1].collections if hasattr(c, "get_segments")]
    thick = [stroke for stroke in strokes if stroke.get_linewidth()[0] > 3]
    tested = [comparison for comparison in analysis.comparisons if comparison.pair.tested]
    left, right = find_limits([100 * c.points[r] for c in analysis.comparisons for r in PANELS], 2)
    for comparison, stroke in zip(tested, thick, strict=True):
        told = comparison.course.last.told
        ends = np.clip([100 * told.low, 100 * told.high], left, right)
        assert [stroke.get_segments()[0][k][0] for k in (0, 1)] == pytest.approx(ends)
    ticks = [x for line in figure.axes[1].lines if line.get_markersize() == 12 for x in line.get_xdata()]
    bounds = [100 * end for c in tested for end in (c.course.last.told.at_least, c.course.last.told.at_most)]
    assert ticks == pytest.approx([bound for bound in bounds if left <= bound <= right])
    assert not [c for c in figure.axes[0].collections if c.get_linewidth()[0] > 3], "train accuracy is descriptive"


def test_of_a_pilot_there_are_points_alone(draw):
    _, figure = draw(seeds=4)
    assert not [c for axes in figure.axes for c in axes.collections if hasattr(c, "get_segments")]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert not any("interval" in label for label in labels)


def test_the_margin_is_a_band_of_the_test_panel_alone(draw):
    _, figure = draw()
    bands = [[c for c in axes.collections if not hasattr(c, "get_segments")] for axes in figure.axes]
    assert [len(own) for own in bands] == [0, 3, 0]


def test_an_arm_without_a_seed_keeps_its_row(draw):
    _, figure = draw(outcomes={("pooling=none", seed): "diverged" for seed in range(6)})
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()][1] == "pooling=none"
    assert "fails to train" in [text.get_text().strip() for text in figure.axes[1].texts]


def test_an_invalid_arm_is_a_word_and_no_point(draw):
    _, figure = draw(outcomes={("reference", 2): "chance"})
    for axes in figure.axes:
        assert [text.get_text().strip() for text in axes.texts][:2] == ["invalid", "invalid"]
        shown = [line for line in axes.lines if len(line.get_xdata()) > 2]
        assert len(shown) == 1, "of the arm that is not tested"


def test_the_axis_reaches_all_but_a_single_arm_far_out():
    near = [np.array([1.0, -3.0]), np.array([2.0, 4.0]), np.array([-1.0])]
    assert find_limits(near, 2.0) == pytest.approx((-1.08 * 3, 1.08 * 4))
    assert find_limits([*near, np.array([12.0])], 2.0) == pytest.approx((-1.08 * 3, 1.08 * 12))
    assert find_limits([*near, np.array([60.0])], 2.0) == pytest.approx((-1.08 * 3, 1.08 * 4))


def test_zero_and_the_margin_lie_inside_the_axis_wherever_the_effects_lie():
    assert find_limits([np.array([-50.0, -10.0])], 2.0) == pytest.approx((-54, 0.2 * 54))
    assert find_limits([np.array([3.0])], 2.0) == pytest.approx((-2.4, 3.24))
    assert find_limits([np.zeros(2)], 2.0) == pytest.approx((-2.4, 2.4))
    assert find_limits([], 2.0) == pytest.approx((-2.4, 2.4))
