"""What a command cannot do is refused at once: a line for each mistake, exit code 2, and nothing is left behind."""

import pytest
from harness import call

REFUSALS = {
    "run": {
        "lr=abc": ["lr: expected a number above 0"],
        "learning_rate=1": ["unknown key 'learning_rate'"],
        "model=resnett": ["model"],
        "data=folder data.root=/nowhere": ["data.root=/nowhere does not exist"],
        "image_size=[8,8] model=compact": ["image_size"],
        "data.fold=5": ["data.fold"],
        "-m lr=1e-2,abc": ["lr: expected a number above 0"],
        "-m learning_rate=1,2": ["unknown key 'learning_rate'"],
        "-m model=reference,resnett": ["model"],
        "-m data=folder data.root=/nowhere lr=1,2": ["data.root=/nowhere does not exist"],
        "-m image_size=[8,8],[200,200] model=compact": ["image_size"],
        "-m epochs=1,0": ["epochs: expected"],
        "-m dropout=0,1.5": ["dropout: expected"],
        "-m data.split=grouped,groupd": ["data.split"],
    },
    "report": {
        "": ["nothing was run yet"],
        "images=yes": ["images: expected true or false; received 'yes'"],
        "study=../runs": ["study: expected the name of a study"],
        "run_dir=x": ["Did you mean 'runs_dir'?"],
        "lr=1e-3": ["lr=1e-3: a report shows what was run"],
        "-m runs_dir=a,b": ["-m: a report has no such option"],
    },
    "status": {
        "": ["nothing was run yet"],
        "clear=all": ["clear: expected states; received 'all'"],
        "study=../x": ["study: expected the name of a study"],
    },
    "package": {
        "": ["nothing was run yet"],
        "restore=nowhere.zip": ["there is no such file"],
        "restore=a.zip to=b.zip": ["give one of them"],
        "resore=a.zip": ["Did you mean 'restore'?"],
        "study=../x": ["study: expected the name of a study"],
        "to=": ["to: expected a file"],
    },
    "audit": {
        "dta=kaggle": ["unknown key 'dta'. Did you mean 'data'?"],
        "data.splt=random data.copies=0": ["'data.splt'", "data.copies: expected a whole number from 1 to 10000"],
        "fail_on_leak=maybe": ["fail_on_leak: expected true or false; received 'maybe'."],
        "fail_on_leak=true,false": ["fail_on_leak is not swept"],
        "lr=1e-3 model=compact": ["lr=1e-3 model=compact: an audit looks at images and trains nothing"],
        "-m data=smear,kaggle": ["-m: an audit has no such option"],
        "data=folder data.root=/nowhere": ["data.root=/nowhere does not exist"],
    },
}


@pytest.mark.parametrize(("name", "words"), [(name, words) for name in REFUSALS for words in REFUSALS[name]])
def test_a_mistake_is_told_in_one_line_and_nothing_is_left(tmp_path, name, words):
    ended = call(tmp_path, name, *words.split())
    lines, expected = ended.stderr.splitlines(), REFUSALS[name][words]
    assert (ended.returncode, ended.stdout, len(lines)) == (2, "", len(expected))
    for line, part in zip(lines, expected, strict=True):
        assert line.startswith("bloodstudy: ")
        assert part in line
    assert list(tmp_path.iterdir()) == []
