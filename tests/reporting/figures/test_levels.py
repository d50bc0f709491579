"""Train and test accuracy side by side, against the blocks that count."""

import pytest

from bloodstudy.reporting.figures.levels import collect_accuracies, draw_levels
from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections.section import style_arms


def draw(analysis):
    with look():
        (axes,) = draw_levels(analysis.comparisons, style_arms(analysis), "seed").axes
    return axes


def test_means_and_gaps_are_those_of_the_blocks_that_count(analyse):
    analysis = analyse(outcomes={("pooling=none", 3): "chance"})
    axes = draw(analysis)
    accuracies = collect_accuracies(analysis.comparisons)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(accuracies)
    assert list(accuracies) == ["reference", "pooling=average", "pooling=none"]
    assert [len(table) for table in accuracies.values()] == [6, 6, 5]
    drawn = [float(line.get_xdata()[0]) for line in axes.lines if 3 < line.get_markersize() < 10]
    strokes = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "|"]
    same_blocks = [100 * comparison.reference["test_accuracy"].mean() for comparison in analysis.comparisons]
    assert strokes == pytest.approx(same_blocks), "an arm with fewer blocks has its own stroke"
    assert len(set(strokes)) == 2
    sides = ("train_accuracy", "test_accuracy")
    means = [100 * table[side].mean() for table in accuracies.values() for side in sides]
    assert drawn == pytest.approx(means)
    gaps = [f"{train - test:+.1f}" for train, test in zip(means[::2], means[1::2], strict=True)]
    assert [text.get_text() for text in axes.texts] == ["gap", *gaps[:2], f"{gaps[2]}; dead 1"]
    for comparison in analysis.comparisons:
        apart = comparison.arm["test_accuracy"].mean() - comparison.reference["test_accuracy"].mean()
        assert apart == pytest.approx(comparison.test.mean), "what the figure shows is what the effect is made of"


def test_an_arm_of_which_nothing_counts_keeps_its_row(analyse):
    analysis = analyse(outcomes={("pooling=none", seed): "chance" for seed in range(6)})
    axes = draw(analysis)
    assert len(axes.get_yticklabels()) == 3
    assert [text.get_text() for text in axes.texts][-1] == "dead 6"
