"""Questions and studies as files; tests/test_run_study.py trains them."""

import pytest

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.study.question import read_question, read_study

ASKED = """\
sentence: Does pooling matter?
factor: pooling
levels: [average, strided]
seeds: 2
common: {epochs: 1, image_size: [24, 32], data.photographs: 2, data.copies: 2}
"""
STUDIED = """\
title: A small study
data: smear
reference: {epochs: 1}
questions: [pools]
seeds: 3
"""


@pytest.fixture
def add(tmp_path, monkeypatch):
    """A working folder with a question and a study of its own, as text that a test may change."""
    monkeypatch.chdir(tmp_path)

    def write(text, group="question", name="pools"):
        files.write_text(tmp_path / "conf" / group / f"{name}.yaml", text)

    return write


def refused(call, *words):
    with pytest.raises(UserError) as caught:
        call(*words)
    return str(caught.value)


def check(*words, multirun=True):
    return compose.check(list(words), multirun)


def test_a_question_is_its_arms_by_seeds_in_an_order_that_gives_early_answers(add):
    add(ASKED)
    sweep = check("question=pools", "epochs=3")
    assert [(job.arm.name, job.settings.factors.pooling, job.settings.factors.seed) for job in sweep.jobs] == [
        ("reference", "max", 0), ("pooling=average", "average", 0), ("pooling=strided", "strided", 0),
        ("reference", "max", 1), ("pooling=average", "average", 1), ("pooling=strided", "strided", 1),
    ]  # fmt: skip
    factors = sweep.jobs[0].settings.factors
    assert (factors.epochs, factors.image_size) == (3, (24, 32)), "what is typed wins over the question's setting"
    assert len(check("question=pools", "seeds=5").jobs) == 15


def test_questions_share_the_reference(add):
    add(ASKED)
    add("sentence: Dropout?\nfactor: dropout\nlevels: [0.5]\nexploratory: [0.9]\n", name="drops")
    arms = check("question=pools,drops").study.arms
    assert [(arm.name, arm.role, arm.questions) for arm in arms] == [
        ("reference", "reference", ("pools", "drops")), ("pooling=average", "confirmatory", ("pools",)),
        ("pooling=strided", "confirmatory", ("pools",)), ("dropout=0.5", "confirmatory", ("drops",)),
        ("dropout=0.9", "exploratory", ("drops",)),
    ]  # fmt: skip


def test_the_question_about_leaks_has_a_reference_of_its_own():
    question = read_question("leak")
    assert question.reference == {"data.split": "random"}
    sweep = check("question=leak")
    assert [job.settings.data.split for job in sweep.jobs[:4]] == ["random", "official", "official_clean", "grouped"]
    assert [job.arm.role for job in sweep.jobs[:2]] == ["reference", "confirmatory"]
    assert len(sweep.jobs) == 20
    assert sweep.jobs[0].settings.factors.lr == 0.0005


def test_a_study_plans_all_its_seeds_and_a_command_may_ask_for_fewer(add):
    add(ASKED)
    add(STUDIED, "study", "small")
    sweep = check("study=small", "seeds=1")
    assert (len(sweep.jobs), sweep.seeds, sweep.design.name) == (9, 1, "fixed")
    assert sweep.jobs[0].settings.factors.image_size == (120, 160), "the setting is of the question asked alone"
    assert (len(check("study=small", "seeds=4").jobs), check("study=small").seeds) == (12, 3)
    assert check("study=small").design.looks == (3,)


@pytest.mark.parametrize(("words", "told"), [
    (["question=leek"], "received 'leek'. Did you mean 'leak'"),
    (["study=smok"], "received 'smok'. Did you mean 'smoke'"),
    (["study=../smoke"], "received '../smoke'"),
    (["question=leak", "data.split=random"], "data.split: the question leak varies it itself"),
    (["question=leak", "question=leak"], "expected one study"),
    (["question=leak,leak"], "the same question is given twice"),
    (["question=[leak,pooling]"], "write -m question=leak,pooling, without brackets"),
    (["study=smoke", "question=leak"], "expected one study"),
    (["study=smoke,smoke"], "one study at a time"),
    (["study=smoke", "lr=1e-2,1e-3"], "study=smoke is the sweep"),
    (["study=smoke", "seed=3"], "write seeds=N"),
    (["lr=1e-3", "seeds=3"], "for a plain sweep write seed=0,1,2"),
    (["study.name=other"], "write study=NAME"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(words, told):
    assert told in refused(check, *words)


@pytest.mark.parametrize("word", ["question=leak", "study=smoke"])
def test_many_trials_need_the_option_that_says_so(word):
    with pytest.raises(UserError, match="write -m before it"):
        check(word, multirun=False)


def test_questions_that_set_the_same_key_otherwise_are_asked_one_at_a_time(add):
    add(ASKED)
    padding = ASKED.replace("pooling", "padding").replace("average, strided", "valid").replace("epochs: 1", "epochs: 2")
    add(padding, name="pads")
    assert "epochs: the questions set it to 1 and 2" in refused(check, "question=pools,pads")


def test_more_arms_than_can_be_told_apart_are_refused(add):
    add("sentence: Which rate?\nfactor: lr\nlevels: [" + ", ".join(f"0.{k:02d}" for k in range(1, 19)) + "]\n")
    assert "18 arms are to be tested; expected at most 16" in refused(check, "question=pools")


def test_a_name_stands_for_one_arm(add):
    add("sentence: One?\narms: {both: {dropout: 0.5}, reference: {lr: 0.1}}\n")
    add("sentence: Two?\narms: {both: {dropout: 0.1}}\n", name="others")
    told = refused(check, "question=pools,others")
    assert "two arms are called 'both'" in told
    assert "two arms are called 'reference'" in told


def test_blocks_and_strips_are_shown_and_not_tested(add):
    add(
        "sentence: Together?\narms: {both: {dropout: 0.5, augment: flip}}\nlr_grid: [0.001, 0.01]\n"
        "factorial: {dropout: [0.0, 0.5], augment: [none, flip]}\n"
    )
    arms = {arm.name: arm for arm in check("question=pools").study.arms}
    assert arms["both"].role == "confirmatory"
    assert arms["both, lr=0.01"].levels == {"dropout": 0.5, "augment": "flip", "lr": 0.01}
    assert {name for name, arm in arms.items() if arm.role == "exploratory"} == {
        "dropout=0, augment=none", "dropout=0, augment=flip", "dropout=0.5, augment=none", "lr=0.001", "lr=0.01",
        "both, lr=0.001", "both, lr=0.01",
    }  # fmt: skip


@pytest.mark.parametrize(("text", "told"), [
    ("sentence: [", "cannot be read as plain YAML"),
    ("just words", "received 'just words'"),
    (ASKED.replace("factor", "faktor"), "unknown key 'faktor'. Did you mean 'factor'?"),
    (ASKED.replace("?", "."), "ends in a question mark"),
    (ASKED.replace("[average, strided]", "[]"), "levels: expected a list of levels"),
    (ASKED.replace("strided", "average"), "the same level is given twice"),
    (ASKED.replace("seeds: 2", "seeds: 0"), "from 1 to 10000"),
    (ASKED + "arms: {a: {lr: 0.1}}\n", "either factor with levels, or arms"),
    (ASKED + "margin: 2\n", "between 0 and 1"),
    ("x: 1\n" * 30_000, "larger than 100,000 bytes"),
])  # fmt: skip
def test_a_question_file_that_is_wrong_is_refused(add, text, told):
    add(text)
    message = refused(read_question, "pools")
    assert told in message
    assert "pools.yaml" in message


@pytest.mark.parametrize(("text", "told"), [
    (STUDIED.replace("seeds: 3", "seeds: 3\nlooks: [4]"), "looks: expected rising numbers up to seeds"),
    (STUDIED.replace("title: A small study\n", ""), "title: missing"),
    (STUDIED.replace("[pools]", "[pools, pools]"), "the same question is given twice"),
])  # fmt: skip
def test_a_study_file_that_is_wrong_is_refused(add, text, told):
    add(text, "study", "small")
    assert told in refused(read_study, "small")


@pytest.mark.parametrize(("kind", "text", "read"), [("study", STUDIED, read_study), ("question", ASKED, read_question)])
def test_a_file_whose_name_would_be_no_folder_everywhere_is_refused_before_anything_is_trained(add, kind, text, read):
    add(text, kind, "My-Own")
    told = "expected a file name of small letters, digits and _, at most 60; received 'My-Own'"
    assert told in refused(read, "My-Own")


def test_plain_runs_keep_their_name(add):
    add(STUDIED, "study", "scratch")
    assert "the name of plain runs" in refused(read_study, "scratch")


@pytest.mark.parametrize(("wrong", "told"), [
    ("levels: [averge]", "question pools, arm 'pooling=averge': pooling: expected one of"),
    ("levels: [average]\nreference: {hydra.launcher.n_jobs: 3}", "sets no option of Hydra"),
    ("levels: [average]\nreference: {runs_dir: ../elsewhere}", "runs_dir: only the command line sets it"),
    ("levels: [average]\nreference: {lrr: 3}", "unknown key 'lrr'. Did you mean 'lr'?"),
])  # fmt: skip
def test_keys_and_levels_of_a_file_are_judged_as_if_typed(add, wrong, told):
    add(ASKED.replace("levels: [average, strided]", wrong))
    assert told in refused(check, "question=pools")


def test_a_level_of_a_file_may_have_a_space(add):
    add(ASKED.replace("data.photographs: 2, data.copies: 2}", "data: folder, data.root: 'a b'}"))
    assert check("question=pools").jobs[0].settings.data.root == "a b"
