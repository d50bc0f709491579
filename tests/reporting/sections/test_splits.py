import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis import compare_splits
from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.render.markdown import template
from bloodstudy.reporting.sections.splits import describe_splits, draw_splits, tabulate_splits

VALUES = {"random": [0.95, 0.93, 0.96], "official": [0.8, 0.85], "grouped": [0.7]}


def points_of(rests=("reference",), of="seed"):
    rows = [
        (rest, split, str(k), of, v) for rest in rests for split, values in VALUES.items() for k, v in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["rest", "split", "unit", "of", "test_accuracy"]).assign(stuck=False)


def test_the_table_holds_the_comparison_and_dashes_if_there_is_none():
    compared = compare_splits(points_of())
    random, official, grouped = [[cell.strip() for cell in line.strip("|").split("|")]
                                 for line in tabulate_splits(compared).splitlines()[2:]]  # fmt: skip
    row = compared.iloc[1]
    assert random[:3] == ["`random`", "3 seeds", "0.947"]
    assert random[4:] == ["–", "–"]
    assert official[3] == f"{row['low']:.3f} to {row['high']:.3f}"
    assert official[4:] == [f"{0.825 - np.mean(VALUES['random']):+.3f}",
                            f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}"]  # fmt: skip
    assert grouped[1:] == ["1 seed", "0.700", "–", "-0.247", "–"]


def test_what_else_was_swept_is_named_only_if_there_is_something():
    several = tabulate_splits(compare_splits(points_of(["lr=0.1", "lr=0.01"])))
    assert several.splitlines()[0].startswith("| arm | split |")
    assert sum(line.startswith("| `lr=0.01`") for line in several.splitlines()) == 3


def read_about(compared, stuck=0):
    """Return what the page says of how the table is to be read."""
    return template("about_splits.md.j2").module.about_splits(describe_splits(compared, stuck))


@pytest.mark.parametrize(("of", "explained"), [("seed", False), ("division", True)])
def test_divisions_are_explained_if_they_are_the_units(of, explained):
    assert ("too narrow" in read_about(compare_splits(points_of(of=of)))) == explained


def test_splits_that_judge_the_same_trials_are_said_to():
    points = points_of()
    assert "same trials" not in read_about(compare_splits(points))
    assert "same trials" in read_about(compare_splits(points.replace({"split": {"random": "official_clean"}})))


def test_every_unit_is_a_point_and_every_interval_a_line():
    points = points_of(["lr=0.1", "lr=0.01", "lr=0.001", "lr=1"])
    compared = compare_splits(points)
    with look():
        figure = draw_splits(points, compared)
        figure.canvas.draw()
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == ["lr=0.1", "lr=0.01", "lr=0.001", "lr=1"]
    drawn = [y for line in panels[0].lines if line.get_marker() == "o" for y in line.get_ydata()]
    assert drawn == [value for values in VALUES.values() for value in values]
    means = [line.get_ydata()[0] for line in panels[0].lines if line.get_marker() == "D"]
    assert means == pytest.approx([np.mean(values) for values in VALUES.values()])
    assert [text.get_text() for text in panels[0].get_xticklabels()] == list(VALUES)
    (low, high) = [y for _, y in panels[0].collections[0].get_segments()[0]]
    assert (low, high) == pytest.approx((compared["low"][0], compared["high"][0]))


def test_units_stuck_at_chance_are_crosses_and_are_told_of():
    points = points_of()
    points.loc[points["split"] == "grouped", "stuck"] = True
    compared = compare_splits(points)
    assert "1 of 6 units did not come clear of chance" in read_about(compared, stuck=1)
    assert "the second leaves them out" in read_about(compared, stuck=1)
    assert "second" not in read_about(compared, stuck=6), "where none learnt there is no second table"
    assert "chance" not in read_about(compared)
    with look():
        figure = draw_splits(points, compared)
    crosses = [y for line in figure.axes[0].lines if line.get_marker() == "x" for y in line.get_ydata()]
    assert crosses == VALUES["grouped"]
    assert "stuck at chance" in [text.get_text() for text in figure.legends[0].get_texts()]
