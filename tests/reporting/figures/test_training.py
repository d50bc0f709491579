import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.figures import training
from bloodstudy.reporting.figures.style import look, style_study
from bloodstudy.reporting.sections.section import group_arms, style_arms

LEVELS = ["none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment"]


@pytest.fixture
def draw_curves(read_sweep):
    """Return a function from a sweep to the figure of its curves and itself."""

    def drawn(swept, **more):
        analysis = analyse_study(read_sweep(swept, **more))
        with look():
            return training.draw_training(analysis.sweep, style_arms(analysis), group_arms(analysis)), analysis.sweep

    return drawn


def test_curves_are_the_histories_one_line_an_arm(draw_curves):
    figure, sweep = draw_curves({"lr": [0.1, 0.01]})
    for axes, column in zip(figure.axes, ("fit_accuracy", "fit_loss"), strict=True):
        for line, key in zip(axes.lines, sweep.trials["key"], strict=True):
            assert np.allclose(line.get_ydata(), sweep.histories[key][column])
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == ["lr=0.1", "lr=0.01"]


def test_validation_stands_beside_what_is_fitted_with_hollow_marks(draw_curves, tmp_path):
    figure, sweep = draw_curves({"lr": [0.1, 0.01]})
    for history in sweep.histories.values():
        history["validation_loss"] = 2 * history["fit_loss"]
        history["validation_accuracy"] = history["fit_accuracy"] / 2
    styles = style_study(list(sweep.arms), [])
    with look():
        figure = training.draw_training(sweep, styles, [("", sweep.arms)])
    accuracy = figure.axes[0].lines
    assert [line.get_markerfacecolor() == "white" for line in accuracy] == [False, True] * 2
    assert np.allclose(accuracy[1].get_ydata(), accuracy[0].get_ydata() / 2)
    legend = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert legend == ["lr=0.1", "lr=0.01", "while fitting", "validation images"]


def test_the_legend_says_what_became_of_an_arm_that_did_not_finish(draw_curves):
    outcomes = {0: "diverged", 1: "diverged", 3: "missing"}
    figure, _ = draw_curves({"lr": [0.1, 0.01], "seed": [0, 1]}, outcomes=outcomes)
    words = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert words == ["lr=0.1\n(2 of 2 diverged)", "lr=0.01\n(1 of 2 missing)"]


def test_more_than_eight_arms_get_further_rows(draw_curves):
    figure, _ = draw_curves({"augment": LEVELS, "width": [1, 2]}, epochs=2)
    assert [len(axes.lines) for axes in figure.axes] == [8, 8, 8, 8]


def test_bars_are_the_counts_even_where_names_shorten_to_the_same():
    names = ["a very long class name, one", "a very long class name, two"]
    frame = pd.DataFrame({"train": [5, 6], "test": [3, 4]}, index=[name.replace("name", "of a name") for name in names])
    with look():
        (axes,) = training.draw_classes([("folder", frame)]).axes
    assert [[bar.get_height() for bar in bars] for bars in axes.containers] == [[5, 6], [3, 4]]


def test_a_split_keeps_its_look_whether_or_not_there_is_a_validation_split():
    frame = pd.DataFrame({"train": [5, 6], "validation": [1, 2], "test": [3, 4]}, index=["A", "B"])
    with look():
        three, two = training.draw_classes([("folder", frame), ("folder", frame[["train", "test"]])]).axes
    assert [[bar.get_height() for bar in bars] for bars in three.containers] == [[5, 6], [1, 2], [3, 4]]
    looks = [[(bars[0].get_facecolor(), bars[0].get_hatch()) for bars in axes.containers] for axes in (three, two)]
    assert len(set(looks[0])) == 3
    assert [looks[0][0], looks[0][2]] == looks[1]


def test_many_classes_have_a_row_each():
    names = [f"class {k}" for k in range(120)]
    frame = pd.DataFrame({"train": range(1, 121), "test": range(120, 0, -1)}, index=names)
    with look():
        figure = training.draw_classes([("folder", frame)])
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.containers[0]] == list(range(1, 121))
    assert [text.get_text() for text in axes.get_yticklabels()] == names
    assert axes.get_ylim() == (119.6, -0.6), "the first is at the top"
    assert figure.get_figheight() == pytest.approx(25, abs=1)
