"""What a report says of how it was made, against the plan."""

import pytest

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.render.markdown import template
from bloodstudy.reporting.sections import methods
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), exploratory=("strided",))


@pytest.fixture
def judge(claims_of):
    return lambda **more: claims_of(POOLS, photographs=3, **more)


def write(claims):
    return unmark(template("methods.md.j2").render(methods.describe_methods(claims, [])))


def test_the_limits_say_how_error_is_kept_and_at_which_looks(judge):
    text = write(judge(seeds=10, looks=[6, 10]))
    assert "at most 5 % for the study, over all its verdicts" in text
    assert "Each of the 2 planned pairs" in text
    assert "Looks are at 6 and 10 seeds." in text
    assert "O'Brien-Fleming kind" in text
    assert "Under 6 seeds the only verdict is `pilot`" in text
    assert "new trainings on these test images, and not about other ones" in text
    assert "The class with the fewest scenes in the test has 3: so few say nothing of new ones" in text


def test_of_folds_they_say_what_the_estimand_is(judge):
    text = write(judge(seeds=2, folds=3))
    assert "The only look is at 2 repetitions." in text
    assert "of networks that are trained on 2 parts of 3 of this pool" in text
    assert "conditional on this pool" in text
    assert "[blocks.csv](blocks.csv)" in text
    assert "| arm | repetition | fold | seed |" in text


def test_a_study_that_declared_no_looks_is_said_to_be_judged_afterwards(judge):
    text = write(judge(design=None))
    assert "so the study is judged afterwards, as if one look at 6 seeds had been declared" in text


def test_trials_without_a_result_are_listed_by_their_arm_and_seeds(judge):
    missing = {("reference", 2), *(("pooling=none", seed) for seed in (1, 3, 4, 5))}
    text = write(judge(seeds=6, outcomes=dict.fromkeys(missing, "missing")))
    table, _, absent = text.partition("### Every trial")[2].partition("Planned, and without a result")
    assert table.count("| finished |") == len([line for line in table.splitlines() if line.startswith("| `")]) == 19
    lines = [line for line in absent.splitlines() if line.startswith("- ")]
    assert lines == ["- missing: `pooling=none`, seeds 1 and 3 to 5", "- missing: `reference`, seed 2"]
    assert "Planned, and without a result" not in write(judge(seeds=3))
