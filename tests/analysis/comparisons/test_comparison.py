import dataclasses

import numpy as np
import pytest

from bloodstudy.analysis.comparisons.comparison import compare
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.analysis.statistics.variance_components import cross, estimate_crossed


@pytest.fixture
def sweep(study_of):
    return study_of({"reference": 0.6, "arm": rising}, seeds=range(8))


def compared(sweep, seeds=range(8)):
    (pair,) = list_pairs(sweep.plan)
    return compare(sweep, pair, seeds, np.random.default_rng(0))


def rising(seed):
    return 0.7 + 0.01 * seed


def test_each_response_has_its_paired_effect(sweep):
    comparison = compared(sweep)
    names = {"train_accuracy", "test_accuracy", "accuracy_gap", "test_macro_f1"}
    recalls = {f"test_recall_{name}" for name in ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")}
    assert set(comparison.effects) == names | recalls
    wide = sweep.trials.pivot(index="seed", columns="arm")
    for name, effect in comparison.effects.items():
        differences = wide[name]["arm"] - wide[name]["reference"]
        assert comparison.points[name].tolist() == pytest.approx(differences.tolist())
        assert effect.mean == pytest.approx(estimate(differences).mean)
        assert effect.low == pytest.approx(estimate(differences).low)


def test_the_effect_on_new_photographs_is_over_the_test_images_alone(sweep):
    shown = sweep.predictions["arm 0"].shown
    tested = (shown.table["split"] == "test").to_numpy()
    keys = ([f"{arm} {seed}" for seed in range(8)] for arm in ("arm", "reference"))
    arm, reference = (np.stack([sweep.predictions[key].correct[tested] for key in part]).astype(int) for part in keys)
    differences = arm - reference
    expected = estimate_crossed(cross(differences, shown.labels[tested], shown.table["photograph"][tested].to_numpy()))
    assert compared(sweep).wider == expected


def test_seeds_are_paired_by_number_not_by_position(study_of):
    sweep = study_of({"reference": rising, "arm": lambda seed: rising(seed) + 0.05}, seeds=range(8))
    turned = sweep.trials.sort_values(["arm", "test_accuracy"], ascending=[True, False])
    comparison = compared(dataclasses.replace(sweep, trials=turned))
    assert comparison.seeds == tuple(range(8))
    assert comparison.points["test_accuracy"].tolist() == pytest.approx([0.05] * 8, abs=1e-3)


def test_only_the_seeds_asked_for_are_compared(sweep):
    comparison = compared(sweep, seeds=[0, 1, 2])
    assert comparison.seeds == (0, 1, 2)
    assert comparison.test.mean == pytest.approx(0.11, abs=1e-3)


def test_a_seed_on_which_the_arm_did_not_learn_is_left_out_and_said(study_of):
    comparison = compared(study_of({"reference": 0.6, "arm": lambda s: -1 if s == 1 else 0.8}, seeds=range(8)))
    assert (comparison.seeds, comparison.conditional) == ((0, 2, 3, 4, 5, 6, 7), True)
    assert comparison.test.mean == pytest.approx(0.2, abs=1e-3)


def test_an_arm_that_never_learnt_has_no_effects(study_of):
    comparison = compared(study_of({"reference": 0.6, "arm": -1}, seeds=range(8)))
    assert (comparison.seeds, comparison.conditional, comparison.bootstrap) == ((), False, None)
    assert not comparison.test.testable
    assert not comparison.wider.testable


def test_without_a_generator_there_is_no_bootstrap(sweep):
    (pair,) = list_pairs(sweep.plan)
    assert compare(sweep, pair, range(8), None).bootstrap is None
    low, high = compared(sweep).bootstrap
    assert low < compared(sweep).wider.mean < high
