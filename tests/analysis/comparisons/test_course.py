"""An arm over the looks of its study: what closes it, what keeps it open, and that nothing is ever taken back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from bloodstudy.analysis.comparisons.blocks import Blocks
from bloodstudy.analysis.comparisons.course import dead_interval, declare, follow
from bloodstudy.analysis.comparisons.verdict import Verdict
from bloodstudy.analysis.statistics.blocks import fit_prior
from bloodstudy.analysis.statistics.spending import nominal_levels

FIXED = {"looks": (6, 10, 16), "folds": 1}
FOLDS = {"looks": (2, 3, 5), "folds": 5}


def size(design):
    return design["looks"][-1] * design["folds"]


def around(mean, spread=0.005, n=16, seed=0):
    """Return differences of exactly this mean and spread over the first six, and near them later."""
    noise = np.random.default_rng(seed).normal(size=n)
    first = noise[:6]
    return list(mean + spread * (noise - first.mean()) / first.std(ddof=1))


def cut(blocks, seeds):
    """Return the blocks as they were when only those of the first `seeds` had ended."""
    gone = replace(next(iter(blocks.reference.values())), outcome="missing", score=None)
    early = ({s: own if s < seeds else gone for s, own in of.items()} for of in (blocks.arm, blocks.reference))
    return Blocks(blocks.pair, blocks.repetitions, *early)


def run(*tested, simplify=False, arms=None):
    rules = declare(tested[0].repetitions, arms or len(tested))
    return follow(tested, [simplify] * len(tested), rules)


def words(courses):
    return [(str(course.verdict.word), course.verdict.look) for course in courses]


@pytest.mark.parametrize("design", [FIXED, FOLDS], ids=["fixed", "folds"])
def test_each_arm_is_closed_at_the_first_look_that_decides(blocks_of, design):
    n = size(design)
    means = {"far better": 0.3, "far worse": -0.3, "same": 0.0, "noisy": 0.0}
    spreads = {"noisy": 0.3, "same": 0.0001}
    arms = [blocks_of(around(mean, spreads.get(name, 0.005), n, 1), **design) for name, mean in means.items()]
    courses = run(*arms)
    assert words(courses) == [("improves", 1), ("harms", 1), ("equivalent", 1), ("inconclusive", 3)]
    assert [course.verdict.beyond for course in courses] == [True, True, False, False]
    assert [course.verdict.not_worse for course in courses] == [True, False, True, False]
    assert all(course.verdict.final and not course.open for course in courses)
    assert [len(course.steps) for course in courses] == [1, 1, 1, 3]


def test_a_small_difference_that_is_sure_is_equivalent_and_detectable(blocks_of):
    (course,) = run(blocks_of(around(0.01, 0.0001), **FIXED))
    assert (course.verdict.word, course.verdict.detectable, course.verdict.beyond) == ("equivalent", True, False)


def test_an_open_arm_says_how_many_looks_it_has_had(blocks_of):
    noisy = blocks_of(around(0.0, 0.2), **FIXED)
    told = [run(cut(noisy, seeds))[0].verdict for seeds in (0, 5, 6, 9, 10, 15, 16)]
    assert [verdict.text for verdict in told] == ["open 0/3"] * 2 + ["open 1/3"] * 2 + ["open 2/3"] * 2 + [
        "inconclusive"
    ]
    assert [verdict.look for verdict in told] == [None, None, 1, 1, 2, 2, 3]


def test_beyond_the_margin_is_asked_at_the_closing_look_only(blocks_of):
    """Closed at the first look as better and not by more than the margin; all that comes later is far beyond."""
    near = blocks_of(around(0.03, 0.005)[:6] + [0.4] * 10, **FIXED)
    (course,) = run(near)
    assert (course.verdict.word, course.verdict.look, course.verdict.beyond) == ("improves", 1, False)


def test_that_an_arm_is_not_worse_is_kept_whatever_comes_later(blocks_of):
    falls = blocks_of(around(0.05, 0.02)[:6] + around(-0.09, 0.2)[:10], **FIXED)
    (course,) = run(falls)
    assert (course.verdict.word, course.steps[-1].told.not_worse) == ("inconclusive", False)
    assert (course.verdict.not_worse, course.verdict.not_worse_look) == (True, 1)
    fails = blocks_of(around(0.05, 0.02), outcomes=dict.fromkeys(range(6, 16), "diverged"), **FIXED)
    (course,) = run(fails)
    assert (course.verdict.word, course.verdict.not_worse, course.verdict.not_worse_look) == ("fails to train", True, 1)


def test_not_worse_closes_an_arm_only_where_no_more_is_asked_and_after_the_three_verdicts(blocks_of):
    better, same, sure = (blocks_of(around(*of), **FIXED) for of in ((0.02, 0.01), (0.0, 0.0001), (0.1, 0.0001)))
    (course,) = run(better)
    assert (course.steps[0].told.said, course.verdict.not_worse) == (None, True)
    assert [words(run(arm, simplify=True)) for arm in (better, same, sure)] == [
        [("not worse", 1)], [("equivalent", 1)], [("improves", 1)],
    ]  # fmt: skip


@pytest.mark.parametrize("design", [FIXED, FOLDS], ids=["fixed", "folds"])
def test_a_closed_arm_needs_no_further_blocks_and_is_not_changed_by_any(blocks_of, design):
    n, first = size(design), design["looks"][0] * design["folds"]
    open_, closed = blocks_of(around(0.0, 0.2, n), **design), around(0.3, 0.005, n)
    stopped = blocks_of(closed, outcomes=dict.fromkeys(range(first, n), "missing"), **design)
    trained = blocks_of(closed[:first] + [-0.4] * (n - first), **design)
    died = blocks_of(closed, outcomes=dict.fromkeys(range(first, n), "diverged"), **design)
    alone = run(open_, stopped)
    assert words(alone) == [("inconclusive", 3), ("improves", 1)]
    assert run(open_, trained) == alone == run(open_, died)
    assert not any(course.open for course in alone)
    early = run(cut(open_, first), cut(stopped, first))
    assert [course.open for course in early] == [True, False]


def test_a_look_waits_for_every_open_arm(blocks_of):
    ready, behind = blocks_of(around(0.3), **FIXED), blocks_of(around(0.3), outcomes={5: "missing"}, **FIXED)
    assert words(run(ready, behind)) == [("open", None)] * 2


@pytest.mark.parametrize("outcome", ["failed", "out_of_memory"])
def test_a_failed_trial_keeps_its_arm_open_and_the_others_go_on(blocks_of, outcome):
    sure, failed = blocks_of(around(0.3), **FIXED), blocks_of(around(0.3), outcomes={3: outcome}, **FIXED)
    later = blocks_of(around(0.0, 0.2), outcomes={7: outcome, 12: outcome}, **FIXED)
    courses = run(sure, failed, later)
    assert [course.verdict.text for course in courses] == ["improves", "open 0/3", "open 1/3"]
    assert [course.waits for course in courses] == [(), (3,), (7, 12)]
    assert [course.open for course in courses] == [False, True, True]


def test_a_failed_trial_of_the_reference_keeps_all_its_arms_open(blocks_of):
    arms = [blocks_of(around(0.3), reference_outcomes={3: "failed"}, **FIXED) for _ in range(2)]
    elsewhere = blocks_of(around(0.3), pair={"reference": "base"}, **FIXED)
    courses = run(*arms, elsewhere)
    assert [(course.verdict.text, course.waits) for course in courses] == [
        ("open 0/3", (3,)), ("open 0/3", (3,)), ("improves", ()),
    ]  # fmt: skip


def test_an_arm_whose_plan_lacks_a_trial_is_invalid_and_holds_nobody_up(blocks_of):
    courses = run(blocks_of(around(0.3), gaps=[12], **FIXED), blocks_of(around(0.3), **FIXED))
    assert words(courses) == [("invalid", None), ("improves", 1)]
    assert not courses[0].open


@pytest.mark.parametrize(("looks", "folds"), [((4,), 1), ((1,), 5)])
def test_too_few_repetitions_are_a_pilot(blocks_of, looks, folds):
    (course,) = run(blocks_of(around(0.3, n=looks[-1] * folds), looks=looks, folds=folds))
    assert (course.verdict.word, course.verdict.final, course.steps) == ("pilot", True, ())
    assert not course.open


def test_an_early_look_of_too_few_seeds_is_a_pilot_and_the_study_goes_on(blocks_of):
    blocks = blocks_of(around(0.3, n=8), looks=(4, 8))
    (early,), (late,) = run(cut(blocks, 4)), run(blocks)
    assert (early.verdict.word, early.open) == ("pilot", True)
    assert words([late]) == [("improves", 2)]


def test_a_plan_with_fewer_seeds_than_its_looks_holds_no_look_of_them(blocks_of):
    (course,) = run(blocks_of(around(0.0, 0.2, n=8), looks=(6, 10, 16)))
    assert course.verdict.text == "open 1/3"


def test_no_difference_anywhere_is_equivalent_and_never_a_difference(blocks_of):
    noisy = [blocks_of(around(0.0, 0.05, seed=seed), **FIXED) for seed in range(5)]
    for arms in ([], noisy):  # steadied by the spreads of others, or not
        *_, course = run(*arms, blocks_of([0.0] * 16, **FIXED))
        assert (course.verdict.word, course.verdict.look, course.verdict.detectable) == ("equivalent", 1, False)
        assert (course.last.told.low, course.last.told.high) == (0, 0)


def test_a_constant_difference_is_steadied_by_the_other_arms_and_is_no_part_of_their_prior(blocks_of):
    noisy = [blocks_of(around(0.0, 0.05, seed=seed), **FIXED) for seed in range(5)]
    constant = blocks_of([0.0001 * 3] * 16, **FIXED)
    *others, course = run(*noisy, constant)
    assert course.steps[0].effect.spread == 0
    assert course.steps[0].told.high > 0.02
    assert others[0].steps[0].prior == run(*noisy)[0].steps[0].prior


def test_the_prior_is_fitted_once_from_arms_of_one_reference_and_as_many_blocks(blocks_of):
    own = [blocks_of(around(0.0, 0.1 + 0.02 * i, seed=i), **FIXED) for i in range(5)]
    fewer = blocks_of(around(0.0, 0.4, seed=6), outcomes={2: "diverged"}, **FIXED)
    base = [blocks_of(around(0.0, 0.3, seed=i), pair={"reference": "base"}, **FIXED) for i in range(3)]
    courses = run(*own, fewer, *base)
    expected = fit_prior([blocks.measure(6).spread for blocks in own], 5)
    assert {step.prior for course in courses[:6] for step in course.steps} == {expected}
    assert {step.prior for course in courses[6:] for step in course.steps} == {None}, "three are too few"
    assert all(len(course.steps) == 3 for course in courses)
    turned = run(*base, fewer, *reversed(own))
    assert turned[3:] == [courses[5], *reversed(courses[:5])], "the order of the arms changes nothing"


def test_the_prior_is_not_fitted_anew_from_later_blocks(blocks_of):
    arms = [around(0.0, 0.1 + 0.01 * i, seed=i) for i in range(5)]
    then = [blocks_of(own[:6] + [10 * d for d in own[6:]], **FIXED) for own in arms]
    usual = [blocks_of(own, **FIXED) for own in arms]
    assert run(*then)[0].steps[-1].prior == run(*usual)[0].steps[-1].prior is not None


@pytest.mark.parametrize(("dead", "others", "look", "fails"), [
    (8, 0, 1, False), (9, 0, 2, False), (10, 0, 2, True), (11, 2, 3, False), (12, 2, 3, True),
])  # fmt: skip
def test_fails_to_train_is_fishers_test_with_its_own_share_of_the_error(blocks_of, dead, others, look, fails):
    """One of two arms at its look: the dead are its last blocks before that, and the reference's last of all."""
    design = {"looks": (8, 12, 20), "folds": 1}
    n, rules = design["looks"][look - 1], declare(blocks_of([0.0] * 20, **design).repetitions, 2)
    assert rules.failing == nominal_levels(0.1 * 0.05 / 2, (0.4, 0.6, 1.0))
    died = {seed: ("dead", "diverged")[seed % 2] for seed in range(n - dead, n)}
    reference = dict.fromkeys(range(n - others, n), "diverged")
    arm = blocks_of(around(0.0, 0.2, 20), outcomes=died, reference_outcomes=reference, **design)
    (course,) = follow([cut(arm, n)], [False], rules)
    fisher = stats.fisher_exact([[dead, n - dead], [others, n - others]], "greater").pvalue
    assert (fisher <= rules.failing[look - 1]) == fails
    assert (course.verdict.word == "fails to train") == fails
    assert course.verdict.look == look


def test_an_arm_of_which_none_trained_fails_and_has_no_effect(blocks_of):
    (course,) = run(blocks_of([0.0] * 16, outcomes=dict.fromkeys(range(16), "dead"), **FIXED))
    assert words([course]) == [("fails to train", 2)]
    assert course.last.effect is None


def test_what_died_with_the_reference_is_no_failure_of_the_arm(blocks_of):
    both = dict.fromkeys((2, 9), "diverged")
    (course,) = run(blocks_of(around(0.0, 0.2, 20), outcomes=both, reference_outcomes=both, looks=(20,)))
    assert (course.verdict.word, course.last.effect.blocks) == ("inconclusive", 18)
    assert course.last.told is not None


@pytest.mark.parametrize(("dead", "word", "told"), [(2, "improves", True), (3, "inconclusive", False)])
def test_over_a_fifth_dropped_is_no_verdict(blocks_of, dead, word, told):
    (course,) = run(blocks_of(around(0.3, n=10), outcomes=dict.fromkeys(range(dead), "dead"), looks=(10,)))
    assert (course.verdict.word, course.verdict.partial, course.last.told is not None) == (word, True, told)
    assert course.last.dead == tuple(range(dead))


def test_by_folds_two_repetitions_without_a_drop_are_needed(blocks_of):
    arm = blocks_of(around(0.3, n=25), outcomes={3: "diverged"}, **FOLDS)
    (course,) = run(arm)
    assert [(step.effect.repetitions, step.told is None) for step in course.steps] == [(1, True), (2, False)]
    assert (*words([course]), course.verdict.partial) == (("improves", 2), True)


@pytest.mark.parametrize(("dead", "n", "looks", "expected"), [
    (1, 10, (10,), ("improves", 1)),  # a tenth is not too many
    (2, 10, (10,), ("invalid", 1)),
    (2, 10, (10, 20), ("improves", 2)),  # may be chance: open until two of twenty are not too many
    (4, 10, (10, 20), ("invalid", 1)),  # cannot be chance
    (3, 20, (10, 20), ("invalid", 2)),
])  # fmt: skip
def test_a_reference_that_dies_too_often_makes_its_arms_invalid(blocks_of, dead, n, looks, expected):
    outcomes = dict.fromkeys(range(dead), "dead")
    (course,) = run(blocks_of(around(0.3, n=looks[-1]), reference_outcomes=outcomes, looks=looks))
    assert words([course]) == [expected]
    assert (dead_interval(dead, n)[0] > 0.1) == (expected == ("invalid", 1) and looks != (10,))
    if len(looks) == 2 and expected[1] == 2:
        assert course.steps[0].told is None
    if expected[0] == "invalid":
        assert f"{dead} of " in course.verdict.reason


@pytest.mark.parametrize(("dead", "of"), [(0, 10), (1, 10), (4, 25), (10, 10)])
def test_the_interval_of_the_dead_is_that_of_clopper_and_pearson(dead, of):
    assert dead_interval(dead, of) == pytest.approx(proportion_confint(dead, of, 0.05, "beta"))


deaths = st.dictionaries(st.integers(0, 15), st.sampled_from(["dead", "diverged", "failed"]), max_size=3)
arms = st.tuples(
    st.sampled_from([0.0, 0.01, 0.02, 0.1]), st.sampled_from([0.001, 0.01, 0.05]), st.integers(0, 99), deaths
)
BY_FOLDS = {"looks": (2, 3, 5), "folds": 3}
designs = st.sampled_from([{"looks": (6, 9, 15), "folds": 1}, BY_FOLDS])


@settings(deadline=None, max_examples=60)
@given(designs, st.lists(arms, min_size=1, max_size=6), st.data())
def test_trap_a_verdict_is_taken_back(blocks_of, design, drawn, data):
    """What is said at a look is the same whatever is trained after it, and whatever other arms do then."""
    reference = data.draw(st.dictionaries(st.integers(0, 14), st.sampled_from(["dead", "diverged"]), max_size=1))
    blocks = [
        blocks_of(around(mean, spread, 15, seed), outcomes=died, reference_outcomes=reference, **design)
        for mean, spread, seed, died in drawn
    ]
    simplify = [seed % 3 == 0 for *_, seed, _ in drawn]
    rules = declare(blocks[0].repetitions, len(blocks))
    whole = follow(blocks, simplify, rules)
    before = [Verdict("open")] * len(blocks)
    for look, repetitions in enumerate(design["looks"], 1):
        seeds = repetitions * design["folds"]
        for done in (seeds, seeds + 1):  # cut in the middle of what comes next, it is as it was at the look
            early = follow([cut(own, done) for own in blocks], simplify, rules)
            for now, then, last in zip(early, whole, before, strict=True):
                assert now.steps == then.steps[: len(now.steps)]
                assert len(now.steps) == min(look, len(then.steps)) or now.waits
                assert now.open or now.verdict == then.verdict
                assert not now.verdict.not_worse or then.verdict.not_worse
                assert last.word == "open" or now.verdict == last
            if done == seeds:
                before = [course.verdict for course in early]


@settings(deadline=None, max_examples=30)
@given(designs, st.lists(arms, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_trap_the_order_of_arms_or_trials_changes_a_number(blocks_of, design, drawn, shuffler):
    blocks = [blocks_of(around(m, spread, 15, seed), outcomes=died, **design) for m, spread, seed, died in drawn]
    order, seeds = list(range(len(blocks))), list(range(15))
    shuffler.shuffle(order)
    shuffler.shuffle(seeds)
    turned = [
        Blocks(own.pair, own.repetitions, *({s: of[s] for s in seeds} for of in (own.arm, own.reference)))
        for own in (blocks[place] for place in order)
    ]
    there, back = run(*blocks), run(*turned)
    assert back == [there[place] for place in order]


def test_an_arm_whose_failed_trial_was_repaired_changes_nothing_for_the_others(blocks_of):
    generator = np.random.default_rng(5)
    others = [blocks_of(list(generator.normal(0, 0.02 + 0.01 * k, 10)), looks=(6, 10), folds=1) for k in range(5)]
    late = list(generator.normal(0, 0.2, 10))
    before = run(*others, blocks_of(late, outcomes={2: "failed"}, looks=(6, 10), folds=1))
    after = run(*others, blocks_of(late, outcomes={2: "repaired"}, looks=(6, 10), folds=1))
    assert after[:5] == before[:5]
    assert after[5].steps
    assert not before[5].steps
