"""The dose figure, against the trials that it draws."""

import numpy as np
import pytest

from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections.dose_response import STUCK, draw_dose, find_dose
from bloodstudy.reporting.sections.section import style_arms


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


def test_levels_rise_and_means_are_those_of_the_trials(draw):
    analysis, dose, figure = draw()
    assert list(dose.levels) == sorted(dose.levels)
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        means = [100 * analysis.sweep.of(arm, "finished")[response].mean() for arm in dose.arms]
        assert drawn == pytest.approx(means)
    assert STUCK not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_trial_at_chance_is_marked_and_in_no_mean_of_either_side(draw):
    analysis, dose, figure = draw(outcomes={("lr=0.01", 2): "chance"})
    place = dose.arms.index("lr=0.01")
    learnt = analysis.sweep.of("lr=0.01", "finished").query("seed != 2")
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        assert drawn[place] == pytest.approx(100 * learnt[response].mean())
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert len(crosses) == 2
    stuck = analysis.sweep.of("lr=0.01", "finished").query("seed == 2")
    accuracies = sorted(100 * stuck[["train_accuracy", "test_accuracy"]].to_numpy()[0])
    assert sorted(line.get_ydata()[0] for line in crosses) == pytest.approx(accuracies)
    assert STUCK in [text.get_text() for text in figure.legends[0].get_texts()]
    assert "1 at chance" in figure.axes[0].get_xticklabels()[place].get_text().replace("\n", " ")
    assert np.isfinite(analysis.find("lr=0.01").test.mean)


def test_arms_without_an_order_have_no_dose(analyse):
    analysis = analyse("pooling", seeds=2)
    assert find_dose(analysis.sweep.plan.questions[0], analysis) is None
