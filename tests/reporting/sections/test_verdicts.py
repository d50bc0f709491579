"""Prose against its verdict objects: numbers and words are read back out of each sentence, over random studies."""

import math
import re
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import Comparison, Course, Pair, Step, StudyAnalysis, Verdict, analyse_study
from bloodstudy.analysis.comparisons.comparison import NOTHING, withhold
from bloodstudy.analysis.comparisons.course import declare
from bloodstudy.analysis.comparisons.mechanism import name_mechanism
from bloodstudy.analysis.comparisons.validity import Training
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.analysis.statistics.blocks import BlockEffect
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.analysis.statistics.sequential import look_at
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.sections import effect_tables
from bloodstudy.reporting.sections import verdicts as sentences
from bloodstudy.reporting.sections.glance import answer
from bloodstudy.study.design import DesignName, Repetitions
from bloodstudy.study.planned import PlannedQuestion

STUDIES = 400
NUMBER = r"[+-]\d+\.\d\d?"
EFFECT = rf"({NUMBER})(?: points)?(?: \[({NUMBER}), ({NUMBER})\])?"
LOOKS = (6, 8, 12)
PHRASES = {"improves": r"improves", "harms": r"harms", "equivalent": r"equivalent", "not worse": r"not worse",
           "inconclusive": r"inconclusive", "open": r"open \d/3", "pilot": r"pilot", "invalid": r"invalid",
           "fails to train": r"fails to train"}  # fmt: skip


@dataclass
class Drawn:
    """A random arm as far as its looks went."""

    steps: tuple
    verdict: Verdict
    points: pd.DataFrame
    others: pd.DataFrame


def draw_study(rng):
    """Return a random analysed study: effects of any size and spread, verdicts by the real looks or given ones."""
    family, margin = int(rng.integers(1, 7)), float(rng.choice([0.01, 0.02, 0.05]))
    folds = int(rng.choice([1, 2]))
    name = DesignName.FIXED if folds == 1 else DesignName.FOLDS
    rules = declare(Repetitions(name, tuple(range(folds * LOOKS[-1])), folds, LOOKS), family)
    compared = tuple(draw_comparison(rng, f"lr={k}", rules, margin) for k in range(family))
    sweep = SimpleNamespace(plan=plan_of({"design": name}), results={}, seeds=list(rules.repetitions.seeds))
    return StudyAnalysis(sweep, rules, family, LOOKS[-1], compared, 12, "scene")


def draw_arm(rng, rules, margin):
    scale, spread = rng.choice([0.0, 0.001, 0.01, 0.05, 0.2]), rng.choice([0.0, 0.001, 0.01, 0.05])
    index = pd.RangeIndex(len(rules.repetitions.seeds))
    shift = rng.normal(0, scale, 2) + rng.normal(0, spread, (len(index), 2))
    other = pd.DataFrame({"train_accuracy": rng.uniform(0.5, 1, len(index)), "test_accuracy": rng.uniform(0.3, 0.9)})
    frames = [frame.assign(accuracy_gap=frame.iloc[:, 0] - frame.iloc[:, 1]) for frame in (other + shift, other)]
    steps, flag, simplify = [], None, bool(rng.integers(2))
    for look, repetitions in enumerate(LOOKS):
        seeds = rules.repetitions.seeds_of(repetitions)
        values = (frames[0] - frames[1])["test_accuracy"].to_numpy()[list(seeds)]
        own = estimate(values)
        effect = BlockEffect(own.mean, own.n, repetitions, own.sd**2, own.se**2, 0.0, (), tuple(values))
        told = look_at(own.mean, own.se**2, own.df, rules.bounds[look], margin, simplify)
        steps.append(Step(look + 1, repetitions, effect, told, own.low, own.high, len(seeds), None, (), ()))
        flag = flag or (look + 1 if told.not_worse else None)
        kept = {"look": look + 1, "not_worse": flag is not None, "not_worse_look": flag}
        if told.said is not None:
            word = Word(str(told.said))
            last = Verdict(word, detectable=told.detectable, beyond=told.beyond, final=True, **kept)
            return Drawn(tuple(steps), last, frames[0], frames[1])
        if rng.random() < 0.2:
            return Drawn(tuple(steps), Verdict(Word.OPEN, f"{look + 1}/3", **kept), frames[0], frames[1])
        if rng.random() < 0.1:
            stopped = Verdict(Word.INCONCLUSIVE, final=True, stopped=True, **kept)
            return Drawn(tuple(steps), stopped, frames[0], frames[1])
    return Drawn(tuple(steps), Verdict(Word.INCONCLUSIVE, final=True, **kept), frames[0], frames[1])


def draw_comparison(rng, name, rules, margin):
    drawn, word = draw_arm(rng, rules, margin), rng.choice([None] * 9 + ["fails to train", "invalid", "pilot"])
    verdict, steps, dead = drawn.verdict, drawn.steps, ()
    if word:
        verdict = Verdict(Word(word), "it has no trial of seed 3" if word == "invalid" else "", look=1, final=True)
        steps = () if word == "pilot" else steps
    elif rng.random() < 0.2:
        verdict, dead = replace(verdict, partial=True), (0,)
    dead = (0, 1) if word == "fails to train" else dead
    used = steps[-1].repetitions if steps else 1
    planned = rules.repetitions.seeds_of(used)
    seeds = [seed for seed in planned if seed not in dead]
    arm, other = drawn.points.loc[seeds], drawn.others.loc[seeds]
    effects = {response: estimate((arm - other)[response].to_numpy()) for response in RESPONSES.values()}
    these = (math.nan, math.nan)
    if steps:
        last = steps[-1]
        mean = effects["test_accuracy"].mean
        effects["test_accuracy"] = replace(effects["test_accuracy"], low=last.told.low, high=last.told.high)
        these = (last.low, last.high)
        assert dead or mean == pytest.approx(last.effect.effect)
    else:
        effects = {response: replace(effect, low=math.nan, high=math.nan) for response, effect in effects.items()}
    closed = verdict.final and verdict.tested and verdict.word != Word.INCONCLUSIVE
    comparison = Comparison(
        pair=Pair(name, "reference", "confirmatory", ("q",), margin), seeds=tuple(seeds), arm=arm, reference=other,
        effects=effects, these=these, scenes=NOTHING, course=Course(steps, verdict),
        training=Training(len(planned), dead, ()), reference_training=Training(len(planned), (), ()), faults=(),
        unpaired=False, verdict=verdict, mechanism=name_mechanism(*effects.values()) if closed else None,
    )  # fmt: skip
    return withhold(comparison) if word == "invalid" else comparison


def read_effects(text):
    """Return {"test": (mean, low, high), ...} as the sentence says them."""
    effects = {}
    for side in RESPONSES:
        if match := re.search(rf"\b{side} {EFFECT}", text):
            effects[side] = tuple(None if number is None else float(number) for number in match.groups())
    return effects


def lie(value, printed, wide):
    """Tell whether a printed number is not the rounding of a value in fractions, of a wide interval to one decimal."""
    return not math.isnan(value) if printed is None else abs(100 * value - printed) > (0.0501 if wide else 0.00501)


def check_sentence(comparison, text, by_folds):
    verdict = comparison.verdict
    bold = [word for word, phrase in PHRASES.items() if re.search(rf"\*\*{phrase}\*\*", text)]
    assert bold == [str(verdict.word)]
    said = read_effects(text)
    if verdict.word == Word.INVALID:
        assert not said
        return
    for side, response in RESPONSES.items():
        effect = comparison.effects[response]
        wide = not effect.high - effect.low <= 0.01
        for value, printed in zip((effect.mean, effect.low, effect.high), said[side], strict=True):
            assert not lie(value, printed, wide), (side, text)
    assert f"{len(comparison.seeds)} {'block' if by_folds else 'seed'}" in text
    scope = "for new photographs" if by_folds else "on these test images"
    assert (scope in text) == (verdict.tested or verdict.word == Word.OPEN), "the scope stands with every verdict"
    if verdict.tested:
        assert f"(look {verdict.look} of 3)" in text
    (mean, low, high), margin = said["test"], 100 * comparison.pair.margin
    assert verdict.word != Word.IMPROVES or low >= 0
    assert verdict.word != Word.HARMS or high <= 0
    assert verdict.word != Word.EQUIVALENT or abs(mean) <= margin
    assert ("by more than the margin" not in text) or verdict.beyond
    flagged = "It is not worse by more than" in text
    assert flagged == (verdict.not_worse and verdict.word in (Word.INCONCLUSIVE, Word.HARMS, Word.OPEN))
    assert ("of those that trained" in text) == (verdict.partial and verdict.tested)
    assert ("budget ended" in text) == verdict.stopped
    assert "no difference" not in text.lower().replace("no difference shown", "")
    directions = re.search(r"Train (up|down|unclear), test (up|down|unclear)", text)
    if directions:
        assert verdict.final, "how an arm works is said of closed ones"
        for direction, side in zip(directions.groups(), ("train", "test"), strict=True):
            low, high = said[side][1:]
            seen = {"up": low >= 0, "down": high <= 0, "unclear": low <= 0 <= high}
            assert seen[direction], text


@pytest.fixture(scope="module")
def studies():
    rng = np.random.default_rng(1)
    return [draw_study(rng) for _ in range(STUDIES)]


def test_no_sentence_says_anything_but_its_verdict(studies):
    words = set()
    for analysis in studies:
        claims = StudyClaims(analysis, Ledger())
        for comparison in analysis.comparisons:
            check_sentence(comparison, unmark(sentences.describe_arm(comparison, claims)), analysis.by_folds)
            words.add(str(comparison.verdict.word))
    assert words == set(PHRASES), "the random studies reach every word"


def test_the_answer_of_a_question_says_of_each_arm_what_its_verdict_says(studies):
    """Every arm stands in one clause, whose words are those of its verdict; numbers are those of its effect."""
    verbs = {"improves": "gains", "harms": "costs", "equivalent": "no difference beyond", "not worse": "not worse by",
             "fails to train": "to train", "invalid": "nothing is concluded", "open": "not decided yet",
             "inconclusive": "not settled"}  # fmt: skip
    for analysis in studies:
        claims = StudyClaims(analysis, Ledger())
        arms = [comparison.pair.arm for comparison in analysis.comparisons]
        margin = max(comparison.pair.margin for comparison in analysis.comparisons)
        text = unmark(answer(PlannedQuestion("q", "?", "lr", "reference", arms, margin), claims))
        words = {comparison.verdict.word for comparison in analysis.comparisons}
        if "pilot" in words:
            assert text.startswith("Not decided: it takes 6 seeds" if not analysis.by_folds else "Not decided")
            continue
        if len(words) == 1 and "`" not in text:
            assert text.startswith({"open": "Not decided yet", "inconclusive": "Not settled"}[words.pop()])
            continue
        clauses = text.removesuffix(".").split("; ")
        for comparison in analysis.comparisons:
            (own,) = (clause for clause in clauses if f"`{comparison.pair.arm}`" in clause)
            verdict = comparison.verdict
            kept = verdict.not_worse and verdict.word in (Word.INCONCLUSIVE, Word.OPEN)
            assert verbs["not worse" if kept else str(verdict.word)] in own, text
            if verdict.word in (Word.IMPROVES, Word.HARMS):
                told = float(re.search(r"(?:gains|costs) ([\d.]+) points", own)[1])
                sign = 1 if verdict.word == Word.IMPROVES else -1
                assert sign * told == pytest.approx(100 * comparison.test.mean, abs=0.0501)
        assert text.startswith("It matters to test accuracy: ") == bool(words & {Word.IMPROVES, Word.HARMS, Word.FAILS})


def test_tables_say_what_the_sentences_say(studies):
    for analysis in studies[:100]:
        claims = StudyClaims(analysis, Ledger())
        rows = unmark(effect_tables.tabulate_effects(analysis.comparisons, claims)).splitlines()[2:]
        for comparison, row in zip(analysis.comparisons, rows, strict=True):
            said = read_effects(unmark(sentences.describe_arm(comparison, claims)))
            for side, numbers in said.items():
                cells = [tuple(map(float, re.findall(NUMBER, cell))) for cell in row.split("|")]
                assert tuple(number for number in numbers if number is not None) in cells, side


def test_a_verdict_is_named_with_what_goes_with_it():
    assert sentences.name_verdict(Verdict(Word.OPEN, "2/4", look=2)) == "open 2/4"
    assert sentences.name_verdict(Verdict(Word.HARMS, look=1, beyond=True)) == "harms, beyond the margin"
    assert sentences.name_verdict(Verdict(Word.EQUIVALENT, detectable=True, not_worse=True)) == "equivalent, detectable"
    stopped = Verdict(Word.INCONCLUSIVE, look=3, stopped=True, not_worse=True, partial=True)
    name = "inconclusive (stopped at look 3), not worse"
    assert sentences.name_verdict(stopped) == f"{name}, of those that trained"
    assert sentences.name_verdict(stopped, partial=False) == name


def test_of_a_pilot_there_is_no_interval(claims_of):
    claims = claims_of(seeds=1)
    for comparison in claims.analysis.comparisons:
        text = unmark(sentences.describe_arm(comparison, claims))
        assert "**pilot** of fewer than 6 seeds" in text
        assert "[" not in text
        assert "nan" not in text


def test_an_arm_whose_trial_failed_at_first_says_so(claims_of):
    analysis = claims_of().analysis
    (key,) = (trial.key for trial in analysis.sweep.plan.trials if trial.arm == "pooling=none" and trial.seed == 3)
    result = analysis.sweep.results[key]
    analysis.sweep.results[key] = replace(result, cost=replace(result.cost, failures=1))
    again = StudyClaims(analyse_study(analysis.sweep), Ledger())
    said = "Its training of seed 3 failed at first and was done again, so it may have been judged after other arms."
    told = {arm: sentences.describe_arm(again.analysis.find(arm), again) for arm in ("pooling=none", "pooling=average")}
    assert said in told["pooling=none"]
    assert "failed at first" not in told["pooling=average"]
