import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.figures import training
from bloodstudy.reporting.figures.style import look
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


def test_the_legend_says_what_became_of_an_arm_that_did_not_finish(draw_curves):
    outcomes = {0: "diverged", 1: "diverged", 3: "missing"}
    figure, _ = draw_curves({"lr": [0.1, 0.01], "seed": [0, 1]}, outcomes=outcomes)
    words = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert words == ["lr=0.1\n(2 of 2 diverged)", "lr=0.01\n(1 of 2 missing)"]


def test_more_than_eight_arms_get_further_rows(draw_curves):
    figure, _ = draw_curves({"augment": LEVELS, "width": [1, 2]}, epochs=2)
    assert [len(axes.lines) for axes in figure.axes] == [8, 8, 8, 8]


def test_matrices_hold_the_counts_summed_over_seeds(read_sweep):
    sweep = read_sweep({"augment": ["none", "flip"], "seed": [0, 1]}, outcomes={3: "failed"})
    with look():
        first, second = training.draw_confusions(sweep, training.choose_matrices(sweep)).axes
    counts = [int(text.get_text().split("\n")[1]) for text in first.texts]
    keys = sweep.of("augment=none")["key"]
    assert counts == sum(sweep.examine(key, "official").confusion.to_numpy() for key in keys).ravel().tolist()
    shares = first.images[0].get_array()
    assert np.allclose(shares.sum(axis=1), 1)
    mean = sweep.of("augment=none")["test_accuracy"].mean()
    assert first.get_title() == f"augment=none\ntest {mean:.3f}"
    assert sum(int(text.get_text().split("\n")[1]) for text in second.texts) == 136


def test_of_many_arms_the_highest_and_lowest_are_shown_in_the_order_of_the_sweep(read_sweep):
    rising = {level: (0.9, place / 10) for place, level in enumerate(LEVELS)}
    sweep = read_sweep({"augment": LEVELS, "width": [1, 2]}, skill=lambda levels: rising[levels["augment"]])
    shown = training.choose_matrices(sweep)
    assert len(shown) == training.MAX_MATRICES
    ranked = sweep.trials.sort_values("test_accuracy", kind="stable")["arm"].tolist()
    assert set(shown) >= {*ranked[:3], *ranked[-4:]}
    assert shown == [arm for arm in sweep.arms if arm in shown]
    (left_out, *_) = (arm for arm in sweep.arms if arm not in shown)
    with_it = training.choose_matrices(sweep, left_out)
    assert left_out in with_it
    assert len(with_it) == training.MAX_MATRICES


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


def confusion_of(many: int) -> pd.DataFrame:
    """Return a confusion in which class k is taken k times for the next one, and 50 times for itself."""
    names = [f"class_{k:03d}" for k in range(many)]
    counts = 50 * np.eye(many, dtype=int)
    for k in range(many):
        counts[k, (k + 1) % many] += k
    return pd.DataFrame(counts, index=pd.Index(names), columns=pd.Index(names))


def test_of_many_classes_the_most_confused_are_drawn_and_the_others_as_one():
    confusion = confusion_of(38)
    kept = training.choose_classes(confusion)
    assert kept == [f"class_{k:03d}" for k in range(27, 38)]
    joined = training.join_classes(confusion, kept)
    assert list(joined.columns) == [*kept, "the other 27"] == list(joined.index)
    assert joined.to_numpy().sum() == confusion.to_numpy().sum()
    assert joined.loc["class_036", "class_037"] == 36
    assert joined.loc["class_037", "the other 27"] == 37
    assert joined.loc["the other 27", "class_027"] == 26
    assert joined.loc["the other 27", "the other 27"] == 27 * 50 + sum(range(26))


def test_few_classes_are_all_drawn():
    confusion = confusion_of(12)
    assert training.choose_classes(confusion) == list(confusion.columns)
    assert training.join_classes(confusion, list(confusion.columns)) is confusion


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
