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


def refuse(study, *words):
    study.typed = []
    code, said = study.run(*words)
    assert code == 2, said
    assert "Traceback" not in said
    assert not (study.folder / "runs").exists()
    assert not (study.folder / "mlflow.db").exists()
    return said


@pytest.mark.parametrize("name", WRONG)
def test_what_was_typed(study, name):
    words, told = WRONG[name]
    said = refuse(study, *words)
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
def test_a_file_of_ones_own(study, text, told):
    (study.folder / "conf/model").mkdir(parents=True)
    (study.folder / "conf/model/mine.yaml").write_text(text)
    said = refuse(study, "model=mine")
    for line in told:
        assert line in said


def test_a_question_whose_levels_are_wrong(study):
    (study.folder / "conf/question").mkdir(parents=True)
    (study.folder / "conf/question/mine.yaml").write_text(
        "sentence: Which?\nfactor: pooling\nlevels: [averge, strided]\nreference: {lr: -1}\n"
    )
    said = refuse(study, "-m", "question=mine")
    assert "Did you mean 'average'?" in said
    assert "question mine, reference: lr: expected a number above 0" in said
