"""Whole studies: which verdict each arm gets, and what changes it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.analysis.statistics.paired import estimate, p_difference


def wobble(share, size=0.01):
    """Return a share that moves with the seed: no two seeds give an arm the same difference."""
    return lambda seed: share + size * np.sin(3.0 * seed + 1)


def exactly(mean, sd):
    """Return a share whose ten differences from 0.7 have this mean and this spread, to the nearest image."""
    steps = np.linspace(-1, 1, 10)
    return lambda seed: 0.7 + mean + sd * (steps / steps.std(ddof=1))[seed % 10]


BARELY = exactly(0.0314, 0.04)  # improves, with p about 0.035


def word(judged, arm="arm"):
    return judged.find(arm).verdict.word


def reason(judged, arm="arm"):
    return judged.find(arm).verdict.reason


ARMS = {
    "reference": 0.7,
    "better": wobble(0.78),
    "worse": wobble(0.6),
    "same": wobble(0.7, 0.004),
    "open": wobble(0.71, 0.1),
}


def test_each_arm_gets_its_verdict(study_of):
    judged = analyse_study(study_of(ARMS))
    found = {c.pair.arm: (c.verdict.word, c.verdict.not_worse, c.verdict.second) for c in judged.comparisons}
    assert found == {
        "better": ("improves", True, "holds"), "worse": ("harms", False, "holds"),
        "same": ("equivalent", True, "holds"), "open": ("inconclusive", False, None),
    }  # fmt: skip
    assert judged.find("better").verdict.beyond
    assert (judged.family, judged.alpha, judged.floor) == (4, 0.05, 4 * 2 / 2**10)
    assert (judged.fewest_clusters, judged.unit) == (12, "photograph")
    assert judged.find("open").needed.equivalence > 10
    assert judged.find("better").needed is None


def test_the_numbers_are_the_paired_differences_of_the_trials(study_of):
    sweep = study_of(ARMS)
    comparison = analyse_study(sweep).find("better")
    wide = sweep.trials.pivot(index="seed", columns="arm", values="test_accuracy")
    assert comparison.test == estimate(wide["better"] - wide["reference"])
    assert comparison.verdict.p["difference"] == p_difference(comparison.test)
    assert comparison.wider.mean == pytest.approx(comparison.test.mean)
    assert comparison.effects["accuracy_gap"].mean == pytest.approx(
        comparison.effects["train_accuracy"].mean - comparison.test.mean
    )


def test_trap_row_order_changing_a_number_or_the_bootstrap(study_of):
    sweep = study_of(ARMS)
    trials = sweep.trials.sample(frac=1, random_state=3).reset_index(drop=True)
    ordered, shuffled = (
        [(each.verdict, each.effects, each.wider, each.bootstrap) for each in analyse_study(study).comparisons]
        for study in (sweep, dataclasses.replace(sweep, trials=trials))
    )
    assert ordered == shuffled


def test_all_differences_zero_are_equivalent(study_of):
    verdict = analyse_study(study_of({"reference": wobble(0.7), "arm": wobble(0.7)})).find("arm").verdict
    assert (verdict.word, verdict.second) == ("equivalent", "holds")
    assert (verdict.detectable, verdict.not_worse) == (False, True)
    assert verdict.p == {"difference": 1, "equivalence": 0, "not_worse": 0, "beyond": 1}


@pytest.mark.parametrize(("done", "looks", "expected"), [
    (7, (10,), ("pending", "7/10")), (10, (10, 20), ("improves", "")), (13, (10, 20), ("pending", "13/20")),
    (20, (10, 20), ("improves", "")), (5, (5,), ("pilot", "")), (2, (5,), ("pending", "2/5")),
    (0, (10,), ("pending", "0/10")),
])  # fmt: skip
def test_between_looks_an_arm_is_pending_and_under_six_seeds_a_pilot(study_of, done, looks, expected):
    arms = {"reference": 0.7, "arm": wobble(0.8)}
    missing = {(arm, seed): "missing" for arm in arms for seed in range(done, 20)}
    judged = analyse_study(study_of(arms, seeds=range(20), looks=looks, outcomes=missing))
    assert (word(judged), reason(judged)) == expected
    assert judged.find("arm").test.n == done


def test_a_pending_arm_shows_estimates_on_the_common_prefix_of_seeds(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.8), "slow": wobble(0.8)}
    judged = analyse_study(study_of(arms, outcomes={("slow", 4): "missing"}))
    assert judged.seeds == (0, 1, 2, 3)
    assert {(c.verdict.word, c.verdict.reason, c.seeds) for c in judged.comparisons} == {
        ("pending", "4/10", (0, 1, 2, 3))
    }


def test_two_looks_halve_alpha(study_of):
    arms = {"reference": 0.7, "arm": BARELY}
    one, two = (analyse_study(study_of(arms, looks=looks)) for looks in ((10,), (10, 20)))
    p = one.find("arm").verdict.adjusted["difference"]
    assert 0.025 < p < 0.05
    assert (one.alpha, word(one)) == (0.05, "improves")
    assert (two.alpha, word(two)) == (0.025, "inconclusive")
    assert two.find("arm").verdict.adjusted["difference"] == p


def test_an_extension_that_was_not_declared_changes_no_verdict(study_of):
    """Ten seeds without an effect, then ten with a large one."""
    arms = {"reference": 0.7, "arm": lambda seed: exactly(0, 0.08)(seed) if seed < 10 else 0.95}
    first, then = (analyse_study(study_of(arms, seeds=range(seeds))) for seeds in (10, 20))
    assert (word(first), then.look.beyond) == ("inconclusive", 10)
    assert then.find("arm").verdict == first.find("arm").verdict
    assert then.find("arm").effects == first.find("arm").effects
    assert analyse_study(study_of(arms, seeds=range(20), looks=(10, 20))).find("arm").test.mean > 0.1


def test_exploratory_arms_are_outside_the_family_and_have_no_tested_verdict(study_of):
    arms = {"reference": 0.7, "arm": BARELY, "further": wobble(0.9), "cell": wobble(0.5)}
    alone = analyse_study(study_of({name: arms[name] for name in ("reference", "arm")}))
    beside = analyse_study(study_of(arms, roles={"further": "exploratory", "cell": "exploratory"}))
    assert (beside.family, word(beside, "further"), word(beside, "cell")) == (1, "exploratory", "exploratory")
    assert beside.find("further").verdict.p is None
    assert beside.find("further").test.mean == pytest.approx(0.2, abs=0.01)
    assert beside.find("arm").verdict == alone.find("arm").verdict


def test_until_the_look_it_is_not_said_how_an_arm_works_that_is_only_shown(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.8), "shown": wobble(0.9)}
    missing = {("arm", seed): "missing" for seed in range(7, 10)}
    decided, waiting = (
        analyse_study(study_of(arms, roles={"shown": "exploratory"}, outcomes=outcomes)) for outcomes in ({}, missing)
    )
    assert decided.find("shown").mechanism == "learns better"
    assert (word(waiting), waiting.find("shown").mechanism) == ("pending", None)


def test_an_exploratory_arm_that_is_behind_holds_nobody_up(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.8), "further": wobble(0.9)}
    missing = {("further", seed): "missing" for seed in range(3, 10)}
    judged = analyse_study(study_of(arms, roles={"further": "exploratory"}, outcomes=missing))
    assert word(judged) == "improves"
    assert judged.find("further").seeds == (0, 1, 2)


def test_an_arm_that_cannot_be_tested_enlarges_the_family(study_of):
    arms = {"reference": 0.7, "arm": BARELY}
    alone = analyse_study(study_of(arms))
    beside = analyse_study(study_of({**arms, "dead": 0.7}, outcomes={("dead", 2): "failed"}))
    assert (word(alone), word(beside), word(beside, "dead")) == ("improves", "inconclusive", "invalid")
    doubled = 2 * alone.find("arm").verdict.p["difference"]
    assert beside.find("arm").verdict.adjusted["difference"] == pytest.approx(doubled)


@pytest.mark.parametrize(("outcome", "phrase"), [("failed", "it failed on seed 3"), ("out_of_memory", "ran out of")])
def test_a_trial_that_died_makes_its_arm_invalid(study_of, outcome, phrase):
    arms = {"reference": 0.7, "arm": 0.8, "other": wobble(0.8)}
    judged = analyse_study(study_of(arms, outcomes={("arm", 3): outcome}))
    assert (word(judged), word(judged, "other")) == ("invalid", "improves")
    assert phrase in reason(judged)


def test_trap_a_missing_seed_silently_dropped(study_of):
    """The row of one seed is gone from the plan of one arm: there is no verdict on the other nine."""
    sweep = study_of({"reference": 0.7, "arm": wobble(0.8)})
    gone = sweep.trials[sweep.trials["key"] != "arm 4"]
    planned = tuple(trial for trial in sweep.plan.trials if trial.key != "arm 4")
    plan = dataclasses.replace(sweep.plan, trials=planned)
    judged = analyse_study(dataclasses.replace(sweep, trials=gone, plan=plan))
    assert word(judged) in ("pending", "invalid")
    assert judged.find("arm").test.n < 9


def test_a_doubled_seed_is_invalid(study_of):
    sweep = study_of({"reference": 0.7, "arm": wobble(0.8)})
    again = sweep.trials[sweep.trials["key"] == "arm 4"].assign(key="arm 4 again")
    predictions = sweep.predictions | {"arm 4 again": sweep.predictions["arm 4"]}
    trials = pd.concat([sweep.trials, again], ignore_index=True)
    judged = analyse_study(dataclasses.replace(sweep, trials=trials, predictions=predictions))
    assert (word(judged), reason(judged)) == ("invalid", "it has several trials of seed 4")


@pytest.mark.parametrize(("share", "outcomes", "phrase"), [
    (0.7, {("reference", 5): "diverged"}, "the reference itself diverged on seed 5"),
    (lambda seed: -1 if seed == 5 else 0.7, {}, "the reference itself stayed at chance on seed 5"),
])  # fmt: skip
def test_a_reference_that_fails_on_a_seed_makes_all_invalid(study_of, share, outcomes, phrase):
    judged = analyse_study(study_of({"reference": share, "arm": wobble(0.8)}, outcomes=outcomes))
    assert (word(judged), reason(judged)) == ("invalid", phrase)
    assert judged.find("arm").mechanism is None


def test_an_arm_fails_to_train_by_divergence_or_chance_and_the_rest_is_conditional(study_of):
    share = lambda seed: -1 if seed in (2, 7) else wobble(0.9)(seed)  # noqa: E731
    judged = analyse_study(study_of({"reference": 0.7, "arm": share}, outcomes={("arm", 4): "diverged"}))
    comparison = judged.find("arm")
    assert (comparison.verdict.word, comparison.conditional, comparison.mechanism) == ("fails to train", True, None)
    assert (comparison.training.trials, comparison.training.failing) == (10, (2, 4, 7))
    assert comparison.reference_training.failing == ()
    assert comparison.seeds == (0, 1, 3, 5, 6, 8, 9)
    assert comparison.test.mean == pytest.approx(0.2, abs=0.01)


def test_trap_a_winner_named_at_chance_level(study_of):
    """Both arms stay at chance, one a little luckier on every seed: nobody wins."""
    judged = analyse_study(study_of({"reference": -1, "arm": -1}))
    assert (word(judged), judged.find("arm").mechanism) == ("invalid", None)
    judged = analyse_study(study_of({"reference": 0.6, "arm": -1}))
    assert word(judged) == "fails to train"


def test_an_arm_of_two_questions_keeps_the_smaller_margin(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.71, 0.006), "other": 0.7}
    questions = [
        {"name": "wide", "arms": ["reference", "arm"], "margin": 0.03},
        {"name": "narrow", "arms": ["reference", "arm", "other"], "margin": 0.005},
    ]
    judged = analyse_study(study_of(arms, questions=questions))
    assert judged.family == 2
    assert [c.pair.arm for c in judged.of("wide")] == ["arm"]
    assert judged.find("arm").pair.margin == 0.005
    assert judged.of("wide")[0] is judged.of("narrow")[0]
    assert word(judged) == "improves"
    assert word(analyse_study(study_of(arms, questions=questions[:1]))) == "equivalent"


def test_a_question_with_a_reference_of_its_own_is_compared_with_that(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.75), "base": wobble(0.9), "variant": wobble(0.8)}
    questions = [
        {"name": "one", "arms": ["reference", "arm"]},
        {"name": "two", "reference": "base", "arms": ["base", "variant"]},
    ]
    judged = analyse_study(study_of(arms, questions=questions))
    assert (judged.family, word(judged), word(judged, "variant")) == (2, "improves", "harms")
    assert judged.find("variant").pair.reference == "base"
    assert judged.find("base") is None


@pytest.mark.parametrize(("fewest", "second"), [(9, "cannot be told"), (10, "holds")])
def test_fewer_than_ten_photographs_of_a_class_tell_nothing_about_new_ones(study_of, fewest, second):
    judged = analyse_study(study_of({"reference": 0.5, "arm": wobble(0.8)}, photographs=(12, 12, fewest, 12)))
    assert judged.fewest_clusters == fewest
    verdict = judged.find("arm").verdict
    assert (verdict.word, verdict.second, verdict.not_worse_second) == ("improves", second, second)


def test_of_two_splits_the_one_with_few_photographs_tells_nothing_about_new_ones(study_of, measured_anew):
    def edit(planned, result):
        if planned["arm"] in ("clean", "cleaner"):
            planned["judged"] = "official_clean"

    arms = {"reference": 0.5, "arm": wobble(0.8), "clean": 0.5, "cleaner": wobble(0.8)}
    questions = [
        {"name": "one", "arms": ["reference", "arm"]},
        {"name": "two", "reference": "clean", "arms": ["clean", "cleaner"]},
    ]
    sweep = study_of(arms, questions=questions, edit=edit)
    for arm, dropout in (("clean", 0.0), ("cleaner", 0.1)):
        sweep.plan.arms[arm].levels.update({"data.split": "official_clean", "dropout": dropout})
    shown = sweep.predictions["arm 0"].shown
    table = shown.table.assign(scene=shown.table["photograph"])
    for number in range(3):  # of the twelve scenes of a class three are in training too
        both = [f"MONOCYTE {number}", f"MONOCYTE train {number}"]
        table.loc[table["photograph"].isin(both), "scene"] = f"shared {number}"
    leaking = type(shown)(table, shown.classes)
    predictions = {key: dataclasses.replace(each, shown=leaking) for key, each in sweep.predictions.items()}
    judged = analyse_study(measured_anew(sweep, predictions))
    assert judged.fewest_clusters == 9
    assert judged.find("arm").verdict.second == "holds"
    assert judged.find("cleaner").verdict.second == "cannot be told"


def test_an_arm_that_another_question_tests_is_shown_here_and_tested_there(study_of):
    arms = {"reference": 0.7, "a": wobble(0.8), "b": wobble(0.72)}
    questions = [
        {"name": "p", "arms": ["reference", "a", "b"], "roles": {"a": "exploratory"}},
        {"name": "q", "arms": ["reference", "a"]},
    ]
    judged = analyse_study(study_of(arms, questions=questions))
    assert judged.family == 2
    assert [c.verdict.word for c in judged.of("p")] == ["exploratory", "improves"]
    assert [c.verdict.word for c in judged.of("q")] == ["improves"]


@pytest.mark.parametrize(("sixth", "normality", "flipped"), [(0.11, False, 4 / 2**7), (-0.02, True, 8 / 2**7)])
def test_a_verdict_that_the_sign_flip_test_does_not_share_rests_on_normality(study_of, sixth, normality, flipped):
    steps = [0.09, 0.1, 0.11, 0.1, 0.09, sixth, -0.01]
    judged = analyse_study(study_of({"reference": 0.5, "arm": lambda s: 0.5 + steps[s]}, seeds=range(7), looks=(7,)))
    verdict = judged.find("arm").verdict
    assert (verdict.word, verdict.normality, verdict.flipped) == ("improves", normality, pytest.approx(flipped))
    assert (verdict.flipped > 0.05) == normality


def test_an_effect_of_one_photograph_is_not_shown_for_new_ones(study_of, measured_anew):
    """Every seed gains the same photograph: sure on this benchmark, and no evidence about others."""
    sweep = study_of({"reference": 0.5, "arm": 0.5})
    predictions = {}
    for key in (f"arm {seed}" for seed in range(10)):
        before = sweep.predictions[key]
        thousandths, gained = before.thousandths.copy(), (before.shown.table["photograph"] == "MONOCYTE 0").to_numpy()
        thousandths[gained] = 1000 * np.eye(4, dtype="uint16")[before.shown.labels[gained]]
        predictions[key] = dataclasses.replace(before, thousandths=thousandths)
    verdict = analyse_study(measured_anew(sweep, predictions)).find("arm").verdict
    assert (verdict.word, verdict.detectable, verdict.second) == ("equivalent", True, "not shown")


def test_arms_on_different_splits_get_no_verdict(study_of):
    def edit(planned, result):
        if planned["arm"] == "random":
            planned |= {"judged": "random", "data": planned["data"] | {"split": "random", "split_seed": 0}}

    sweep = study_of({"official": 0.7, "random": 0.95}, edit=edit)
    sweep.plan.arms["random"].levels["data.split"] = "random"
    judged = analyse_study(sweep)
    assert (word(judged, "random"), judged.find("random").test.n) == ("not paired", 0)
    assert judged.find("random").unpaired


def test_a_plain_sweep_declares_nothing_and_tests_nothing(study_of):
    sweep = study_of({"lr=0.001": 0.7, "lr=0.01": wobble(0.8)})
    plan = dataclasses.replace(sweep.plan, questions=(), looks=(), arms={})
    judged = analyse_study(dataclasses.replace(sweep, plan=plan))
    assert judged.family == 0
    assert [c.verdict.word for c in judged.comparisons] == ["exploratory"]


def test_a_study_of_a_reference_alone_has_no_comparison(study_of):
    judged = analyse_study(study_of({"reference": 0.7}))
    assert (judged.comparisons, judged.family) == ((), 0)


def test_one_seed_is_a_pilot_without_an_interval(study_of):
    judged = analyse_study(study_of({"reference": 0.7, "arm": 0.8}, seeds=[0], looks=(1,)))
    assert word(judged) == "pilot"
    assert np.isnan(judged.find("arm").test.low)
    assert judged.find("arm").test.mean == pytest.approx(0.1, abs=0.01)
