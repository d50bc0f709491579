"""A question, written out as the sweep that answers it."""

import subprocess
import sys

import pytest

from bloodstudy import compose
from bloodstudy.errors import UserError
from bloodstudy.question import expand, read_question

ASKED = """\
sentence: Does pooling matter?
factor: pooling
levels: [max, average]
seeds: 2
setting: {epochs: 1, image_size: [24, 32], data.photographs: 2, data.copies: 2}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A working folder with a question of its own, as text that a test may change."""
    (tmp_path / "conf/question").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def write(text=ASKED, name="pools"):
        (tmp_path / f"conf/question/{name}.yaml").write_text(text)
        return tmp_path

    return write


def test_the_question_about_leaks_is_the_sweep_it_says():
    words, question = expand(["-m", "question=leak"])
    assert words == [
        "-m", "data=kaggle", "image_size=[60,80]", "colour=rgb", "lr=0.0005", "epochs=30", "seed=0,1,2,3,4",
        "data.split=random,official,official_clean,grouped",
    ]  # fmt: skip
    assert question.sentence.endswith("?")
    sweep = compose.check(words[1:], multirun=True)
    assert len(sweep.jobs) == 20


def test_what_is_typed_wins_over_the_setting(own):
    own()
    words, _ = expand(["-m", "question=pools", "epochs=3", "seed=7", "lr=1e-2"])
    assert words == [
        "-m", "image_size=[24,32]", "data.photographs=2", "data.copies=2", "pooling=max,average", "epochs=3", "seed=7",
        "lr=1e-2",
    ]  # fmt: skip


def test_without_a_question_nothing_changes():
    assert expand(["-m", "lr=1e-2,1e-3"]) == (["-m", "lr=1e-2,1e-3"], None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-m", "question=leek"], "received 'leek'. Did you mean 'leak'"),
        (["question=leak"], "write -m before it"),
        (["-m", "question=leak", "data.split=random"], "data.split: question=leak varies it itself"),
        (["-m", "question=leak", "question=leak"], "one question at a time"),
    ],
)
def test_what_cannot_be_asked_is_refused(words, told):
    with pytest.raises(UserError) as refused:
        expand(words)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sentence: [", "cannot be read as YAML"),
        ("just words", "received 'just words'"),
        (ASKED.replace("factor", "faktor"), "expected the keys factor, levels, seeds, sentence, setting"),
        (ASKED.replace("?", "."), "ends in a question mark"),
        (ASKED.replace("[max, average]", "[max]"), "two or more"),
        (ASKED.replace("seeds: 2", "seeds: 0"), "at least 1"),
        (ASKED.replace("seeds: 2", "seeds: !!python/object:os.system {}"), "cannot be read as YAML"),
    ],
)
def test_a_question_file_that_is_wrong_is_refused(own, text, told):
    own(text)
    with pytest.raises(UserError) as refused:
        read_question("pools")
    assert told in str(refused.value)
    assert "pools.yaml" in str(refused.value)


def test_keys_and_levels_of_a_question_are_judged_as_if_typed(own):
    own(ASKED.replace("average", "averge"))
    words, _ = expand(["-m", "question=pools"])
    with pytest.raises(UserError, match=r"pooling: expected one of .* received 'averge'"):
        compose.check(words[1:], multirun=True)


def test_a_question_is_trained_and_reported(own):
    folder = own()
    cache = f"cache_dir={folder / 'cache'}"
    ran = subprocess.run(
        [sys.executable, "-m", "bloodstudy.run", "-m", "question=pools", cache],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(list(folder.glob("runs/scratch/*/result.json"))) == 4
    subprocess.run([sys.executable, "-m", "bloodstudy.report"], cwd=folder, check=True, capture_output=True)
    report = (folder / "reports/scratch/report.md").read_text()
    assert "**Does pooling matter?**" in report
    assert "question=pools" in report
