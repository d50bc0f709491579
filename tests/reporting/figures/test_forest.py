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


def test_the_ends_of_an_interval_stand_out_of_the_mark_of_its_mean(draw):
    analysis, figure = draw()
    for axes, response in zip(figure.axes, ("train_accuracy", "test_accuracy", "accuracy_gap"), strict=True):
        strokes = [line for line in axes.lines if line.get_marker() == "|"]
        effects = [comparison.effects[response] for comparison in analysis.comparisons]
        ends = [100 * end for effect in effects for end in (effect.low, effect.high)]
        left, right = find_limits([100 * c.points[r] for c in analysis.comparisons for r in PANELS], 2)
        assert [line.get_xdata()[0] for line in strokes] == pytest.approx([end for end in ends if left <= end <= right])
        assert strokes
        assert all(line.get_markersize() > 7 for line in strokes)


def test_the_margin_is_a_band_of_the_test_panel_alone(draw):
    _, figure = draw()
    assert [len(axes.collections) - 3 for axes in figure.axes] == [0, 3, 0]


def test_an_arm_without_a_seed_keeps_its_row(draw):
    _, figure = draw(outcomes={("pooling=none", seed): "diverged" for seed in range(6)})
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()][1] == "pooling=none"
    assert "fails to train" in [text.get_text().strip() for text in figure.axes[1].texts]


def test_an_invalid_arm_is_a_word_and_no_point(draw):
    _, figure = draw(outcomes={("reference", 2): "chance"})
    for axes in figure.axes:
        assert [text.get_text().strip() for text in axes.texts][:2] == ["invalid", "invalid"]
        assert not [line for line in axes.lines if len(line.get_xdata()) > 2]


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
