"""F23: configuration that wants to run, read or write what it should not: refused by name, and nothing happened."""

import pytest

SECRET = "hunter2-canary"
BOMB = "[*a, *a, *a, *a, *a, *a, *a, *a]"
HOSTILE = {
    "a Python object": ("common: !!python/object/apply:os.system ['touch canary']\n", "cannot be read as plain YAML"),
    "a target": ("common: {_target_: os.system, command: touch canary}\n", "common._target_"),
    "an alias": ("exploratory: &a [strided]\nfactorial: *a\n", "alias *a"),
    "the environment": ("common: {data.root: '${oc.env:SECRET}'}\n", "common.data.root: interpolations"),
    "anchors that grow": ("arms: &a {x: {lr: 0.1}}\n" + "".join(f"k{i}: {BOMB}\n" for i in range(9)), "alias *a"),
    "an option of Hydra": ("common: {hydra.run.dir: ../canary}\n", "sets no option of Hydra"),
    "a place to write": ("common: {runs_dir: ../canary}\n", "runs_dir: only the command line sets it"),
}  # fmt: skip


def refuse(study, *words):
    said = study.refuse(*words, SECRET=SECRET)
    assert SECRET not in said
    assert not list(study.folder.rglob("canary*"))
    assert not (study.folder.parent / "canary").exists()
    return said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_question(empty, name):
    text, told = HOSTILE[name]
    (empty.folder / "conf/question").mkdir(parents=True)
    head = "sentence: Which?\nfactor: pooling\nlevels: [average]\n"
    (empty.folder / "conf/question/mine.yaml").write_text(
        (head if not text.startswith("arms") else "sentence: W?\n") + text
    )
    assert told in refuse(empty, "-m", "question=mine")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# @package _global_\nmodel: {name: compact, _target_: os.system}\n", "model._target_"),
        ("# @package _global_\nmodel: {name: '${oc.env:SECRET}'}\n", "interpolations"),
        ("# @package _global_\nmodel: !!python/name:os.system\n", "cannot be read as plain YAML"),
    ],
)
def test_a_model(empty, text, told):
    (empty.folder / "conf/model").mkdir(parents=True)
    (empty.folder / "conf/model/mine.yaml").write_text(text)
    assert told in refuse(empty, "model=mine")


@pytest.mark.parametrize(
    "word",
    ["study=../canary", "study.name=../canary", "model=../canary", "question=../../canary",
     "data.root=${oc.env:SECRET}", "lr=${oc.env:SECRET}", "+hydra.callbacks.x._target_=os.system", "~lr",
     "runs_dir=${oc.env:SECRET}"],
)  # fmt: skip
def test_the_command_line(empty, word):
    refuse(empty, "-m", word)
