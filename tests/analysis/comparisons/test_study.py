"""Whole studies: which verdict each arm gets, and what changes it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.analysis import analyse_study, follow_study

FIXED = {"design": "fixed", "looks": (6, 10)}
FOLDS = {"design": "folds", "folds": 3, "looks": (2, 4), "photographs": (6, 7, 8, 6), "copies": 6}
DESIGNS = pytest.mark.parametrize("design", [FIXED, FOLDS], ids=["fixed", "folds"])


def wobble(share, size=0.01):
    """Return a share that moves with the seed: no two seeds give an arm the same difference."""
    return lambda seed: share + size * np.sin(3.0 * seed + 1)


def words(judged):
    return {c.pair.arm: str(c.verdict.word) for c in judged.comparisons}


def word(judged, arm="arm"):
    return str(judged.find(arm).verdict.word)


def numbers(judged, arms=None):
    """Return everything that is said of the tested arms."""
    return {
        c.pair.arm: (c.verdict, c.seeds, c.effects, c.these, c.scenes, c.course, c.training, c.mechanism)
        for c in judged.comparisons
        if c.pair.tested and (arms is None or c.pair.arm in arms)
    }


def same(one, other):
    return repr(one) == repr(other)  # what is no number equals itself


ARMS = {
    "reference": 0.7,
    "better": wobble(0.9),
    "worse": wobble(0.5),
    "same": 0.7,
    "open": wobble(0.71, 0.15),
}


@DESIGNS
def test_each_arm_gets_its_verdict(study_of, design):
    judged = analyse_study(study_of(ARMS, **design))
    assert words(judged) == {"better": "improves", "worse": "harms", "same": "equivalent", "open": "inconclusive"}
    assert [judged.find(arm).course.last.look for arm in ("same", "open")] == [1, 2]
    assert judged.find("better").verdict.beyond
    assert judged.find("better").mechanism == "learns better"
    assert judged.find("open").mechanism is None
    assert (judged.family, judged.held, judged.looks) == (4, 2, design["looks"])
    assert judged.complete == design["looks"][1]
    assert (judged.by_folds, judged.afterwards) == (design is FOLDS, False)
    assert (judged.fewest_clusters, judged.unit) == (6 if design is FOLDS else 12, "photograph")


@DESIGNS
def test_trap_row_order_changing_a_number(study_of, design):
    sweep = study_of(ARMS, outcomes={("worse", 3): "diverged", ("reference", 7): "diverged"}, **design)
    trials = sweep.trials.sample(frac=1, random_state=3).reset_index(drop=True)
    back = dict(reversed(sweep.predictions.items()))
    shuffled = dataclasses.replace(sweep, trials=trials, predictions=back, scores={})
    there, back = analyse_study(sweep), analyse_study(shuffled)
    assert same(numbers(there), numbers(back))
    assert there.seeds == back.seeds


@DESIGNS
def test_trap_a_look_that_can_be_peeked_at_for_free(study_of, cut_to, design):
    """Cut anywhere, a study says exactly what it said at its last held look, whatever the blocks since then hold."""
    arms, k = ARMS | {"other": wobble(0.705, 0.1)}, design.get("folds", 1)
    sweep, first, last = study_of(arms, **design), design["looks"][0] * k, design["looks"][1] * k
    at_look = analyse_study(cut_to(sweep, lambda arm, seed: seed < first))
    assert word(at_look, "open") == "open"
    assert at_look.find("open").verdict.text == "open 1/2"
    for kept in (
        lambda arm, seed: seed < first + 1,
        lambda arm, seed: seed < last - 1,
        lambda arm, seed: seed < last - 1 or arm != "other",  # mid-block: one open arm lacks its last trial
    ):
        assert same(numbers(analyse_study(cut_to(sweep, kept))), numbers(at_look))
    assert at_look.find("open").seeds == tuple(range(first))


@DESIGNS
def test_trap_an_arm_that_was_closed_and_trained_on_all_the_same(study_of, cut_to, design):
    sweep, first = study_of(ARMS, **design), design["looks"][0] * design.get("folds", 1)
    closed = [arm for arm, own in words(analyse_study(sweep)).items() if arm != "open"]
    at_first = [arm for arm in closed if analyse_study(sweep).find(arm).course.last.look == 1]
    stopped = cut_to(sweep, lambda arm, seed: seed < first or arm not in at_first)
    assert at_first
    there, back = analyse_study(sweep), analyse_study(stopped)
    assert same(numbers(there), numbers(back))
    assert (there.complete, there.held) == (back.complete, back.held)
    worse = study_of(ARMS | dict.fromkeys(at_first, lambda seed: 0.3), **design)
    early = {key: own for key, own in sweep.predictions.items() if int(key.split()[1]) < first}
    changed = dataclasses.replace(sweep, predictions=worse.predictions | early, scores={})
    assert same(numbers(analyse_study(changed), at_first), numbers(there, at_first))


def test_when_all_arms_are_closed_no_more_repetitions_are_counted(study_of, cut_to):
    sweep = study_of({"reference": 0.5, "arm": 0.5, "other": 0.99}, **FOLDS | {"copies": 40})
    judged = analyse_study(cut_to(sweep, lambda arm, seed: seed < 6))
    assert words(judged) == {"arm": "equivalent", "other": "improves"}
    assert (judged.complete, judged.seeds) == (2, tuple(range(6)))


shares = st.tuples(st.sampled_from([0.7, 0.705, 0.75, 0.9]), st.sampled_from([0.0, 0.01, 0.05]), st.integers(0, 50))
died = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), st.sampled_from(["diverged", "failed"]),
                       max_size=2)  # fmt: skip
SMALL = {"photographs": (4, 5, 4, 6), "copies": 4}
BOTH = st.sampled_from([
    {"design": "fixed", "looks": (6, 7, 9)}, {"design": "folds", "folds": 3, "looks": (2, 3)} | SMALL,
])  # fmt: skip


@settings(deadline=None, max_examples=12)
@given(BOTH, st.lists(shares, min_size=1, max_size=3), died)
def test_trap_a_verdict_taken_back_by_more_trials(study_of, cut_to, design, drawn, died):
    def share(mean, size, number):
        return lambda seed: mean + size * np.random.default_rng([number, seed]).normal()

    arms = {"reference": share(0.7, 0.01, 99)} | {name: share(*own) for name, own in zip("abc", drawn, strict=False)}
    sweep = study_of(arms, outcomes=died, **SMALL | design)
    whole = numbers(analyse_study(sweep))
    for repetitions in design["looks"]:
        seeds = repetitions * design.get("folds", 1)
        early = analyse_study(cut_to(sweep, lambda arm, seed, last=seeds: seed < last))
        for arm, said in numbers(early).items():
            open_ = early.find(arm).course.open
            assert open_ or same(said, whole[arm])
            assert not said[0].not_worse or whole[arm][0].not_worse


@DESIGNS
def test_all_differences_zero_are_equivalent(study_of, design):
    verdict = analyse_study(study_of({"reference": wobble(0.7), "arm": wobble(0.7)}, **design)).find("arm").verdict
    assert (verdict.word, verdict.detectable, verdict.not_worse, verdict.look) == ("equivalent", False, True, 1)


@pytest.mark.parametrize(("done", "expected", "looked"), [
    (0, "open 0/2", 0), (5, "open 0/2", 0), (6, "open 1/2", 6), (9, "open 1/2", 6), (10, "inconclusive", 10),
    (12, "inconclusive", 10),
])  # fmt: skip
def test_before_the_first_look_there_are_points_and_after_it_those_of_the_look(study_of, done, expected, looked):
    arms = {"reference": 0.7, "arm": wobble(0.71, 0.15)}
    missing = {(arm, seed): "missing" for arm in arms for seed in range(done, 12)}
    comparison = analyse_study(study_of(arms, seeds=range(12), outcomes=missing, **FIXED)).find("arm")
    assert comparison.verdict.text == expected
    assert comparison.test.n == (looked or done)
    assert np.isfinite(comparison.test.low) == bool(looked)


@pytest.mark.parametrize("design", [{"seeds": range(5)}, FOLDS | {"looks": (1,)}, FIXED | {"looks": (5,)}])
def test_too_little_is_a_pilot_without_an_interval(study_of, design):
    judged = analyse_study(study_of({"reference": 0.7, "arm": wobble(0.8)}, **design))
    comparison = judged.find("arm")
    assert (word(judged), judged.held, comparison.mechanism) == ("pilot", 0, None)
    assert comparison.test.mean == pytest.approx(0.1, abs=0.03)
    assert np.isnan([own.low for own in comparison.effects.values()]).all()
    assert np.isnan(comparison.these).all()
    assert not comparison.scenes.testable


def test_a_plan_without_a_design_is_judged_as_one_look_at_its_last_seed(study_of):
    """What it called looks were of another kind."""
    arms = {"reference": 0.7, "arm": wobble(0.8)}
    judged = analyse_study(study_of(arms, seeds=range(8), looks=(4, 8)))
    assert (judged.looks, judged.afterwards, word(judged)) == ((8,), True, "improves")
    (bounds,) = judged.rules.bounds
    assert (bounds.two_sided, bounds.one_sided) == (pytest.approx(0.9 * 0.05 / 2), pytest.approx(0.9 * 0.05))
    early = analyse_study(study_of(arms, seeds=range(8), outcomes={("arm", 6): "missing"}))
    assert early.find("arm").verdict.text == "open 0/1"


def test_trainings_beyond_the_last_look_change_nothing(study_of):
    arms = {"reference": 0.7, "arm": lambda seed: wobble(0.71, 0.15)(seed) if seed < 10 else 0.95}
    first, then = (analyse_study(study_of(arms, seeds=range(seeds), **FIXED)) for seeds in (10, 20))
    assert (word(first), then.complete) == ("inconclusive", 10)
    assert same(numbers(first), numbers(then))


def test_a_study_of_fresh_blocks_is_judged_as_any_other(study_of):
    judged = analyse_study(study_of({"reference": 0.7, "arm": wobble(0.9)}, first=4, **FOLDS))
    assert (word(judged), judged.seeds[0]) == ("improves", 12)


def test_exploratory_arms_are_outside_the_family_and_have_no_tested_verdict(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.75), "further": wobble(0.9), "cell": wobble(0.5)}
    alone = analyse_study(study_of({name: arms[name] for name in ("reference", "arm")}, **FIXED))
    beside = analyse_study(study_of(arms, roles={"further": "exploratory", "cell": "exploratory"}, **FIXED))
    assert (beside.family, word(beside, "further"), word(beside, "cell")) == (1, "exploratory", "exploratory")
    assert beside.find("further").test.mean == pytest.approx(0.2, abs=0.01)
    assert beside.find("further").mechanism == "learns better"
    assert same(numbers(beside), numbers(alone))


def test_an_exploratory_arm_that_is_behind_holds_nobody_up(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.8), "further": wobble(0.9)}
    missing = {("further", seed): "missing" for seed in range(3, 10)}
    judged = analyse_study(study_of(arms, roles={"further": "exploratory"}, outcomes=missing, **FIXED))
    assert word(judged) == "improves"
    assert judged.find("further").seeds == (0, 1, 2)
    assert np.isnan(judged.find("further").test.low)


def test_each_planned_arm_has_its_share_of_the_error_whatever_becomes_of_it(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.75), "dead": -1, "stuck": 0.7}
    judged = analyse_study(study_of(arms, outcomes={("stuck", 2): "failed"}, **FIXED))
    assert judged.family == 3
    assert words(judged)["dead"] == "fails to train"
    assert judged.rules.bounds[-1].one_sided <= 0.9 * 0.05 / 3
    with_all = analyse_study(study_of(arms | {"dead": 0.75, "stuck": 0.7}, **FIXED))
    assert judged.rules == with_all.rules


@DESIGNS
def test_a_failed_trial_keeps_its_arm_open_and_the_others_go_on(study_of, design):
    arms = {"reference": 0.7, "arm": wobble(0.9), "other": wobble(0.9), "open": wobble(0.71, 0.15)}
    sweep = study_of(arms, outcomes={("arm", 3): "failed", ("open", 7): "out_of_memory"}, **design)
    judged = analyse_study(sweep)
    assert words(judged) == {"arm": "open", "other": "improves", "open": "open"}
    assert [judged.find(arm).course.waits for arm in arms if arm != "reference"] == [(3,), (), (7,)]
    assert [judged.find(arm).verdict.text for arm in ("arm", "open")] == ["open 0/2", "open 1/2"]
    assert np.isnan(judged.find("arm").test.low)
    assert np.isfinite(judged.find("open").test.low)
    repaired = analyse_study(study_of(arms, **design))
    assert same(numbers(judged, ["other"]), numbers(repaired, ["other"]))


@pytest.mark.parametrize(("dead", "expected"), [((5,), "improves"), ((5, 8), "invalid")])
def test_dead_trials_of_the_reference_are_left_out_and_too_many_make_all_invalid(study_of, dead, expected):
    share = lambda seed: -1 if seed in dead else 0.7  # noqa: E731
    judged = analyse_study(study_of({"reference": share, "arm": wobble(0.9)}, design="fixed", looks=(10,)))
    comparison = judged.find("arm")
    assert (word(judged), comparison.verdict.final) == (expected, True)
    if expected == "invalid":
        assert comparison.verdict.reason == "2 of 10 trials of the reference learnt nothing"
        assert (comparison.seeds, comparison.mechanism, comparison.test.n) == ((), None, 0)
    else:
        assert comparison.seeds == tuple(seed for seed in range(10) if seed != 5)


def test_a_verdict_that_was_given_outlives_its_reference(study_of, cut_to):
    share = lambda seed: -1 if seed >= 6 else 0.7  # noqa: E731
    sweep = study_of({"reference": share, "arm": wobble(0.95), "open": wobble(0.71, 0.15)}, **FIXED)
    judged = analyse_study(sweep)
    assert words(judged) == {"arm": "improves", "open": "invalid"}
    early = analyse_study(cut_to(sweep, lambda arm, seed: seed < 6))
    assert same(numbers(judged, ["arm"]), numbers(early, ["arm"]))


def test_an_arm_fails_to_train_by_divergence_or_chance_and_what_is_left_is_conditional(study_of):
    share = lambda seed: -1 if seed in (1, 2, 5, 6, 8, 9) else wobble(0.9)(seed)  # noqa: E731
    outcomes = {("arm", 4): "diverged"}
    judged = analyse_study(study_of({"reference": 0.7, "arm": share}, outcomes=outcomes, **FIXED))
    comparison = judged.find("arm")
    assert (comparison.verdict.word, comparison.conditional, comparison.mechanism) == ("fails to train", True, None)
    assert (comparison.training.trials, comparison.training.failing) == (10, (1, 2, 4, 5, 6, 8, 9))
    assert comparison.reference_training.failing == ()
    assert comparison.seeds == (0, 3, 7)
    assert comparison.test.mean == pytest.approx(0.2, abs=0.02)
    assert np.isnan(comparison.test.low)


def test_trap_a_winner_named_at_chance_level(study_of):
    """Both arms stay at chance, one a little luckier on every seed: nobody wins."""
    judged = analyse_study(study_of({"reference": -1, "arm": -1}))
    assert (word(judged), judged.find("arm").mechanism) == ("invalid", None)
    assert word(analyse_study(study_of({"reference": 0.6, "arm": -1}))) == "fails to train"


def test_an_arm_of_two_questions_keeps_the_smaller_margin(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.71, 0.003), "other": 0.7}
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


def test_a_question_that_simplifies_closes_an_arm_that_is_not_worse(study_of):
    arms = {"reference": 0.7, "arm": wobble(0.76, 0.035), "worse": wobble(0.5)}
    asked = {"name": "q", "arms": list(arms), "reference": "reference", "margin": 0.04}
    plain, content = (
        analyse_study(study_of(arms, questions=[asked | {"simplify": simplify}], **FIXED | {"looks": (6, 16)}))
        for simplify in (False, True)
    )
    assert (plain.find("arm").course.steps[0].told.said, plain.find("arm").verdict.not_worse_look) == (None, 1)
    assert (word(content), content.find("arm").verdict.look, word(content, "worse")) == ("not worse", 1, "harms")


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


def test_an_arm_that_another_question_tests_is_shown_here_and_tested_there(study_of):
    arms = {"reference": 0.7, "a": wobble(0.8), "b": wobble(0.73)}
    questions = [
        {"name": "p", "arms": ["reference", "a", "b"], "roles": {"a": "exploratory"}},
        {"name": "q", "arms": ["reference", "a"]},
    ]
    judged = analyse_study(study_of(arms, questions=questions))
    assert judged.family == 2
    assert [c.verdict.word for c in judged.of("p")] == ["exploratory", "improves"]
    assert [c.verdict.word for c in judged.of("q")] == ["improves"]


def test_an_effect_of_one_scene_is_a_difference_here_and_none_for_new_photographs(study_of, measured_anew):
    """Every seed gains the same scene: sure on these images, and no evidence about others."""

    def gain(sweep, where):
        predictions = {}
        for key in (key for key in sweep.predictions if key.startswith("arm")):
            before = sweep.predictions[key]
            thousandths, gained = before.thousandths.copy(), (before.shown.table["photograph"] == where).to_numpy()
            thousandths[gained] = 1000 * np.eye(4, dtype="uint16")[before.shown.labels[gained]]
            predictions[key] = dataclasses.replace(before, thousandths=thousandths)
        return analyse_study(measured_anew(sweep, predictions)).find("arm")

    arms, photographs = {"reference": wobble(0.4), "arm": wobble(0.4)}, {"photographs": (10, 10, 10, 10)}
    fixed = gain(study_of(arms, **FIXED | photographs), "MONOCYTE 0")
    assert (fixed.verdict.word, fixed.verdict.detectable) == ("equivalent", True)
    assert fixed.scenes.low < 0
    folds = gain(study_of(arms, **FOLDS | photographs), "MONOCYTE 0")
    assert folds.course.last.effect.scenes > 0
    assert not folds.verdict.detectable
    assert folds.verdict.word not in ("improves", "harms")


@pytest.mark.parametrize("split", ["random", "official_clean"])
def test_arms_on_different_splits_get_no_verdict(study_of, split):
    def edit(planned, result):
        if planned["arm"] == "elsewhere":
            planned |= {"judged": split, "data": planned["data"] | {"split": split, "split_seed": 0}}

    arms = {"official": 0.7, "elsewhere": 0.95, "arm": wobble(0.9)}
    sweep = study_of(arms, edit=edit, shared=True)
    sweep.plan.arms["elsewhere"].levels["data.split"] = split
    judged = analyse_study(sweep)
    comparison = judged.find("elsewhere")
    assert (comparison.verdict.word, comparison.test.n, comparison.unpaired) == ("not paired", 0, True)
    assert word(judged) == "improves"


def test_a_plain_sweep_declares_nothing_and_tests_nothing(study_of):
    sweep = study_of({"lr=0.001": 0.7, "lr=0.01": wobble(0.8)})
    plan = dataclasses.replace(sweep.plan, questions=(), looks=(), arms={})
    judged = analyse_study(dataclasses.replace(sweep, plan=plan))
    assert (judged.family, judged.held, judged.complete) == (0, 0, 10)
    assert [c.verdict.word for c in judged.comparisons] == ["exploratory"]
    assert np.isfinite(judged.comparisons[0].test.low)


def test_a_study_of_a_reference_alone_has_no_comparison(study_of):
    judged = analyse_study(study_of({"reference": 0.7}))
    assert (judged.comparisons, judged.family) == ((), 0)


def test_whoever_runs_a_study_is_told_what_its_report_says(study_of):
    sweep = study_of(ARMS, **FOLDS)
    rules, followed = follow_study(sweep)
    judged = analyse_study(sweep)
    assert rules == judged.rules
    assert [course.verdict for _, course in followed.values()] == [c.verdict for c in judged.comparisons]
