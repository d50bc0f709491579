"""The smallest model that is not worse, from effects made up to be so."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
from records import plan_of

from bloodstudy.analysis import InterimLook, Pair, StudyResults, Verdict, find_simplest
from bloodstudy.analysis.comparisons.study import StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import test_family as judge_family
from bloodstudy.analysis.statistics.paired import estimate

PARAMETERS = {"reference": 8684, "quarter": 650, "half": 2312, "double": 33620}
SPREAD = [-0.002, 0.002, -0.001, 0.001, 0.0, 0.003, -0.003, 0.001, -0.001, 0.0]


def compare(pair, effect, verdict):
    return SimpleNamespace(pair=pair, test=effect, verdict=verdict)


def judged(means, tested=True):
    pairs = [Pair(arm, "reference", "confirmatory", ("size",), 0.02) for arm in means]
    effects = [estimate([mean + part for part in SPREAD]) for mean in means.values()]
    verdicts = judge_family(effects, [0.02] * len(means), len(means), 0.05)
    if not tested:
        verdicts = [Verdict("pending")] * len(means)
    compared = tuple(compare(*parts) for parts in zip(pairs, effects, verdicts, strict=True))
    trials = pd.DataFrame([{"arm": arm, "parameters": count} for arm, count in PARAMETERS.items()])
    plan = plan_of({"questions": [{"name": "size", "reference": "reference"}]})
    results = StudyResults(plan, trials, {}, {}, {})
    return StudyAnalysis(results, InterimLook(10, (10,)), 0.05, len(means), compared, 20, "photograph")


def test_the_smallest_model_that_carries_the_flag_and_how_that_moves_with_the_margin():
    answer = find_simplest(judged({"quarter": -0.03, "half": -0.01, "double": 0.01}), "size")
    assert answer.smallest == "half"
    strip = dict(zip(answer.strip["margin"], answer.strip["smallest"], strict=True))
    assert strip[0.005] == "reference"  # double is not worse, and larger
    assert strip[0.02] == "half"
    assert strip[0.05] == "quarter"
    sizes = [PARAMETERS[arm] for arm in answer.strip["smallest"]]
    assert sizes == sorted(sizes, reverse=True)


def test_nothing_smaller_is_not_worse_so_the_reference_stays():
    assert find_simplest(judged({"quarter": -0.3, "half": -0.1, "double": 0.01}), "size").smallest == "reference"


def test_before_a_look_nothing_is_named():
    answer = find_simplest(judged({"half": 0.0}, tested=False), "size")
    assert answer.smallest is None
    assert answer.strip.empty


def test_at_no_margin_is_an_arm_named_that_another_question_compares_with_another_reference():
    study = judged({"quarter": -0.3, "half": -0.1})
    elsewhere = Pair("quarter", "other", "confirmatory", ("colour",), 0.02)
    effect = estimate([0.1 + part for part in SPREAD])
    (verdict,) = judge_family([effect], [0.02], 3, 0.05)
    comparisons = (*study.comparisons, compare(elsewhere, effect, verdict))
    answer = find_simplest(replace(study, comparisons=comparisons), "size")
    assert set(answer.strip["smallest"]) == {"reference"}


def test_if_every_smaller_model_failed_to_train_the_reference_stays():
    study = judged({"half": 0.0}, tested=False)
    (compared,) = study.comparisons
    failed = compare(compared.pair, compared.test, Verdict("fails to train"))
    assert find_simplest(replace(study, comparisons=(failed,)), "size").smallest == "reference"
