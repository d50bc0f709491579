"""The questions at a glance: one row each, what is shown to be best, the highest mean and its verdict."""

import re
from dataclasses import replace

import pytest
from studies import POOLS

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections.glance import HEADER, answer, list_tested, tabulate_glance
from bloodstudy.study.question import Question

RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001), exploratory=(0.001,))


ANSWER, BEST, HIGHEST = (
    "answer on these test images",
    "shown to be best",
    "highest mean change of test accuracy, points [interval]",
)


def read(claims):
    lines = unmark(tabulate_glance(claims)).splitlines()
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("effect", [-20.0, 20.0])
def test_a_level_is_called_best_only_if_it_is_shown_to_be_better_and_the_highest_mean_stands_beside(claims_of, effect):
    claims = claims_of(POOLS, RATES, planted={"lr=0.01": (effect, effect), "lr=0.0001": (-30.0, -30.0)}, noise=1.0)
    (_, row) = read(claims)
    told = {"scope": "on these test images", "response": "test accuracy"}
    assert tuple(row) == tuple(title.format(**told) for title in HEADER)
    assert row["question"] == "**Which rate?**"
    best = claims.analysis.find("lr=0.01")
    none = "none is shown to be better than `lr=0.0005`, the reference"
    assert row[BEST] == ("`lr=0.01`" if effect > 0 else none)
    assert row[HIGHEST].startswith(f"`lr=0.01`: {100 * best.test.mean:+.1f} [")
    assert row["its verdict"].startswith("improves" if effect > 0 else "harms")
    assert row[ANSWER].startswith("It matters to test accuracy: ")
    low, high = (
        f"{100 * claims.analysis.find(arm).effects['train_accuracy'].mean:+z.1f}" for arm in ("lr=0.0001", "lr=0.01")
    )
    assert row[ANSWER].endswith(f". Train accuracy changes by {low} (`lr=0.0001`) to {high} (`lr=0.01`) points.")
    ends = [abs(100 * end) for end in (best.test.low, best.test.high)]
    verb = "gains" if effect > 0 else "costs"
    assert f"`lr=0.01` {verb} {abs(100 * best.test.mean):.1f} points (at least {min(ends):.1f})" in row[ANSWER]


def test_a_best_change_that_leaves_trials_out_says_how_many(claims_of):
    claims = claims_of(RATES, planted={"lr=0.01": (10.0, 10.0)}, noise=1.0, outcomes={("lr=0.01", 3): "chance"})
    (row,) = read(claims)
    assert row["its verdict"].endswith(" (diverged or learnt nothing and left out: 1 of 6 trials)")


def test_before_any_arm_is_decided_no_level_is_called_the_best(claims_of):
    waiting = {(arm, 7): "missing" for arm in ("reference", "pooling=average", "pooling=none")}
    (row,) = read(claims_of(seeds=8, looks=[6, 8], outcomes=waiting, planted={}, noise=20.0))
    assert row[ANSWER].startswith("Not decided yet. So far its changes move test accuracy by ")
    assert ", train accuracy " in row[ANSWER]
    assert row[BEST] == "–"
    assert row["its verdict"] == "open after 1 of 2 looks"


def test_arms_that_are_not_tested_are_in_no_row(claims_of):
    claims = claims_of(POOLS, RATES)
    (_, rates) = claims.analysis.sweep.plan.questions
    assert {c.pair.arm for c in list_tested(rates, claims)} == {"lr=0.01", "lr=0.0001"}
    shown = Question("shown", "Which?", factor="lr", exploratory=(0.01,))
    assert tabulate_glance(claims_of(shown)) == ""


def test_a_question_of_which_nothing_is_tested_says_why(claims_of):
    claims = claims_of(Question("shown", "Which?", factor="lr", exploratory=(0.01,)))
    (question,) = claims.analysis.sweep.plan.questions
    assert answer(question, claims) == "No arm of this question is tested; what it shows is exploratory."
    claims = claims_of(POOLS)
    apart = tuple(replace(comparison, unpaired=True) for comparison in claims.analysis.comparisons)
    claims = replace(claims, analysis=replace(claims.analysis, comparisons=apart))
    (question,) = claims.analysis.sweep.plan.questions
    stand = "stand on other splits and are not paired."
    assert answer(question, claims) == f"`pooling=average` and `pooling=none` {stand}"


def test_where_no_arm_learnt_there_is_no_best_change(claims_of):
    dead = {(arm, seed): "chance" for arm in ("pooling=average", "pooling=none") for seed in range(6)}
    ((_, answer, *rest),) = [tuple(row.values()) for row in read(claims_of(outcomes=dead))]
    assert answer == "It matters to test accuracy: `pooling=average` and `pooling=none` fail to train."
    assert rest == ["–"] * 3


def test_a_pilot_is_not_decided(claims_of):
    (row,) = read(claims_of(seeds=3))
    assert row[ANSWER].startswith("Not decided: it takes 6 seeds or more.")
    assert row[BEST] == "–"


def test_the_smallest_model_is_the_best_level_of_the_question_that_seeks_it(claims_of):
    question = Question("size", "Smaller?", arms={"half": {"width": 0.5}, "double": {"width": 2}}, simplify=True)
    planted = {"half": (0.5, 0.5), "double": (9.0, 9.0)}
    (row,) = read(claims_of(question, planted=planted, noise=0.2))
    assert row[ANSWER].startswith("Yes: `half` is the smallest model shown to be not worse by more than")
    assert row[BEST] == "`half`, the smallest that is not worse"
    assert "Its train accuracy changes by +0." in row[ANSWER]
    assert re.fullmatch(r"`half`: \S+ \[\S+ \S+\]; bounds \S+, \S+", row[HIGHEST])
    assert row[HIGHEST].startswith("`half`: ")
