"""What a later command may change in a plan, against studies of which some trials have a result."""

from dataclasses import replace

import lab
import pytest
from studies import SMALL, fabricate_study

from bloodstudy.errors import UserError
from bloodstudy.execution.amendments import amend, list_changes, refuse_another_sweep
from bloodstudy.study.question import Question
from bloodstudy.study.run_folder import read_plan

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))


def change_setting(old):
    """Return the plan of another setting: none of its trials is one of the old."""
    trials = tuple(replace(trial, key=trial.key[::-1]) for trial in old.trials)
    return replace(old, trials=trials, common={**old.common, "epochs": 99})


@pytest.fixture
def study(tmp_path):
    """Return a function that makes a study and returns its plan."""

    def study(**more):
        fabricate_study(tmp_path, (POOLS,), 8, looks=[6, 8], study="small", **SMALL | more)
        return read_plan(tmp_path, "small")

    return study


def test_what_a_look_has_said_is_kept_so_its_setting_stays(study, tmp_path):
    old = study()
    with pytest.raises(UserError, match=r"has held look 2 of 2; received another setting, .* another runs_dir"):
        amend(change_setting(old), old, tmp_path)


def test_before_the_first_look_the_results_that_a_changed_setting_leaves_are_counted(study, tmp_path):
    arms = "reference", "pooling=average", "pooling=none"
    old = study(outcomes={(arm, seed): "missing" for arm in arms for seed in range(4, 8)})
    amendments = amend(change_setting(old), old, tmp_path).amendments
    assert "trials: 12 that have a result are not planned any more" in amendments
    assert [change for change in amendments if change.startswith("setting")] == [
        f"setting, epochs: {old.common['epochs']} became 99"
    ]


def test_words_may_change_after_a_look(study, tmp_path):
    old = study()
    said = 'title: "The five questions" became "Otherwise"'
    assert amend(replace(old, title="Otherwise"), old, tmp_path).amendments == [said]


def test_of_arms_and_questions_only_what_changed_is_told(study):
    old = study()
    question = replace(old.questions[0], sentence="Otherwise")
    arms = {name: arm for name, arm in old.arms.items() if name != "pooling=none"}
    arms["pooling=strided"] = old.arms["pooling=none"]
    changes = list_changes(replace(old, questions=(question,), arms=arms), old)
    assert changes == [
        'questions, pools, sentence: "Which pooling?" became "Otherwise"',
        "arms, pooling=none: was left out",
        "arms, pooling=strided: was added",
    ]


def test_an_extension_that_was_edited_is_named(study, tmp_path):
    plain = replace(study(), questions=(), design=None)
    texts = [lab.TEXT, lab.TEXT.replace("round(4 *", "round(5 *")]
    then, now = ([lab.describe_here(lab.write(tmp_path, text)).to_dict()] for text in texts)
    other = tuple(replace(trial, key=trial.key[::-1]) for trial in plain.trials)
    edited = replace(plain, trials=other, extensions=now)
    with pytest.raises(UserError, match=r"that used my_lab.* as it was; the file has been edited since"):
        refuse_another_sweep(edited, replace(plain, extensions=then), tmp_path)
    with pytest.raises(UserError, match="does not ask for"):
        refuse_another_sweep(replace(edited, extensions=then), replace(plain, extensions=then), tmp_path)


def test_a_look_keeps_its_seeds_once_a_trial_has_a_result(study, tmp_path):
    plan = study()
    moved = tuple(replace(trial, seed=trial.seed + 10) for trial in plan.trials)
    later = replace(plan, trials=moved, seeds=[seed + 10 for seed in plan.seeds])
    with pytest.raises(UserError, match=r"has its looks at the seeds \[10, .*; received \[0, .* cannot change once"):
        amend(plan, later, tmp_path)
    assert amend(later, plan, tmp_path).repetitions.seeds_of(8) == plan.repetitions.seeds_of(8), "more may follow"
