"""The dose figure, against the trials that it draws."""

import numpy as np
import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.figures.style import look, style_study
from bloodstudy.reporting.sections.dose_response import STUCK, draw_dose, find_dose


def draw(tmp_path, question="learning_rate", **more):
    fabricate_study(tmp_path, (question,), 6, photographs=4, copies=2, **more)
    judged = analyse_study(load_study(tmp_path, "five_questions"))
    dose = find_dose(judged.sweep.plan.questions[0], judged)
    with look():
        figure = draw_dose(dose, judged, style_study(judged.sweep.arms, ["reference"]))
        figure.canvas.draw()
    return judged, dose, figure


def read_means(axes):
    """Return the means of train and test as the lines through them have them."""
    return [
        line.get_ydata() for line in axes.lines if line.get_linestyle() in ("-", "--") and len(line.get_xdata()) > 2
    ]


def test_levels_rise_and_means_are_those_of_the_trials(tmp_path):
    judged, dose, figure = draw(tmp_path)
    assert list(dose.levels) == sorted(dose.levels)
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        means = [100 * judged.sweep.of(arm, "finished")[response].mean() for arm in dose.arms]
        assert drawn == pytest.approx(means)
    assert STUCK not in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_trial_at_chance_is_marked_and_in_no_mean_of_either_side(tmp_path):
    judged, dose, figure = draw(tmp_path, outcomes={("lr=0.01", 2): "chance"})
    place = dose.arms.index("lr=0.01")
    learnt = judged.sweep.of("lr=0.01", "finished").query("seed != 2")
    for drawn, response in zip(read_means(figure.axes[0]), ("train_accuracy", "test_accuracy"), strict=True):
        assert drawn[place] == pytest.approx(100 * learnt[response].mean())
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert len(crosses) == 2
    stuck = judged.sweep.of("lr=0.01", "finished").query("seed == 2")
    assert sorted(line.get_ydata()[0] for line in crosses) == pytest.approx(
        sorted(100 * stuck[["train_accuracy", "test_accuracy"]].to_numpy()[0])
    )
    assert STUCK in [text.get_text() for text in figure.legends[0].get_texts()]
    assert "1 at chance" in figure.axes[0].get_xticklabels()[place].get_text().replace("\n", " ")
    assert np.isfinite(judged.find("lr=0.01").test.mean)


def test_arms_without_an_order_have_no_dose(tmp_path):
    fabricate_study(tmp_path, ("pooling",), 2, photographs=2, copies=1)
    study = analyse_study(load_study(tmp_path, "five_questions"))
    assert find_dose(study.sweep.plan.questions[0], study) is None
