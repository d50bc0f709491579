"""The differences to the reference of a plain sweep."""

import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.sections.trials import describe_differences


@pytest.mark.parametrize("seeds", [3, 6])
def test_each_arm_is_set_beside_the_first_without_a_word(read_sweep, seeds):
    sweep = read_sweep({"lr": [0.1, 0.01], "seed": list(range(seeds))})
    differences = describe_differences(open_claims(analyse_study(sweep)))
    assert "each arm less `lr=0.1`" in differences["text"]
    assert "left out" not in differences["text"], "each seed counts"
    (row,) = unmark(differences["table"]).splitlines()[2:]
    tests = [sweep.score(key, "official").test for key in sweep.plan.keys]
    difference = 100 * (sum(tests[seeds:]) - sum(tests[:seeds])) / seeds
    assert f"{difference:+z.1f}" in row
    assert ("[" in row) == (seeds == 6), "under six seeds there is no interval"
    assert row.startswith(f"| `lr=0.01` | {seeds} |")
    assert not any(word in differences["table"] for word in ("improves", "harms", "equivalent", "exploratory"))


def test_seeds_that_are_left_out_of_a_difference_are_told(read_sweep):
    lost = dict.fromkeys((4, 6, 7), "diverged")
    sweep = read_sweep({"lr": [0.1, 0.01, 0.001], "seed": [0, 1, 2]}, outcomes=lost)
    text = describe_differences(open_claims(analyse_study(sweep)))["text"]
    assert "of 3 seeds there remain: `lr=0.01` 2; `lr=0.001` 1 (no row)." in text


def test_where_no_arm_keeps_two_seeds_the_reason_stands_in_place_of_the_table(read_sweep):
    lost = dict.fromkeys((2, 3), "diverged")
    differences = describe_differences(
        open_claims(analyse_study(read_sweep({"lr": [0.1, 0.01], "seed": [0, 1, 2]}, outcomes=lost)))
    )
    assert differences["table"] == ""
    assert "of 3 seeds there remain: `lr=0.01` 1 (no row)." in differences["text"]


def test_intervals_are_promised_for_the_rows_that_have_them(read_sweep):
    lost = dict.fromkeys((6, 7, 8), "diverged")
    sweep = read_sweep({"lr": [0.1, 0.01, 0.001], "seed": list(range(6))}, outcomes=lost)
    differences = describe_differences(open_claims(analyse_study(sweep)))
    without, with_interval = unmark(differences["table"]).splitlines()[2:]
    assert ("[" in without, "[" in with_interval) == (False, True)
    assert "with 95 % intervals where 6 seeds or more count" in differences["text"]


@pytest.mark.parametrize("swept", [{}, {"lr": [0.1, 0.01]}, {"seed": [0, 1, 2]}])
def test_nothing_to_pair_says_nothing(read_sweep, swept):
    assert describe_differences(open_claims(analyse_study(read_sweep(swept)))) == {}
