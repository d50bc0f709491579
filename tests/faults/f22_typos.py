"""F22: mistakes in what was typed and in configuration files: all of them at once, exit 2, nothing begun."""

import pytest

TYPED = {
    "lrr=1e-3 pool=max": ["unknown key 'lrr'. Did you mean 'lr'?", "'pooling'"],
    "lr=abc epochs=1.5": ["lr: expected a number above 0", "epochs: expected a whole number"],
    "lr=1e-3x": ["lr: expected a number above 0; received '1e-3x'"],
    "lr=-1 dropout=1.5": ["lr: expected a number above 0", "dropout: expected"],
    "-m lr=1e-3,0.001": ["the same level is given twice"],
    "model=compct data=kagle": ["Did you mean 'compact'?", "Did you mean 'kaggle'?"],
    "lr=1e-2,1e-3": ["write -m before it"],
    "-m question=poling": ["Did you mean 'pooling'?"],
    "-m question=pooling pooling=max": ["varies it itself"],
}
MODEL = "# @package _global_\nmodel: {name: %s}\n"
FILES = [
    ("model", MODEL % "compact" + "dropuot: 0.1\nlr: fast\n", ["'dropout'", "lr: expected a number"]),
    ("model", MODEL % "compct", ["model.name: expected one of"]),
    ("model", "model: [", ["cannot be read as plain YAML"]),
    (
        "question",
        "sentence: Which?\nfactor: pooling\nlevels: [averge, strided]\nreference: {lr: -1}\n",
        ["Did you mean 'average'?", "question mine, reference: lr: expected a number above 0"],
    ),
]


@pytest.mark.parametrize("words", TYPED)
def test_what_was_typed(empty, words):
    said = empty.refuse(*words.split())
    assert [line for line in TYPED[words] if line not in said] == []


@pytest.mark.parametrize(("group", "text", "told"), FILES)
def test_a_file_of_ones_own(empty, group, text, told):
    empty.write(f"{group}/mine.yaml", text)
    said = empty.refuse("-m", f"{group}=mine")
    assert [line for line in told if line not in said] == []
