import dataclasses

import numpy as np
import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.analysis.comparisons.comparison import collect_blocks, compare
from bloodstudy.analysis.comparisons.course import Course
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.analysis.statistics.variance_components import cross, estimate_crossed

FOLDS = {"design": "folds", "folds": 3, "looks": (2, 3), "photographs": (8, 7, 9, 6), "copies": 5}


def rising(seed):
    return 0.7 + 0.01 * seed


@pytest.fixture
def sweep(study_of):
    return study_of({"reference": 0.6, "arm": rising}, seeds=range(8))


def compared(sweep, repetitions=8):
    (pair,) = list_pairs(sweep.plan)
    return compare(sweep, collect_blocks(sweep, pair), Course((), Verdict(Word.OPEN)), Verdict(Word.OPEN), repetitions)


def test_each_response_has_its_paired_effect(sweep):
    comparison = compared(sweep)
    names = {"train_accuracy", "test_accuracy", "accuracy_gap", "test_macro_f1"}
    recalls = {f"test_recall_{name}" for name in ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")}
    assert set(comparison.effects) == names | recalls
    wide = sweep.trials.pivot(index="seed", columns="arm")
    for name in recalls | {"test_macro_f1"}:
        differences = wide[name]["arm"] - wide[name]["reference"]
        assert comparison.points[name].tolist() == pytest.approx(differences.tolist())
        assert comparison.effects[name].mean == pytest.approx(estimate(differences).mean)
    balanced = sum(wide[name]["arm"] - wide[name]["reference"] for name in recalls) / 4
    assert comparison.points["test_accuracy"].tolist() == pytest.approx(balanced.tolist())
    assert comparison.test.mean == pytest.approx(balanced.mean())
    assert comparison.test.sd == pytest.approx(balanced.std(ddof=1))


@pytest.mark.parametrize("died", [{}, {("arm", 4): "diverged"}])
def test_of_an_arm_by_folds_means_over_blocks_are_the_effects_and_the_gap_is_their_difference(study_of, died):
    arms = {"reference": lambda seed: 0.6 + 0.01 * (seed % 4), "arm": rising}
    comparison = analyse_study(study_of(arms, outcomes=died, **FOLDS | {"looks": (3,)})).find("arm")
    train, test, gap = (comparison.effects[name] for name in ("train_accuracy", "test_accuracy", "accuracy_gap"))
    assert gap.mean == pytest.approx(train.mean - test.mean)
    assert train.n == test.n == gap.n == len(comparison.seeds) == 9 - len(died)
    assert train.mean == pytest.approx(comparison.points["train_accuracy"].mean())
    assert test.mean == pytest.approx(np.mean(comparison.course.last.effect.contributions))
    assert test.low == comparison.course.last.told.low
    assert train.high - train.mean == pytest.approx(2.306004 * train.se if not died else 2.364624 * train.se)


def test_the_interval_of_these_photographs_is_that_by_training_alone(study_of):
    arms = {"reference": 0.6, "arm": lambda seed: 0.62 + 0.03 * np.sin(3 * seed)}
    comparison = analyse_study(study_of(arms, **FOLDS)).find("arm")
    last = comparison.course.last
    assert comparison.these == (last.low, last.high)
    assert last.high - last.effect.effect == pytest.approx(2.306004 * last.effect.training**0.5)
    assert comparison.test.low < last.low
    assert last.high < comparison.test.high


def test_beside_a_fixed_verdict_stands_the_interval_over_scenes_of_class_balanced_accuracy(study_of):
    """Classes of very different size: the mean is that of the effect."""
    wobble = lambda seed: 0.7 + 0.01 * np.sin(3.0 * seed)  # noqa: E731
    study = {"design": "fixed", "looks": (6,), "photographs": (10, 12, 11, 40), "copies": 6}
    sweep = study_of({"reference": 0.6, "arm": wobble}, **study)
    comparison = analyse_study(sweep).find("arm")
    assert comparison.scenes.mean == pytest.approx(comparison.test.mean)
    assert comparison.scenes.se > comparison.test.se
    assert comparison.course.last.effect.scenes == 0, "it is no part of the verdict"
    shown = sweep.predictions["arm 0"].shown
    tested = ~shown.train
    labels = shown.labels[tested]
    right = [np.stack([sweep.predictions[f"{arm} {s}"].correct[tested] for s in range(6)]) for arm in sweep.plan.arms]
    weighed = (right[1].astype(float) - right[0]) * (len(labels) / np.bincount(labels)[labels] / 4)
    expected = estimate_crossed(cross(weighed, labels, shown.table["photograph"][tested].to_numpy()))
    assert (comparison.scenes.se, comparison.scenes.df) == (pytest.approx(expected.se), pytest.approx(expected.df))


@pytest.mark.parametrize(("study", "told"), [
    ({"design": "fixed", "looks": (6,), "photographs": (10, 10, 10, 10)}, True),
    ({"design": "fixed", "looks": (6,), "photographs": (10, 9, 10, 10)}, False),
    ({"looks": (6,), "photographs": (10, 10, 10, 10)}, True),
    (FOLDS | {"photographs": (10, 10, 10, 10)}, False),
])  # fmt: skip
def test_scenes_are_told_apart_from_seeds_only_where_each_class_has_ten(study_of, study, told):
    arms = {"reference": 0.6, "arm": lambda seed: 0.7 + 0.01 * np.sin(3.0 * seed)}
    assert analyse_study(study_of(arms, **study)).find("arm").scenes.testable == told


def test_seeds_are_paired_by_number_not_by_position(study_of):
    sweep = study_of({"reference": rising, "arm": lambda seed: rising(seed) + 0.05}, seeds=range(8))
    turned = sweep.trials.sort_values(["arm", "test_accuracy"], ascending=[True, False])
    comparison = compared(dataclasses.replace(sweep, trials=turned))
    assert comparison.seeds == tuple(range(8))
    assert comparison.points["test_accuracy"].tolist() == pytest.approx([0.05] * 8, abs=1e-2)


def test_only_the_repetitions_asked_for_are_compared(sweep):
    comparison = compared(sweep, 3)
    assert comparison.seeds == (0, 1, 2)
    assert comparison.test.mean == pytest.approx(0.11, abs=1e-2)


def test_without_a_look_there_are_points_and_no_interval(sweep):
    for effect in compared(sweep).effects.values():
        assert np.isfinite(effect.mean)
        assert np.isnan([effect.low, effect.high]).all()


def test_a_seed_on_which_the_arm_did_not_learn_is_left_out_and_said(study_of):
    comparison = compared(study_of({"reference": 0.6, "arm": lambda s: -1 if s == 1 else 0.8}, seeds=range(8)))
    assert (comparison.seeds, comparison.conditional) == ((0, 2, 3, 4, 5, 6, 7), True)
    assert comparison.test.mean == pytest.approx(0.2, abs=1e-2)


def test_an_arm_that_never_learnt_has_no_effects(study_of):
    comparison = compared(study_of({"reference": 0.6, "arm": -1}, seeds=range(8)))
    assert (comparison.seeds, comparison.conditional) == ((), False)
    assert not comparison.test.testable


def test_an_arm_of_which_too_many_blocks_died_has_no_interval(study_of):
    arm = lambda seed: -1 if seed in (0, 3) else 0.8 + 0.01 * np.sin(seed)  # noqa: E731
    comparison = analyse_study(study_of({"reference": 0.6, "arm": arm}, seeds=range(8))).find("arm")
    assert comparison.verdict.word == "inconclusive"
    assert comparison.test.mean == pytest.approx(0.2, abs=2e-2)
    assert np.isnan([comparison.test.low, comparison.test.high]).all()
