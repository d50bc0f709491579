"""F23: configuration that wants to run, read or write what it should not: refused by name, and nothing happened."""

import pytest

SECRET = "hunter2-canary"
BOMB = "[*a, *a, *a, *a, *a, *a, *a, *a]"
QUESTION, MODEL = "sentence: Which?\nfactor: pooling\nlevels: [average]\n", "# @package _global_\nmodel: "
HOSTILE = {
    "a Python object": ("question", QUESTION + "common: !!python/object/apply:os.system ['touch canary']\n",
                        "cannot be read as plain YAML"),
    "a target": ("question", QUESTION + "common: {_target_: os.system, command: touch canary}\n", "common._target_"),
    "an alias": ("question", QUESTION + "exploratory: &a [strided]\nfactorial: *a\n", "alias *a"),
    "the environment": ("question", QUESTION + "common: {data.root: '${oc.env:SECRET}'}\n",
                        "common.data.root: interpolations"),
    "anchors that grow": ("question", "sentence: W?\narms: &a {x: {lr: 0.1}}\n" +
                          "".join(f"k{i}: {BOMB}\n" for i in range(9)), "alias *a"),
    "an option of Hydra": ("question", QUESTION + "common: {hydra.run.dir: ../canary}\n", "sets no option of Hydra"),
    "a place to write": ("question", QUESTION + "common: {runs_dir: ../canary}\n",
                         "runs_dir: only the command line sets it"),
    "a target of a model": ("model", MODEL + "{name: compact, _target_: os.system}\n", "model._target_"),
    "the environment as a model": ("model", MODEL + "{name: '${oc.env:SECRET}'}\n", "interpolations"),
    "an object as a model": ("model", MODEL + "!!python/name:os.system\n", "cannot be read as plain YAML"),
}  # fmt: skip


def refuse(study, *words):
    said = study.refuse(*words, SECRET=SECRET)
    assert SECRET not in said
    assert not list(study.folder.rglob("canary*"))
    assert not (study.folder.parent / "canary").exists()
    return said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file(empty, name):
    group, text, told = HOSTILE[name]
    empty.write(f"{group}/mine.yaml", text)
    assert told in refuse(empty, "-m", f"{group}=mine")


@pytest.mark.parametrize(
    "word",
    ["study=../canary", "study.name=../canary", "model=../canary", "question=../../canary",
     "data.root=${oc.env:SECRET}", "lr=${oc.env:SECRET}", "+hydra.callbacks.x._target_=os.system", "~lr",
     "runs_dir=${oc.env:SECRET}"],
)  # fmt: skip
def test_the_command_line(empty, word):
    refuse(empty, "-m", word)
