"""F22: mistakes in what was typed and in configuration files: all of them at once, exit 2, nothing begun."""

import pytest

WRONG = {
    "unknown keys": (["lrr=1e-3", "pool=max"], ["unknown key 'lrr'. Did you mean 'lr'?", "'pooling'"]),
    "wrong types": (["lr=abc", "epochs=1.5"], ["lr: expected a number above 0", "epochs: expected a whole number"]),
    "half a number": (["lr=1e-3x"], ["lr: expected a number above 0; received '1e-3x'"]),
    "out of range": (["lr=-1", "dropout=1.5"], ["lr: expected a number above 0", "dropout: expected"]),
    "a level twice": (["-m", "lr=1e-3,0.001"], ["the same level is given twice"]),
    "unknown names": (["model=compct", "data=kagle"], ["Did you mean 'compact'?", "Did you mean 'kaggle'?"]),
    "a sweep without -m": (["lr=1e-2,1e-3"], ["write -m before it"]),
    "an unknown question": (["-m", "question=poling"], ["Did you mean 'pooling'?"]),
    "a factor that a question varies": (["-m", "question=pooling", "pooling=max"], ["varies it itself"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_typed(empty, name):
    words, told = WRONG[name]
    said = empty.refuse(*words)
    for line in told:
        assert line in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "# @package _global_\nmodel: {name: compact}\ndropuot: 0.1\nlr: fast\n",
            ["'dropout'", "lr: expected a number"],
        ),
        ("# @package _global_\nmodel: {name: compct}\n", ["model.name: expected one of"]),
        ("model: [", ["cannot be read as plain YAML"]),
    ],
)
def test_a_file_of_ones_own(empty, text, told):
    (empty.folder / "conf/model").mkdir(parents=True)
    (empty.folder / "conf/model/mine.yaml").write_text(text)
    said = empty.refuse("model=mine")
    for line in told:
        assert line in said


def test_a_question_whose_levels_are_wrong(empty):
    (empty.folder / "conf/question").mkdir(parents=True)
    (empty.folder / "conf/question/mine.yaml").write_text(
        "sentence: Which?\nfactor: pooling\nlevels: [averge, strided]\nreference: {lr: -1}\n"
    )
    said = empty.refuse("-m", "question=mine")
    assert "Did you mean 'average'?" in said
    assert "question mine, reference: lr: expected a number above 0" in said
