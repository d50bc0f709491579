"""More trials than anybody waits for: refused at once, before one of them is made."""

import time

import pytest
from harness import call

from bloodstudy.cli import compose
from bloodstudy.cli.overrides import parse
from bloodstudy.errors import UserError

HALF = ",".join(map(str, range(3000)))


def refusal(*words):
    """Return the sentence that refuses a sweep, and look that it came at once."""
    begun = time.process_time()
    with pytest.raises(UserError) as refused:
        compose.check(list(words), True)
    assert time.process_time() - begun < 2
    return str(refused.value)


@pytest.mark.parametrize(("words", "told"), [
    (["seed=range(0,10000000)"], "'seed=range(0,10000000)': 10,000,000 levels; expected at most 5,000 trials"),
    (["seed=range(0,1000000000000000)"], "more than 1,000,000,000 levels"),
    (["seed=range(10000000,0,-1)"], "10,000,000 levels"),
    (["seed=shuffle(range(0,10000000))"], "10,000,000 levels"),
    (["seed=sort(range(0,10000000),reverse=true)"], "10,000,000 levels"),
    (["lr=range(0.1,1,0.0000001)"], "levels; expected at most"),
    (["lr=range(0.1,1,0.0)"], "more than 1,000,000,000 levels"),
    (["seed=range(0,9,0)"], "more than 1,000,000,000 levels"),
    (["seed=" + ",".join(map(str, range(20000)))], "19,999 levels"),
    (["seed=range(0,100)", "lr=range(1,100)"], "the product of all levels: 9,900 trials; expected at most 5,000"),
    ([f"seed={HALF}", f"epochs={HALF}"], "the product of all levels: 9,000,000 trials"),
    (["study=smoke", "design=fixed", "seeds=10000000"], "5 arms in all blocks: 50,000,000 trials"),
    (["study=smoke", "design=fixed", "seeds=9999"], "5 arms in all blocks: 49,995 trials"),
    (["study=smoke", "looks=[2,1000]"], "5 arms in all blocks: 25,000 trials"),
    (["question=pooling", "seeds=9999"], "4 arms in all blocks: 39,996 trials"),
])  # fmt: skip
def test_a_command_that_asks_for_too_many_trials_is_refused_at_once(words, told):
    assert told in refusal(*words)


@pytest.mark.parametrize(("text", "told"), [
    ("factorial: {" + ", ".join(f"k{n}: [1, 2, 3, 4, 5, 6, 7, 8]" for n in range(30)) + "}", "arms; expected at most"),
    ("exploratory: [" + ", ".join(map(str, range(9000))) + "]", "9,002 arms; expected at most 5,000"),
    ("lr_grid: [" + ", ".join(f"{n}.5" for n in range(3000)) + "]", "6,002 arms"),
    ("exploratory: [" + ", ".join(map(str, range(1500))) + "]", "1,502 arms in all blocks: 9,012 trials"),
])  # fmt: skip
def test_a_question_that_asks_for_too_many_trials_is_refused_at_once(tmp_path, monkeypatch, text, told):
    (tmp_path / "conf/question").mkdir(parents=True)
    (tmp_path / "conf/question/many.yaml").write_text(f"sentence: Which?\nfactor: epochs\nlevels: [9999]\n{text}\n")
    monkeypatch.chdir(tmp_path)
    assert told in refusal("question=many")


def test_a_large_sweep_is_read(tmp_path):
    parsed, problems = parse(["seed=range(0,5000)"])
    assert (len(parsed), problems) == (1, [])
    ended = call(tmp_path, "run", "-m", "seed=range(0,5001)")
    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "5,001 levels" in ended.stderr
