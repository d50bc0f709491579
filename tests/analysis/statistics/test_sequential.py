"""An arm at its looks: the words, and how often a study of many looks and arms is wrong."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from bloodstudy.analysis.statistics.sequential import Bounds, Said, look_at, plan_bounds

M = 0.03
LOOKS = (2, 3, 5, 8)


@pytest.mark.parametrize(
    ("effect", "variance", "said", "detectable", "beyond", "not_worse"),
    [
        (0.0, 0.0, Said.EQUIVALENT, False, False, True),
        (0.01, 0.0, Said.EQUIVALENT, True, False, True),
        (0.0, 1e-4, Said.EQUIVALENT, False, False, True),
        (0.02, 1e-6, Said.EQUIVALENT, True, False, True),
        (0.04, 1e-4, Said.IMPROVES, False, False, True),
        (0.08, 1e-4, Said.IMPROVES, False, True, True),
        (-0.08, 1e-4, Said.HARMS, False, True, False),
        (-0.04, 1e-4, Said.HARMS, False, False, False),
        (0.02, 4e-4, None, False, False, True),
        (0.0, 1e-2, None, False, False, False),
    ],
)
def test_the_words(effect, variance, said, detectable, beyond, not_worse):
    look = look_at(effect, variance, 20, Bounds(0.025, 0.05), M)
    assert (look.said, look.detectable, look.beyond, look.not_worse) == (said, detectable, beyond, not_worse)


def test_a_question_that_is_content_closes_an_arm_that_is_not_worse():
    assert look_at(0.02, 4e-4, 20, Bounds(0.025, 0.05), M, simplify=True).said == Said.NOT_WORSE
    assert look_at(0.0, 1e-2, 20, Bounds(0.025, 0.05), M, simplify=True).said is None


@settings(deadline=None)
@given(effect=st.floats(-0.2, 0.2), variance=st.floats(0, 0.01), freedom=st.floats(3, 300))
def test_a_mirrored_effect_has_the_mirrored_words(effect, variance, freedom):
    one, other = (look_at(sign * effect, variance, freedom, Bounds(0.01, 0.02), M) for sign in (1, -1))
    mirrored = {Said.IMPROVES: Said.HARMS, Said.HARMS: Said.IMPROVES}
    if effect:
        assert other.said == mirrored.get(one.said, one.said)
    assert (one.low, one.at_least) == pytest.approx((-other.high, -other.at_most))


def study(generator, effects, spread=0.05, freedom_of=lambda repetitions: 5 * repetitions - 1):
    """Return for each arm what closed it, with its flags; blocks are drawn as normal differences, five a repetition."""
    bounds = plan_bounds(LOOKS, len(effects))
    found = []
    for effect in effects:
        blocks, look, not_worse = generator.normal(effect, spread, 5 * LOOKS[-1]), None, False
        for repetitions, bound in zip(LOOKS, bounds, strict=True):
            seen = blocks[: 5 * repetitions]
            look = look_at(seen.mean(), seen.var(ddof=1) / len(seen), freedom_of(repetitions), bound, M)
            not_worse = not_worse or look.not_worse
            if look.said:
                break
        found.append((look, not_worse))
    return found


def is_wrong(effect, look, not_worse):
    """Tell whether any statement on an arm is wrong."""
    return (
        (look.said == Said.EQUIVALENT and abs(effect) >= M)
        or (look.said == Said.IMPROVES and effect <= 0)
        or (look.said == Said.HARMS and effect >= 0)
        or (look.detectable and effect == 0)
        or (look.beyond and abs(effect) <= M)
        or (not_worse and effect <= -M)
    )


@pytest.mark.parametrize("effect", [0.0, -M, M, -0.01])
def test_all_statements_of_a_study_together_are_wrong_in_at_most_five_of_a_hundred(effect):
    generator, studies, arms = np.random.default_rng(21), 400, 16
    wrong = sum(any(is_wrong(effect, *arm) for arm in study(generator, [effect] * arms)) for _ in range(studies))
    assert wrong / studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)


def test_large_effects_close_early_and_equal_arms_end_equivalent_or_open():
    generator = np.random.default_rng(22)
    found = [look for _ in range(60) for look, _ in study(generator, [-0.2, 0.0], spread=0.03)]
    assert all(look.said == Said.HARMS and look.beyond for look in found[::2])
    words = [look.said for look in found[1::2]]
    assert words.count(Said.EQUIVALENT) >= 0.8 * len(words)


@settings(deadline=None)
@given(
    st.lists(st.integers(-300, 300), min_size=3, max_size=30).map(lambda n: np.array(n) / 2487),
    st.sampled_from([0.005, 0.02, 0.05]),
    st.sampled_from([0.001, 0.025, 0.2]),
)
def test_the_statements_are_the_tests_of_scipy_and_statsmodels(values, margin, p):
    assume(np.ptp(values) > 0)
    n = len(values)
    look = look_at(values.mean(), values.var(ddof=1) / n, n - 1, Bounds(p, p), margin)
    equivalence = ttost_paired(values, 0 * values, -margin, margin)[0]
    greater = stats.ttest_1samp(values, -margin, alternative="greater").pvalue
    difference = stats.ttest_1samp(values, 0.0).pvalue / 2
    assume(min(abs(found - p) for found in (equivalence, greater, difference)) > 1e-9)
    assert (look.said == "equivalent") == (equivalence < p)
    assert look.not_worse == (greater < p)
    assert (look.low > 0 or look.high < 0) == (difference < p)


@pytest.mark.parametrize(("value", "said", "not_worse", "beyond"), [
    (0.0, "equivalent", True, False), (0.01, "equivalent", True, False), (0.03, "improves", True, True),
    (-0.03, "harms", False, True), (0.02, "improves", True, False), (-0.02, "harms", False, False),
])  # fmt: skip
def test_trap_without_variance_a_margin_is_not_within_itself(value, said, not_worse, beyond):
    look = look_at(value, 0.0, 7, Bounds(0.01, 0.02), 0.02)
    assert (look.said, look.not_worse, look.beyond) == (said, not_worse, beyond)
