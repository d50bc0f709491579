"""The tables of a question: its arms, interactions and learning-rate strips."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import Interaction, StudyAnalysis, Tuned
from bloodstudy.analysis.comparisons.course import declare
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections import effect_tables
from bloodstudy.reporting.sections.verdicts import name_verdict
from bloodstudy.study.design import DesignName, Repetitions
from bloodstudy.study.question import Question


@pytest.fixture
def claims(claims_of):
    return claims_of(outcomes={("pooling=none", 3): "diverged"})


def read(table):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in unmark(table).splitlines()]


def test_a_row_has_the_effects_of_its_arm_and_the_seeds_that_are_paired(claims):
    comparisons = claims.analysis.comparisons
    header, _, first, second = read(effect_tables.tabulate_effects(comparisons, claims))
    assert (first[0], first[1], second[1]) == ("`pooling=average`", "6", "5")
    test = comparisons[0].test
    shown = f"{100 * test.mean:+.1f} [{100 * test.low:+.1f}, {100 * test.high:+.1f}]"
    assert first[header.index("test")] == shown


def test_what_is_told_of_a_metric_is_not_said_of_test_accuracy(claims, monkeypatch):
    own = {**claims.responses, "mine": "accuracy_gap"}  # a metric that stands for one of an extension
    monkeypatch.setattr(StudyClaims, "responses", property(lambda _: own))
    about = [replace(comparison, response="accuracy_gap") for comparison in claims.analysis.comparisons]
    header = read(effect_tables.tabulate_effects(about, claims))[0]
    assert "mine, these photographs" in header
    assert "test, these photographs" not in header
    assert "in train, test and gap each class weighs alike)" in effect_tables.describe_reference(about, claims)


def test_each_verdict_stands_beside_its_bounds_and_the_dead_trials(claims):
    comparisons = claims.analysis.comparisons
    header, _, *rows = read(effect_tables.tabulate_verdicts(comparisons, claims))
    assert "look" not in header, "there is one only"
    assert [row[header.index("verdict")] for row in rows] == [name_verdict(c.verdict) for c in comparisons]
    bounds = [f"{100 * c.course.last.told.at_least:+z.1f}" for c in comparisons]
    assert [row[header.index("at least")] for row in rows] == bounds
    assert [row[header.index("dead [95 %]")].split(" [")[0] for row in rows] == ["0 of 6", "1 of 6"]


def test_of_several_looks_the_one_that_closed_an_arm_is_named(claims_of):
    claims = claims_of(seeds=8, looks=[6, 8], planted={"pooling=none": (-30.0, -40.0)}, noise=2.0)
    header, _, *rows = read(effect_tables.tabulate_verdicts(claims.analysis.comparisons, claims))
    assert rows[1][header.index("look")] == "look 1 (6 seeds)"


def test_a_study_judged_afterwards_says_so_at_the_head(claims_of):
    claims = claims_of(design=None)
    header, *_ = read(effect_tables.tabulate_verdicts(claims.analysis.comparisons, claims))
    assert "verdict, judged afterwards" in header


def test_classes_have_a_column_each(claims):
    (header, *_) = read(effect_tables.tabulate_classes(claims.analysis.comparisons, claims))
    assert header == ["arm", "macro F1", "EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL"]


@pytest.fixture
def made_up():
    sweep = SimpleNamespace(plan=plan_of({}), results={}, seeds=[0, 1, 2])
    rules = declare(Repetitions(DesignName.FIXED, (0, 1, 2), 1, (3,)), 1)
    return StudyClaims(StudyAnalysis(sweep, rules, 1, 3, (), 12, "scene"), Ledger())


def test_an_interaction_is_a_row_of_effects(made_up):
    points = pd.DataFrame({name: [0.01, 0.02, 0.03] for name in ("train_accuracy", "test_accuracy", "accuracy_gap")})
    effects = {name: estimate(points[name].to_numpy()) for name in points}
    arms = ("reference", "dropout=0.3", "augment=flip", "both")
    interaction = Interaction("q", ("dropout", 0.0, 0.3), ("augment", "none", "flip"), arms, points, effects, ())
    row = unmark(effect_tables.tabulate_interactions([interaction], made_up)).splitlines()[2]
    assert row.startswith("| `dropout=0.3` and `augment=flip` | 3 | +2.0 [-0.5, +4.5] |")
    assert effect_tables.tabulate_interactions([], made_up) == ""


def strip(arm, accuracies, best):
    rows = [
        {"lr": lr, "arm": f"{arm}, lr={lr}", "seeds": 3, "at_chance": 0, "validation_accuracy": a}
        for lr, a in accuracies.items()
    ]
    return Tuned("q", arm, pd.DataFrame(rows), best)


def test_an_arm_that_is_best_at_another_rate_is_flagged(made_up):
    strips = [strip("reference", {0.001: 0.7, 0.01: 0.8}, 0.01), strip("pooling=none", {0.001: 0.75, 0.01: 0.6}, 0.001)]
    rows = unmark(effect_tables.tabulate_strips(strips, made_up)).splitlines()
    assert rows[0] == "| arm | lr=0.001 | lr=0.01 |"
    assert rows[2:] == ["| `reference` | 70.0 | **80.0** |", "| `pooling=none` | **75.0** | 60.0 |"]
    assert "others are not: `pooling=none` at `lr=0.001`" in effect_tables.describe_strips(strips)


def test_a_rate_at_which_trials_were_lost_says_how_many_are_left(made_up):
    lossy = strip("reference", {0.001: 0.7, 0.01: 0.8}, 0.001)
    lossy.rates.loc[1, "seeds"] = 1
    row = unmark(effect_tables.tabulate_strips([lossy], made_up)).splitlines()[2]
    assert row == "| `reference` | **70.0** | 80.0 (1 seed) |"


def test_a_rate_at_chance_says_so_and_where_all_are_none_is_chosen(made_up):
    stuck = strip("reference", {0.001: 0.25, 0.01: 0.25}, None)
    stuck.rates["at_chance"] = [3, 1]
    row = unmark(effect_tables.tabulate_strips([stuck], made_up)).splitlines()[2]
    assert row == "| `reference` | 25.0 (3 at chance) | 25.0 (1 at chance) |"
    said = "No rate is chosen: where most seeds of the reference finished, they stayed at chance."
    assert effect_tables.describe_strips([stuck]) == said


def test_an_arm_without_a_best_rate_is_named(made_up):
    reference, dead = strip("reference", {0.001: 0.7, 0.01: 0.8}, 0.01), strip("sgd", {0.001: 0.25, 0.01: 0.25}, None)
    best = "The reference is best at `lr=0.01` on the validation images"
    none = "For `sgd` no rate is chosen: where most seeds finished, they stayed at chance."
    assert effect_tables.describe_strips([reference, dead]) == f"{best}. {none}"
    alike = strip("wide", {0.001: 0.7, 0.01: 0.8}, 0.01)
    said = effect_tables.describe_strips([reference, alike, dead])
    assert said == f"{best}, and so are the others that have a best rate. {none}"
    dead.rates["seeds"] = 0
    assert (
        effect_tables.describe_strips([reference, dead]) == f"{best}. For `sgd` no rate is chosen: no trial finished."
    )
    row = unmark(effect_tables.tabulate_strips([dead], made_up)).splitlines()[2]
    assert row == "| `sgd` | none finished | none finished |"


def test_a_strip_without_validation_images_chooses_nothing():
    nan = float("nan")
    strips = [strip("reference", {0.001: nan, 0.01: nan}, None)]
    assert "No rate is chosen" in effect_tables.describe_strips(strips)
    assert effect_tables.describe_strips([]) == ""


def test_the_accuracy_of_a_reference_says_whose_blocks_it_is_over(claims_of):
    claims = claims_of(outcomes={("reference", 4): "chance"})
    said = unmark(effect_tables.describe_reference(claims.analysis.comparisons, claims))
    assert said == "", "too many of its trials are dead"
    claims = claims_of(seeds=12, outcomes={("reference", 4): "chance"})
    said = unmark(effect_tables.describe_reference(claims.analysis.comparisons, claims))
    assert "(mean of 11 trainings that count for `pooling=average`, each class weighing alike)" in said
    said = unmark(effect_tables.describe_reference(claims_of().analysis.comparisons, claims_of()))
    assert "(mean of 6 trainings, each class weighing alike)" in said


@pytest.mark.parametrize("dead", ["reference", "pooling=none"])
def test_an_arm_that_is_only_shown_has_no_interval_if_too_many_of_its_blocks_are_dead(analyse, dead):
    asked = Question("pools", "Which pooling?", factor="pooling", levels=("average",), exploratory=("none",))
    shown = analyse(asked, seeds=8).find("pooling=none")
    assert shown.test.low < shown.test.mean < shown.test.high
    lost = range(1 if dead == "reference" else 2)
    shown = analyse(asked, seeds=8, outcomes={(dead, seed): "chance" for seed in lost}).find("pooling=none")
    assert np.isfinite(shown.test.mean)
    assert np.isnan([shown.test.low, shown.test.high]).all()
    assert shown.mechanism is None
