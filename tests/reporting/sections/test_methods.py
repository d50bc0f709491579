"""What a report says of how it was made, against the plan."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections import methods, open_issues
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), exploratory=("strided",))


@pytest.fixture
def judge(tmp_path):
    def judged(**more):
        fabricate_study(tmp_path, (POOLS,), **{"seeds": 6, "photographs": 3, "copies": 2} | more)
        return analyse_study(load_study(tmp_path, "five_questions"))

    return judged


def test_what_was_fixed_is_the_plan(judge):
    judged = judge()
    lines = methods.list_fixed(judged)
    assert "arms: 2 tested against their reference, 1 only shown" in lines
    assert any(line.startswith("seeds: 0 to 5, the same") for line in lines)
    assert "decision: at 6 seeds, alpha 0.05" in lines
    assert f"plan: hash `{judged.sweep.plan.digest}`" in lines


def test_looks_divide_alpha(judge):
    lines = methods.list_fixed(judge(seeds=10, looks=[6, 10]))
    assert "decision: at 6 and 10 seeds, alpha 0.025 (0.05 divided by 2 looks)" in lines


def test_limits_say_the_floor_and_what_cannot_be_told(judge):
    judged = judge()
    text = unmark(" ".join(methods.list_limits(judged, StudyClaims(judged, Ledger()))))
    assert "could reach here is 0.0625; above alpha" in text
    assert "The class with the fewest scenes in the test has 3: under 10" in text


def test_failing_trials_are_said_to_be_left_out(judge):
    judged = judge(outcomes={("pooling=none", 2): "diverged", ("pooling=none", 4): "chance"})
    lines = methods.list_excluded(judged, StudyClaims(judged, Ledger()))
    assert lines[0].startswith("`pooling=none`, seed 2: diverged")
    assert lines[1].startswith("`pooling=none`, seed 4: stayed at chance")


def test_a_reference_at_chance_and_a_trial_that_died_are_said_too(judge):
    judged = judge(outcomes={("reference", 1): "chance", ("pooling=none", 3): "failed"})
    lines = methods.list_excluded(judged, StudyClaims(judged, Ledger()))
    assert lines == [
        "`reference`, seed 1: stayed at chance, nothing is compared with it",
        "`pooling=none`, seed 3: failed, nothing is concluded on the arm",
    ]


def test_results_beyond_the_seeds_that_are_looked_at_are_counted(judge):
    judged = judge(seeds=8, outcomes={("pooling=none", 6): "missing", ("pooling=average", 7): "missing"})
    (line,) = methods.list_excluded(judged, StudyClaims(judged, Ledger()))
    assert unmark(line).startswith("4 trials of seeds beyond the first 6: in no effect of a tested arm")


def test_where_every_trial_counts_none_was_left_out(judge):
    judged = judge()
    assert methods.list_excluded(judged, StudyClaims(judged, Ledger())) == ["no trial that has a result was left out"]


@pytest.mark.parametrize(
    ("command", "longer"),
    [
        ("python -m bloodstudy.run -m study=a data=kaggle", "python -m bloodstudy.run -m study=a data=kaggle seeds=13"),
        ("python -m bloodstudy.run -m study=a seeds=5 lr=0.1", "python -m bloodstudy.run -m study=a lr=0.1 seeds=13"),
        (
            "python -m bloodstudy.run -m 'data.root=my images'",
            "python -m bloodstudy.run -m 'data.root=my images' seeds=13",
        ),
    ],
)
def test_the_settling_command_asks_for_a_total(command, longer):
    assert open_issues._with_seeds(command, 13) == longer
