"""Interactions and learning-rate strips as tables."""

from types import SimpleNamespace

import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import Interaction, InterimLook, StudyAnalysis
from bloodstudy.analysis.comparisons.lr_sensitivity import Tuned
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections import factorial


@pytest.fixture
def claims():
    sweep = SimpleNamespace(plan=plan_of({}), results={}, seeds=[0, 1, 2])
    return StudyClaims(StudyAnalysis(sweep, InterimLook(3, (3,)), 0.05, 1, (), 12, "scene"), Ledger())


def test_an_interaction_is_a_row_of_effects(claims):
    points = pd.DataFrame({name: [0.01, 0.02, 0.03] for name in ("train_accuracy", "test_accuracy", "accuracy_gap")})
    effects = {name: estimate(points[name].to_numpy()) for name in points}
    arms = ("reference", "dropout=0.3", "augment=flip", "both")
    interaction = Interaction("q", ("dropout", 0.0, 0.3), ("augment", "none", "flip"), arms, points, effects, ())
    row = unmark(factorial.tabulate_interactions([interaction], claims)).splitlines()[2]
    assert row.startswith("| `dropout=0.3` and `augment=flip` | 3 | +2.00 [-0.48, +4.48] |")
    assert factorial.tabulate_interactions([], claims) == ""


def strip(arm, accuracies, best):
    rows = [{"lr": lr, "arm": f"{arm}, lr={lr}", "seeds": 3, "validation_accuracy": a} for lr, a in accuracies.items()]
    return Tuned("q", arm, pd.DataFrame(rows), best)


def test_an_arm_that_is_best_at_another_rate_is_flagged(claims):
    strips = [strip("reference", {0.001: 0.7, 0.01: 0.8}, 0.01), strip("pooling=none", {0.001: 0.75, 0.01: 0.6}, 0.001)]
    rows = unmark(factorial.tabulate_strips(strips, claims)).splitlines()
    assert rows[0] == "| arm | lr=0.001 | lr=0.01 |"
    assert rows[2:] == ["| `reference` | 70.0 | **80.0** |", "| `pooling=none` | **75.0** | 60.0 |"]
    assert "others are not: `pooling=none` at `lr=0.001`" in factorial.describe_strips(strips)


def test_a_rate_at_which_trials_were_lost_says_how_many_are_left(claims):
    lossy = strip("reference", {0.001: 0.7, 0.01: 0.8}, 0.001)
    lossy.rates.loc[1, "seeds"] = 1
    row = unmark(factorial.tabulate_strips([lossy], claims)).splitlines()[2]
    assert row == "| `reference` | **70.0** | 80.0 (1 seed) |"


def test_a_strip_without_validation_images_chooses_nothing():
    nan = float("nan")
    strips = [strip("reference", {0.001: nan, 0.01: nan}, None)]
    assert "No rate is chosen" in factorial.describe_strips(strips)
    assert factorial.describe_strips([]) == ""
