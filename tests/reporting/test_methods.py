"""What a report says of how it was made, against the plan."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import judge_sweep, read_sweep
from bloodstudy.design import Question
from bloodstudy.reporting import methods, remarks
from bloodstudy.reporting.claims import Ledger, unmark
from bloodstudy.reporting.effects import Told

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), further=("strided",))


@pytest.fixture
def judge(tmp_path):
    def judged(**more):
        fabricate_study(tmp_path, (POOLS,), **{"seeds": 6, "photographs": 3, "copies": 2} | more)
        return judge_sweep(read_sweep(tmp_path, "five_questions"))

    return judged


def test_what_was_fixed_is_the_plan(judge):
    lines = methods.list_fixed(judge())
    assert "arms: 2 tested against their reference, 1 only shown" in lines
    assert any(line.startswith("seeds: 0 to 5, the same") for line in lines)
    assert "decision: at 6 seeds, alpha 0.05" in lines
    assert "plan: hash `0123456789abcdef`" in lines


def test_looks_divide_alpha(judge):
    lines = methods.list_fixed(judge(seeds=10, looks=[6, 10]))
    assert "decision: at 6 and 10 seeds, alpha 0.025 (0.05 divided by 2 looks)" in lines


def test_limits_say_the_floor_and_what_cannot_be_told(judge):
    judged = judge()
    text = unmark(" ".join(methods.list_limits(judged, Told(judged, Ledger()))))
    assert "could reach here is 0.0625; above alpha" in text
    assert "The class with the fewest scenes in the test has 3: under 10" in text


def test_failing_trials_are_said_to_be_left_out(judge):
    judged = judge(outcomes={("pooling=none", 2): "diverged", ("pooling=none", 4): "chance"})
    lines = methods.list_excluded(judged, Told(judged, Ledger()))
    assert lines[0].startswith("`pooling=none`, seed 2: diverged")
    assert lines[1].startswith("`pooling=none`, seed 4: stayed at chance")


def test_a_reference_at_chance_and_a_trial_that_died_are_said_too(judge):
    judged = judge(outcomes={("reference", 1): "chance", ("pooling=none", 3): "failed"})
    lines = methods.list_excluded(judged, Told(judged, Ledger()))
    assert lines == [
        "`reference`, seed 1: stayed at chance, nothing is compared with it",
        "`pooling=none`, seed 3: failed, nothing is concluded on the arm",
    ]


def test_results_beyond_the_seeds_that_are_looked_at_are_counted(judge):
    judged = judge(seeds=8, outcomes={("pooling=none", 6): "missing", ("pooling=average", 7): "missing"})
    (line,) = methods.list_excluded(judged, Told(judged, Ledger()))
    assert unmark(line).startswith("4 trials of seeds beyond the first 6: in no effect of a tested arm")


def test_where_every_trial_counts_none_was_left_out(judge):
    judged = judge()
    assert methods.list_excluded(judged, Told(judged, Ledger())) == ["no trial that has a result was left out"]


def test_the_paragraph_names_data_seeds_and_tests(judge):
    text = methods.write_paragraph(judge())
    for words in ("2 arms", "smear (official split)", "6 random seeds", "margin 2 points", "alpha = 0.05"):
        assert words in text


@pytest.mark.parametrize(
    ("photographs", "said"),
    [
        (3, "could not be judged: of one class the test set shows 3 scenes only."),
        (10, "was judged with seeds and scenes both random"),
    ],
)
def test_the_paragraph_claims_no_analysis_that_could_not_be_made(judge, photographs, said):
    text = methods.write_paragraph(judge(photographs=photographs))
    assert f"Whether a decision holds for new photographs {said}" in text


def test_the_paragraph_says_which_test_images_of_the_clean_split_count(judge):
    clean = {"test_accuracy": 0.7, "test_images_clean": 16, "test_accuracy_clean": 0.7, "accuracy_gap_clean": 0.2}
    text = methods.write_paragraph(judge(judged="official_clean", change=lambda told: told["responses"].update(clean)))
    assert "(official split, without the 8 of 24 test images whose scene is in training)" in text


def test_the_paragraph_of_a_pilot_says_that_nothing_was_tested(judge):
    told = "So far, with {} seeds, no test was made"
    assert told.format(4) in methods.write_paragraph(judge(seeds=4))
    assert told.format(6) not in methods.write_paragraph(judge())


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
    assert remarks._with_seeds(command, 13) == longer
