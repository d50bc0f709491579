import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.reporting.figures.accuracy import draw_accuracy, place_levels
from bloodstudy.reporting.figures.style import look, style_study


@pytest.fixture
def panels_of(read_sweep):
    """Return a function from a sweep to the visible panels of its figure and the trials."""

    def draw(swept, **more):
        sweep = read_sweep(swept, **more)
        with look():
            figure = draw_accuracy(sweep, style_study(sweep.arms, sweep.arms[:1]))
            figure.canvas.draw()
        return [axes for axes in figure.axes if axes.get_visible()], sweep.trials

    return draw


def points(axes):
    """Return {(x, y)} of all marks."""
    return {
        (float(x), round(float(y), 9)) for line in axes.lines if line.get_marker() not in ("None", "_")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True) if np.isfinite(y)
    }  # fmt: skip


def test_every_trial_is_a_point_at_its_level(panels_of):
    (axes,), trials = panels_of({"lr": [0.01, 0.001, 0.0001]})
    drawn = {(row.lr, round(y, 9)) for row in trials.itertuples() for y in (row.train_accuracy, row.test_accuracy)}
    assert points(axes) == drawn
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "lr (log scale)"


def test_seeds_are_points_beside_their_mean(panels_of):
    (axes,), trials = panels_of({"augment": ["none", "flip"], "seed": [0, 1]})
    tests = trials["test_accuracy"]
    assert {(0.0, round(y, 9)) for y in (*tests[:2], tests[:2].mean())} <= points(axes)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["none", "flip"]


def test_three_factors_are_one_panel_for_each_combination_of_the_last_two(panels_of):
    panels, _ = panels_of({"pooling": ["max", "average"], "dropout": [0, 0.3], "augment": ["none", "flip"]})
    titles = [axes.get_title() for axes in panels]
    assert titles == [f"dropout={d}\naugment={a}" for d, a in itertools.product(("0", "0.3"), ("none", "flip"))]
    assert all(len(points(axes)) == 4 for axes in panels)
    assert [axes.get_xlabel() for axes in panels] == ["", "", "pooling", "pooling"]


def test_a_level_without_a_result_keeps_its_place_and_breaks_the_line(panels_of):
    (axes,), _ = panels_of({"lr": [1.0, 0.1, 0.01, 0.001]}, outcomes={0: "diverged", 2: "missing"})
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1\ndiverged", "0.1", "0.01\nmissing", "0.001"]
    left, right = axes.get_xlim()
    assert left < 0.001
    assert right > 1
    train = next(line for line in axes.lines if len(line.get_xdata()) == 4)
    assert np.isnan(train.get_ydata()).tolist() == [False, True, False, True]


def test_a_single_level_with_a_result_is_drawn_without_a_warning(panels_of):
    (axes,), _ = panels_of({"lr": [1e-3, 1e30]}, outcomes={1: "diverged"})
    assert {x for x, _ in points(axes)} == {1e-3}
    low, high = axes.get_xlim()
    assert low < 1e-3
    assert high > 1e30


def test_chance_level_is_the_majority_class(panels_of):
    (axes,), _ = panels_of({"lr": [0.1, 0.01]})
    (chance,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert chance.get_ydata()[0] == 40 / (40 + 3 * 32)


def test_nothing_is_drawn_outside_the_figure(panels_of):
    levels = ["none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment"]
    (axes,), _ = panels_of({"augment": levels}, outcomes={7: "out_of_memory"})
    figure = axes.get_figure()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert -0.02 < box.x0 < box.x1 < width + 0.02
    assert -0.02 < box.y0 < box.y1 < height + 0.02


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6, width=32), min_size=2, max_size=8, unique=True))
def test_numbers_are_placed_in_their_order(levels):
    scale = place_levels("epochs", levels)
    assert sorted(levels) == [level for _, level in sorted(zip(scale.positions, levels, strict=True))]
    assert scale.ends[0] < min(scale.positions) < max(scale.positions) < scale.ends[1]
    if scale.logarithmic:
        assert scale.ends[0] > 0


def test_names_and_true_false_are_placed_evenly():
    assert place_levels("pooling", ["max", "average"]).positions == [0, 1]
    assert not place_levels("flag", [True, False]).ordered
    assert place_levels("epochs", [1, 2, 1000]).words == "epochs (log scale)"
    assert place_levels("dropout", [0, 0.001, 0.9]).words == "dropout (evenly spaced)"
