import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from bloodstudy.analysis.comparisons import verdict
from bloodstudy.analysis.comparisons.verdict import KINDS, Verdict, add_second_words, sign_flip_floor
from bloodstudy.analysis.statistics.paired import estimate

MARGIN = 0.02


def effect_of(mean, sd, n=10):
    """Return an effect of exactly this mean and spread."""
    values = np.linspace(-1, 1, n)
    return estimate(mean + sd * values / values.std(ddof=1))


def judge(*effects, margins=None, family=None, alpha=0.05):
    margins = margins or [MARGIN] * len(effects)
    return verdict.test_family(effects, margins, family or len(effects), alpha)


@pytest.mark.parametrize(("mean", "sd", "word", "not_worse", "detectable", "beyond"), [
    (0.0, 0.01, "equivalent", True, False, False),
    (0.008, 0.005, "equivalent", True, True, False),
    (0.03, 0.01, "improves", True, False, True),
    (0.03, 0.03, "improves", True, False, False),
    (-0.03, 0.01, "harms", False, False, True),
    (-0.03, 0.03, "harms", False, False, False),
    (0.01, 0.06, "inconclusive", False, False, False),
    (0.01, 0.03, "inconclusive", True, False, False),
])  # fmt: skip
def test_the_verdict_is_the_first_that_applies(mean, sd, word, not_worse, detectable, beyond):
    (found,) = judge(effect_of(mean, sd))
    assert (found.word, found.not_worse, found.detectable, found.beyond) == (word, not_worse, detectable, beyond)


effects = st.lists(
    st.tuples(st.floats(-0.06, 0.06), st.floats(0.001, 0.06), st.integers(6, 30)).map(lambda of: effect_of(*of)),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(deadline=None, max_examples=10)  # statsmodels collects garbage at every call
@given(effects, st.integers(0, 8))
def test_each_kind_is_adjusted_by_holm_over_the_whole_family(family, further):
    found = judge(*family, family=len(family) + further)
    for kind in KINDS:
        raw = [each.p[kind] for each in found] + [1.0] * further
        adjusted = multipletests(raw, method="holm")[1][: len(found)]
        assert [each.adjusted[kind] for each in found] == pytest.approx(adjusted)


@settings(deadline=None, max_examples=50)
@given(effects)
def test_an_arm_that_cannot_be_tested_enlarges_the_family(family):
    alone, beside = judge(*family), judge(*family, None)
    for fewer, more in zip(alone, beside[:-1], strict=True):
        assert all(more.adjusted[kind] >= fewer.adjusted[kind] for kind in KINDS)
    assert set(beside[-1].p.values()) == {1.0}
    assert beside[-1].word == "inconclusive"
    assert beside[:-1] == judge(*family, family=len(family) + 1)


@settings(deadline=None, max_examples=50)
@given(effects, st.randoms(use_true_random=False))
def test_trap_row_order_of_the_arms_changes_no_number(family, shuffler):
    order = list(range(len(family)))
    shuffler.shuffle(order)
    shuffled = judge(*(family[i] for i in order))
    assert shuffled == [judge(*family)[i] for i in order]


@settings(deadline=None, max_examples=50)
@given(effects, st.sampled_from([0.05, 0.025, 0.01]))
def test_verdicts_follow_their_numbers(family, alpha):
    for effect, found in zip(family, judge(*family, alpha=alpha), strict=True):
        assert found.word != "improves" or effect.mean > 0
        assert found.word != "harms" or effect.mean < 0
        assert (found.word == "equivalent") == (found.adjusted["equivalence"] < alpha)
        assert found.not_worse == (found.adjusted["not_worse"] < alpha)
        assert not found.beyond or abs(effect.mean) > MARGIN
        assert not (found.beyond and found.word == "equivalent")
        assert found.word != "equivalent" or found.not_worse  # one side of two cannot fail where both pass


@settings(deadline=None, max_examples=50)
@given(effects)
def test_an_effect_with_a_smaller_alpha_never_gets_a_bolder_verdict(family):
    for bold, timid in zip(judge(*family), judge(*family, alpha=0.025), strict=True):
        assert timid.word != "equivalent" or bold.word == "equivalent"
        assert timid.word not in ("improves", "harms") or bold.word in ("equivalent", timid.word)


@pytest.mark.parametrize(("seeds", "family", "floor", "normality"), [
    (6, 1, 0.03125, False), (6, 2, 0.0625, True), (10, 16, 0.03125, False), (9, 16, 0.0625, True),
])  # fmt: skip
def test_a_verdict_rests_on_normality_if_sign_flips_could_not_say_it(seeds, family, floor, normality):
    assert sign_flip_floor(seeds, family) == floor
    (found,) = judge(effect_of(0.05, 0.001, seeds), family=family)
    assert (found.word, found.normality) == ("improves", normality)


def test_a_verdict_rests_on_normality_if_the_exact_sign_flip_test_does_not_say_it():
    arms = judge(effect_of(0.05, 0.01), effect_of(-0.05, 0.02), effect_of(0.0, 0.06))
    sure, unsure, open_ = verdict.add_flips(arms, [0.002, 0.03, 0.9], family=3, alpha=0.05)
    assert (sure.word, sure.normality, sure.flipped) == ("improves", False, pytest.approx(0.006))
    assert (unsure.word, unsure.normality, unsure.flipped) == ("harms", True, pytest.approx(0.06))
    assert (open_.word, open_.normality, open_.flipped) == ("inconclusive", False, None)


def test_the_floor_is_reached_by_the_exact_test():
    values = np.array([0.01, 0.03, 0.02, 0.04, 0.05, 0.06])
    flips = np.array(list(itertools.product([1, -1], repeat=6))) @ values
    assert np.mean(np.abs(flips) >= values.sum()) == sign_flip_floor(6, 1)


TELLING = {"p": dict.fromkeys(KINDS, 0.0), "adjusted": dict.fromkeys(KINDS, 0.0)}


@pytest.mark.parametrize(("word", "other", "second"), [
    (Verdict("improves"), Verdict("improves"), "holds"),
    (Verdict("improves"), Verdict("inconclusive"), "not shown"),
    (Verdict("improves"), Verdict("equivalent", detectable=True), "holds"),
    (Verdict("improves"), Verdict("equivalent"), "not shown"),
    (Verdict("harms"), Verdict("harms"), "holds"),
    (Verdict("equivalent"), Verdict("equivalent", detectable=True), "holds"),
    (Verdict("equivalent"), Verdict("improves"), "not shown"),
    (Verdict("inconclusive"), Verdict("inconclusive"), None),
    (Verdict("pending"), Verdict("improves"), None),
])  # fmt: skip
def test_the_second_verdict_says_whether_the_decision_passes_with_the_wider_interval(word, other, second):
    (told,) = add_second_words([word], [other], tellable=[True])
    assert told.second == second
    (untold,) = add_second_words([word], [other], tellable=[False])
    assert untold.second == (None if second is None else "cannot be told")


@pytest.mark.parametrize(("mine", "theirs", "tellable", "second"), [
    (True, True, True, "holds"), (True, False, True, "not shown"), (True, True, False, "cannot be told"),
    (False, True, True, None),
])  # fmt: skip
def test_the_flag_has_a_second_verdict_of_its_own(mine, theirs, tellable, second):
    word, other = (Verdict("inconclusive", not_worse=flag) for flag in (mine, theirs))
    assert add_second_words([word], [other], [tellable])[0].not_worse_second == second


def test_no_arm_is_no_family():
    assert verdict.test_family([], [], 0, 0.05) == []
