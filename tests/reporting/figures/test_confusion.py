"""Which matrices and classes are drawn, and that they are the counts."""

import numpy as np
import pandas as pd

from bloodstudy.reporting.figures import confusion
from bloodstudy.reporting.figures.style import look

LEVELS = ["none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment"]
WIDTHS = [1, 2, 3, 4]


def test_matrices_hold_the_counts_summed_over_seeds(read_sweep):
    sweep = read_sweep({"augment": ["none", "flip"], "seed": [0, 1]}, outcomes={3: "failed"})
    with look():
        first, second = confusion.draw_confusions(sweep, confusion.choose_matrices(sweep)).axes
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
    sweep = read_sweep({"augment": LEVELS, "width": WIDTHS}, skill=lambda levels: rising[levels["augment"]])
    shown = confusion.choose_matrices(sweep)
    assert len(shown) == confusion.MAX_MATRICES
    ranked = sweep.trials.sort_values("test_accuracy", kind="stable")["arm"].tolist()
    assert set(shown) >= {*ranked[:12], *ranked[-12:]}
    assert shown == [arm for arm in sweep.arms if arm in shown]
    (left_out, *_) = (arm for arm in sweep.arms if arm not in shown)
    with_it = confusion.choose_matrices(sweep, left_out)
    assert left_out in with_it
    assert len(with_it) == confusion.MAX_MATRICES


def test_of_more_than_a_few_arms_shares_alone_are_written(read_sweep):
    sweep = read_sweep({"augment": LEVELS, "width": [1, 2]})
    with look():
        first, *others = confusion.draw_confusions(sweep, confusion.choose_matrices(sweep)).axes
    assert len(others) == 15
    counts = sweep.examine(sweep.of(sweep.arms[0])["key"].iloc[0], "official").confusion.to_numpy()
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert [int(text.get_text()) for text in first.texts] == [round(100 * share) for share in shares.ravel()]


def confusion_of(many: int) -> pd.DataFrame:
    """Return a confusion in which class k is taken k times for the next one, and 50 times for itself."""
    names = [f"class_{k:03d}" for k in range(many)]
    counts = 50 * np.eye(many, dtype=int)
    for k in range(many):
        counts[k, (k + 1) % many] += k
    return pd.DataFrame(counts, index=pd.Index(names), columns=pd.Index(names))


def test_of_many_classes_the_most_confused_are_drawn_and_the_others_as_one():
    table = confusion_of(38)
    kept = confusion.choose_classes(table)
    assert kept == [f"class_{k:03d}" for k in range(27, 38)]
    joined = confusion.join_classes(table, kept)
    assert list(joined.columns) == [*kept, "the other 27"] == list(joined.index)
    assert joined.to_numpy().sum() == table.to_numpy().sum()
    assert joined.loc["class_036", "class_037"] == 36
    assert joined.loc["class_037", "the other 27"] == 37
    assert joined.loc["the other 27", "class_027"] == 26
    assert joined.loc["the other 27", "the other 27"] == 27 * 50 + sum(range(26))


def test_few_classes_are_all_drawn():
    table = confusion_of(12)
    assert confusion.choose_classes(table) == list(table.columns)
    assert confusion.join_classes(table, list(table.columns)) is table
