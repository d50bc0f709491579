"""Blocks, repetitions and looks."""

from dataclasses import replace

import pytest
from records import plan_of

from bloodstudy.config.rules import is_rising
from bloodstudy.study.design import LEAST, LOOKS, MARGINS, Design, DesignName, Repetitions

FOLDS = Design(DesignName.FOLDS, 5, (2, 3, 5, 8))


def test_a_repetition_by_folds_is_one_division_each_part_of_which_tests_once():
    blocks = FOLDS.blocks(3)
    assert [(block.repetition, block.fold) for block in blocks] == [(r, f) for r in range(3) for f in range(5)]
    assert [block.seed for block in blocks] == list(range(15))
    for block in blocks:
        assert block.levels == {
            "data.split": "grouped_kfold", "data.folds": 5, "data.split_seed": block.repetition,
            "data.fold": block.fold, "seed": block.seed,
        }  # fmt: skip
    (block, *_) = replace(FOLDS, measured_share=0.1).blocks(1)
    assert block.levels["data.measured_share"] == 0.1


def test_a_repetition_of_a_fixed_division_is_a_training_seed():
    blocks = Design(DesignName.FIXED, 1, (6,)).blocks(4)
    assert [(block.repetition, block.fold, block.levels) for block in blocks] == [
        (seed, 0, {"seed": seed}) for seed in range(4)
    ]
    assert Design(DesignName.FIXED, 1, (6,), seeds=9).planned == 9


@pytest.mark.parametrize(("name", "folds"), [("folds", 5), ("folds", 3), ("fixed", 1)])
def test_a_study_of_fresh_blocks_shares_none_with_the_one_before(name, folds):
    before, after = (Design(DesignName(name), folds, (2, 8), first).blocks(8) for first in (0, 8))
    assert not {block.seed for block in before} & {block.seed for block in after}
    assert [block.repetition for block in after[:: max(folds, 1)]] == list(range(8, 16))


@pytest.mark.parametrize("first", [0, 3])
def test_the_planned_seeds_tell_repetition_and_fold(first):
    blocks = Design(DesignName.FOLDS, 3, (2, 4), first).blocks(4)
    repetitions = Repetitions(DesignName.FOLDS, tuple(block.seed for block in blocks), 3, (2, 4))
    assert (repetitions.count, repetitions.least) == (4, 2)
    for block in blocks:
        assert repetitions.place(block.seed) == (block.repetition - first, block.fold)
    assert repetitions.seeds_of(2) == tuple(block.seed for block in blocks[:6])
    assert repetitions.seeds_of(0) == ()


def test_repetitions_that_are_not_whole_do_not_count():
    assert Repetitions(DesignName.FOLDS, tuple(range(14)), 5, (2,)).count == 2


def planned(seeds, **more):
    trials = [{"key": f"{arm} {seed}", "arm": arm, "seed": seed} for seed in reversed(seeds) for arm in "ab"]
    return plan_of({"trials": trials, "questions": [{"name": "q"}], **more})


def test_a_plan_without_a_design_looks_once_at_its_last_seed():
    """Whatever looks it declared: they were of another kind."""
    repetitions = planned(range(4), looks=[2, 4]).repetitions
    assert repetitions == Repetitions(DesignName.FIXED, (0, 1, 2, 3), 1, (4,))


def test_a_plan_with_a_design_looks_when_it_declared():
    plan = planned(range(10, 30), design=DesignName.FOLDS, folds=5, looks=[2, 4])
    assert plan.repetitions == Repetitions(DesignName.FOLDS, tuple(range(10, 30)), 5, (2, 4))


@pytest.mark.parametrize("change", [{"design": DesignName.FIXED}, {"folds": 4}, {"looks": [2, 3]}, {"budget": "6h"}])
def test_the_design_is_part_of_what_a_plan_decides(change):
    usual = {"design": DesignName.FOLDS, "folds": 5, "looks": [2, 4]}
    assert planned(range(20), **usual).digest != planned(range(20), **usual | change).digest


@pytest.mark.parametrize(("looks", "rising"), [
    ((2, 3, 5), True), ((4,), True), ((), False), ((3, 3), False), ((5, 2), False), ((0, 2), False),
])  # fmt: skip
def test_looks_are_rising_numbers(looks, rising):
    assert is_rising(looks) is rising


@pytest.mark.parametrize("name", list(DesignName))
def test_what_is_usual_can_be_concluded_from(name):
    assert is_rising(LOOKS[name])
    assert LOOKS[name][0] >= LEAST[name]
    assert 0 < MARGINS[name] < 0.1
