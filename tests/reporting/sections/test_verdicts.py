"""Prose against its verdict objects: numbers and words are read back out of each sentence, over random studies."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import Comparison, InterimLook, Pair, StudyAnalysis
from bloodstudy.analysis.comparisons import verdict as rules
from bloodstudy.analysis.comparisons.comparison import withhold
from bloodstudy.analysis.comparisons.mechanism import name_mechanism
from bloodstudy.analysis.comparisons.validity import Training
from bloodstudy.analysis.comparisons.verdict import Verdict, add_second_words
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.sections import effect_tables
from bloodstudy.reporting.sections import verdicts as sentences

STUDIES = 1000
NUMBER = r"[+-]\d+\.\d\d"
EFFECT = rf"({NUMBER})(?: points)?(?: \[({NUMBER}), ({NUMBER})\])?"
WORDS = ("improves", "harms", "equivalent", "inconclusive", "fails to train", "invalid", "pending 4/10", "pilot")


def draw_study(rng):
    """Return a random analysed study: effects of any size and spread, verdicts by the real tests or given ones."""
    seeds, family, margin = int(rng.integers(2, 13)), int(rng.integers(1, 7)), float(rng.choice([0.01, 0.02, 0.05]))
    alpha = float(rng.choice([0.05, 0.025]))
    compared = [draw_comparison(rng, f"lr={k}", seeds, margin) for k in range(family)]
    verdicts = rules.test_family([c.test for c in compared], [margin] * family, family, alpha)
    verdicts = rules.add_flips(verdicts, rng.uniform(0, 0.1, family).tolist(), family, alpha)
    verdicts = add_second_words(verdicts, verdicts[::-1], [bool(rng.integers(2))] * family)
    final_comparisons = []
    for comparison, verdict in zip(compared, verdicts, strict=True):
        word = str(rng.choice([verdict.word] * 6 + ["fails to train", "invalid", "pending", "pilot"]))
        reason = {"pending": "4/10", "invalid": "it has no trial of seed 3"}.get(word, "")
        final = verdict if word == verdict.word else Verdict(word, reason)
        effects = comparison.effects
        named = name_mechanism(*(effects[response] for response in RESPONSES.values())) if final.tested else None
        final_comparisons.append(remake(comparison, final, None if word == "inconclusive" else named))
    sweep = SimpleNamespace(plan=plan_of({}), results={}, seeds=list(range(seeds)))
    return StudyAnalysis(sweep, InterimLook(seeds, (seeds,)), alpha, family, tuple(final_comparisons), 12, "scene")


def draw_comparison(rng, name, seeds, margin):
    scale, spread = rng.choice([0.0, 0.001, 0.01, 0.05, 0.2]), rng.choice([0.0, 0.001, 0.01, 0.05])
    index = pd.RangeIndex(seeds)
    shift = rng.normal(0, scale, 2) + rng.normal(0, spread, (seeds, 2))
    other = pd.DataFrame({"train_accuracy": rng.uniform(0.5, 1, seeds), "test_accuracy": rng.uniform(0.3, 0.9, seeds)})
    both = (other + shift, other)
    frames = [frame.set_axis(index).assign(accuracy_gap=frame.iloc[:, 0] - frame.iloc[:, 1]) for frame in both]
    effects = {response: estimate((frames[0] - frames[1])[response].to_numpy()) for response in RESPONSES.values()}
    training, reference = Training(seeds, (), ()), Training(seeds, (), ())
    return Comparison(
        pair=Pair(name, "reference", "confirmatory", ("q",), margin), seeds=tuple(range(seeds)), arm=frames[0],
        reference=frames[1], effects=effects, wider=effects["test_accuracy"], bootstrap=None, training=training,
        reference_training=reference, faults=(), unpaired=False, conditional=False,
    )  # fmt: skip


def remake(comparison, verdict, mechanism):
    failing = Training(len(comparison.seeds), (0,), ()) if verdict.word == "fails to train" else comparison.training
    comparison = withhold(comparison) if verdict.word == "invalid" else comparison
    return replace(comparison, verdict=verdict, mechanism=mechanism, training=failing)


def read_effects(text):
    """Return {"test": (mean, low, high), ...} as the sentence says them."""
    effects = {}
    for side in RESPONSES:
        if match := re.search(rf"\b{side} {EFFECT}", text):
            effects[side] = tuple(None if number is None else float(number) for number in match.groups())
    return effects


def lie(value, printed):
    """Tell whether a printed number is not the rounding of a value in fractions."""
    return printed is None or abs(100 * value - printed) > 0.00501


def check_sentence(comparison, text):
    word = comparison.verdict.word
    bold = [named for named in WORDS if f"**{named}**" in text]
    assert bold == ["pending 4/10" if word == "pending" else word]
    said = read_effects(text)
    if word == "invalid":
        assert not said
        return
    for side, response in RESPONSES.items():
        effect = comparison.effects[response]
        assert not any(map(lie, (effect.mean, effect.low, effect.high), said[side])), (side, text)
    assert abs(said["train"][0] - said["test"][0] - said["gap"][0]) < 0.0151
    assert f"{len(comparison.seeds)} seed" in text
    mean, margin = said["test"][0], 100 * comparison.pair.margin
    assert word != "improves" or mean >= 0
    assert word != "harms" or mean <= 0
    assert word != "equivalent" or abs(mean) <= margin
    assert ("by more than the margin" not in text) or abs(mean) >= margin
    assert ("not worse by more than" not in text) or mean >= -margin
    assert "no difference" not in text.lower().replace("no difference shown", "")
    directions = re.search(r"Train (up|down|unclear), test (up|down|unclear)", text)
    if directions:
        for direction, side in zip(directions.groups(), ("train", "test"), strict=True):
            low, high = said[side][1:]
            seen = {"up": low >= 0, "down": high <= 0, "unclear": low <= 0 <= high}
            assert seen[direction], text
        known = {"regularises": ("down", "up"), "memorises": ("up", "down"), "underfits": ("down", "down")}
        for phrase, pair in known.items():
            assert (phrase in text) == (directions.groups() == pair)
    normal, flipped = comparison.verdict.normality, comparison.verdict.flipped
    assert ("rests on normality" in text) == normal
    p_value = re.search(r"exact sign-flip test over the seeds does not say so \(adjusted p = ([\d.e-]+)\)", text)
    assert (p_value is not None) == (normal and flipped is not None)
    assert p_value is None or float(p_value[1]) == pytest.approx(flipped, rel=0.01)
    outside = said["test"][1] > 0 or said["test"][2] < 0
    if outside and word == "inconclusive":
        assert "Its interval leaves out 0" in text


@pytest.fixture(scope="module")
def studies():
    rng = np.random.default_rng(1)
    return [draw_study(rng) for _ in range(STUDIES)]


def test_no_sentence_says_anything_but_its_verdict(studies):
    words = set()
    for analysis in studies:
        claims = StudyClaims(analysis, Ledger())
        for comparison in analysis.comparisons:
            text = unmark(sentences.describe_arm(comparison, claims))
            check_sentence(comparison, text)
            words.add(comparison.verdict.word)
    assert words == {*WORDS} - {"pending 4/10"} | {"pending"}, "the random studies reach every word"


def test_no_summary_contradicts_its_arms(studies):
    verbs = {"improve": "improves", "harm": "harms", "equivalent": "equivalent", "fail": "fails to train"}
    verbs |= {"no difference shown": "inconclusive", "invalid": "invalid"}
    for analysis in studies:
        text = sentences.describe_question(analysis.comparisons, analysis)
        by_word = {}
        for comparison in analysis.comparisons:
            by_word.setdefault(comparison.verdict.word, set()).add(comparison.pair.arm)
        if {"pending", "pilot"} & set(by_word) or len(analysis.comparisons) == 1:
            continue
        assert text.startswith(f"Of {len(analysis.comparisons)} tested arms, ")
        said = {}
        for clause in text.split("tested arms, ")[1].split("; "):
            if named := set(re.findall(r"`(.+?)`", clause)):
                said[next(word for phrase, word in verbs.items() if phrase in clause)] = named
        assert said == by_word
        assert ("none is shown to improve" in text) <= ("improves" not in by_word)


def test_tables_say_what_the_sentences_say(studies):
    for analysis in studies[:100]:
        claims = StudyClaims(analysis, Ledger())
        rows = unmark(effect_tables.tabulate_effects(analysis.comparisons, claims)).splitlines()[2:]
        for comparison, row in zip(analysis.comparisons, rows, strict=True):
            said = read_effects(unmark(sentences.describe_arm(comparison, claims)))
            for side, numbers in said.items():
                shown = " ".join(f"{n:+.2f}" for n in numbers if n is not None)
                assert shown in re.sub(r"[\[\],]", "", row), side


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (InterimLook(4, (10,)), "until then every verdict is pending 4/10"),
        (InterimLook(10, (10,)), "and it decides at 10"),
        (InterimLook(13, (10,)), "the 3 beyond are exploratory"),
        (InterimLook(2, (2,)), "a pilot"),
    ],
)
def test_progress_says_how_far_the_study_has_come(look, said):
    trials = pd.DataFrame({"key": list("abc"), "outcome": ["finished", "diverged", "missing"]})
    sweep = SimpleNamespace(trials=trials, seeds=list(range(max(look.done, look.looks[-1]))))
    analysis = StudyAnalysis(sweep, look, 0.05, 1, (), 12, "scene")
    text = unmark(sentences.describe_progress(StudyClaims(analysis, Ledger())))
    assert said in text
    assert text.startswith("2 of 3 planned trials have a result; 1 is missing, and the same command goes on with it.")


def test_progress_does_not_call_pending_what_is_invalid():
    trials = pd.DataFrame({"key": ["a"], "outcome": ["finished"]})
    sweep = SimpleNamespace(trials=trials, seeds=list(range(10)))
    one = remake(draw_comparison(np.random.default_rng(4), "lr=1", 4, 0.02), Verdict("invalid", "it failed"), None)
    analysis = StudyAnalysis(sweep, InterimLook(4, (10,)), 0.05, 1, (one,), 12, "scene")
    text = unmark(sentences.describe_progress(StudyClaims(analysis, Ledger())))
    assert "every verdict is pending 4/10 or invalid." in text


def test_numbers_that_are_not_there_are_dashes():
    rng = np.random.default_rng(4)
    one = draw_comparison(rng, "lr=1", 1, 0.02)
    sweep = SimpleNamespace(plan=plan_of({}), results={}, seeds=[0])
    analysis = StudyAnalysis(sweep, InterimLook(1, (1,)), 0.05, 1, (one,), 12, "scene")
    text = unmark(sentences.describe_arm(remake(one, Verdict("pilot"), None), StudyClaims(analysis, Ledger())))
    assert math.isnan(one.test.low)
    assert "[" not in text
    assert "nan" not in text
