"""What the trials took, from results that say so."""

import json

import pytest

from bloodstudy.analysis import load_study
from bloodstudy.reporting.figures.style import DISTINCT, style_study
from bloodstudy.reporting.sections import cost


@pytest.fixture
def sweep(sweep_of, tmp_path):
    results = sweep_of(tmp_path, {"lr": [0.1, 0.01], "seed": [0, 1]}, outcomes={3: "missing"})
    for result, seconds in zip(results[:3], (1800.0, 3600.0, 5400.0), strict=True):
        result["cost"] |= {"wall_seconds": seconds, "threads": 2}
        (tmp_path / "scratch" / result["key"] / "result.json").write_text(json.dumps(result))
    return load_study(tmp_path, "scratch")


def test_the_total_counts_time_and_the_cores_that_it_was_spent_on(sweep):
    assert cost.describe_total(sweep).startswith("3 trials took 3.00 hours in all, 6.00 hours of a core.")


def test_what_was_neither_fitting_nor_measuring_is_told_of_trials_of_one_attempt(sweep_of, tmp_path):
    results = sweep_of(tmp_path, {"seed": [0, 1, 2]})
    for result, attempts in zip(results, (1, 1, 2), strict=True):
        result["cost"] |= {"wall_seconds": 100.0 * attempts, "fit_seconds": 90.0, "evaluate_seconds": 7.0}
        result["cost"] |= {"threads": 1, "attempts": attempts}
        (tmp_path / "scratch" / result["key"] / "result.json").write_text(json.dumps(result))
    sweep = load_study(tmp_path, "scratch")
    assert "Neither fitting nor measuring was 3.0 % of it, of trials of one attempt." in cost.describe_total(sweep)
    assert cost.tabulate_cost(sweep).splitlines()[2].split(" | ")[2:5] == ["100.0", "90.0", "7.0"]


def test_each_planned_trial_has_its_row_and_what_is_missing_a_dash(sweep):
    rows = cost.tabulate_cost(sweep).splitlines()[2:]
    assert [row.split(" | ")[2] for row in rows] == ["1800.0", "3600.0", "5400.0", "–"]


@pytest.mark.parametrize(("arms", "seeds_drawn"), [(DISTINCT, True), (DISTINCT + 1, False)])
def test_seeds_are_drawn_beside_their_means_where_arms_are_few(sweep_of, tmp_path, arms, seeds_drawn):
    results = sweep_of(tmp_path, {"lr": [10.0**-k for k in range(arms)], "seed": [0, 1]})
    for result in results:
        result["cost"] |= {"fit_seconds": 60.0 + result["factors"]["seed"]}
        (tmp_path / "scratch" / result["key"] / "result.json").write_text(json.dumps(result))
    sweep = load_study(tmp_path, "scratch")
    (axes,) = cost.draw_time(sweep, style_study(sweep.arms, sweep.arms[:1])).axes
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert drawn == ([[60.0, 61.0], [60.5]] if seeds_drawn else [[60.5]]) * arms


def test_before_a_trial_has_finished_there_is_no_total(read_sweep):
    assert cost.describe_total(read_sweep({"lr": [0.1]}, outcomes={0: "missing"})) == ""
