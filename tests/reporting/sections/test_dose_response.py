"""The dose figure, against the trials that it draws."""

import numpy as np
import pytest

from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.source import Source
from bloodstudy.config.factors import OwnFactor
from bloodstudy.config.levels import Choice
from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections.dose_response import draw_dose, find_dose
from bloodstudy.reporting.sections.section import style_arms
from bloodstudy.study.question import Question


@pytest.fixture
def draw(analyse):
    def drawn(**more):
        analysis = analyse("learning_rate", **more)
        dose = find_dose(analysis.sweep.plan.questions[0], analysis)
        with look():
            figure = draw_dose(dose, analysis, style_arms(analysis))
            figure.canvas.draw()
        return analysis, dose, figure

    return drawn


def read_means(axes):
    """Return the means of train and test as the lines through them have them."""
    lines = [line for line in axes.lines if line.get_linestyle() in ("-", "--")]
    return [line.get_ydata() for line in lines if len(line.get_xdata()) > 2]


def mean_of(analysis, arm, response):
    """Return the mean over the blocks that count, each class weighing alike; of the reference those of all arms."""
    if comparison := analysis.find(arm):
        return 100 * comparison.arm[response].mean()
    return 100 * max(analysis.comparisons, key=lambda c: len(c.seeds)).reference[response].mean()


def test_levels_rise_and_means_are_those_of_the_blocks_that_count(draw):
    analysis, dose, figure = draw()
    assert list(dose.levels) == sorted(dose.levels)
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        assert drawn == pytest.approx([mean_of(analysis, arm, response) for arm in dose.arms])
    tested = analysis.find("lr=0.01")
    keys = analysis.sweep.of("lr=0.01", "finished")["key"]
    balanced = [analysis.sweep.score(key, "official").test for key in keys]
    assert 100 * np.mean(balanced) == pytest.approx(mean_of(analysis, "lr=0.01", "test_accuracy"))
    assert len(tested.seeds) == len(keys)


def test_a_trial_at_chance_is_counted_and_in_no_mean_of_either_side(draw):
    analysis, dose, figure = draw(outcomes={("lr=0.01", 2): "chance"})
    place = dose.arms.index("lr=0.01")
    assert 2 not in analysis.find("lr=0.01").seeds
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        assert drawn[place] == pytest.approx(mean_of(analysis, "lr=0.01", response))
    assert "1 at chance" in figure.axes[0].get_xticklabels()[place].get_text().replace("\n", " ")
    assert np.isfinite(analysis.find("lr=0.01").test.mean)


def test_names_stand_in_the_order_that_an_extension_declares(analyse):
    analysis, names = analyse("pooling", seeds=2), ("strided", "none", "max", "overlap", "average")
    own = OwnFactor("pooling", Choice(*names), "max", "max", None, "train", "how it pools", True, ordered=True)
    vars(analysis.sweep.plan)["own"] = (Extension(Source("lab", "lab.py", {"": ""}), (own,), ()),)
    dose = find_dose(analysis.sweep.plan.questions[0], analysis)
    assert list(dose.levels) == [name for name in names if name in dose.levels]
    assert len(dose.levels) >= 3
    assert dose.scale.positions == [float(place) for place in range(len(dose.levels))]
    with look():
        figure = draw_dose(dose, analysis, style_arms(analysis))
        figure.canvas.draw()
    told = [text.get_text().split("\n")[0] for text in figure.axes[0].get_xticklabels()]
    assert told == list(dose.levels)


def test_arms_without_an_order_have_no_dose(analyse):
    analysis = analyse("pooling", seeds=2)
    assert find_dose(analysis.sweep.plan.questions[0], analysis) is None


def test_arms_that_differ_in_another_level_of_the_reference_are_in_no_curve(analyse):
    high = Question(
        "high", "Dropout?", reference={"lr": 0.02}, factor="dropout", levels=(0.2, 0.5), lr_grid=(0.0001, 0.005)
    )
    analysis = analyse(high, seeds=2)
    dose = find_dose(analysis.sweep.plan.questions[0], analysis)
    assert dose.arms == ("lr=0.02", "lr=0.02, dropout=0.2", "lr=0.02, dropout=0.5")
    assert dose.levels == (0, 0.2, 0.5)


def test_a_trial_that_is_still_to_be_trained_is_no_note_of_its_level(draw):
    _, dose, figure = draw(outcomes={("lr=0.01", 2): "missing", ("lr=0.001", 1): "diverged"})
    told = [text.get_text().replace("\n", " ") for text in figure.axes[0].get_xticklabels()]
    assert told[dose.arms.index("lr=0.01")] == "0.01"
    assert "missing" not in " ".join(told)
