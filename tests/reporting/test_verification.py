"""The command that holds a report against its trials."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from studies import fabricate_sweep

from bloodstudy import files
from bloodstudy.cli.arguments import find_study
from bloodstudy.errors import UserError
from bloodstudy.reporting import write_report
from bloodstudy.study.archive.export import write_package
from bloodstudy.study.predictions import hash_stored
from bloodstudy.verify import verify


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a folder with a report and its trials, and their keys."""
    folder = tmp_path_factory.mktemp("written")
    swept = {"lr": [0.1, 0.01], "seed": [0, 1]}
    results = fabricate_sweep(folder / "runs", swept, outcomes={3: "diverged"})
    write_report(folder / "runs", folder / "reports", "scratch")
    return folder, [result["key"] for result in results]


@pytest.fixture
def place(written, tmp_path, monkeypatch):
    """Return the folder of a report, with its trials in runs/ of the working folder."""
    folder, keys = written
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reports" / "scratch", [tmp_path / "runs" / "scratch" / key for key in keys]


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_report_that_holds(place, capsys):
    folder, _ = place
    assert verify([str(folder / "report.md")]) == 0
    claims = json.loads((folder / "claims.json").read_text())["claims"]
    said, origin = capsys.readouterr().out.splitlines()
    assert said == f"{folder}: {len(claims)} claims from 3 trials hold"
    assert "Where the trials come from this does not show" in origin
    assert sorted(path.name for path in folder.iterdir()) == [
        "claims.json", "cost.md", "cost.png", "effects.csv", "effects.tex", "figures", "report.html", "report.md",
        "trials.csv",
    ]  # fmt: skip


def test_files_of_a_report_that_are_not_there_are_named(place, capsys):
    folder, _ = place
    for name in ("effects.tex", "report.html"):
        (folder / name).unlink()
    assert verify([str(folder)]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said.endswith("hold; not there, so not compared: effects.tex, report.html")


@pytest.mark.parametrize("name", ["blocks.csv", "checklist.md", "figures/other.png"])
def test_a_file_that_no_report_of_these_trials_has_is_found(place, capsys, name):
    folder, _ = place
    (folder / name).write_text("arm,correct\n")
    assert verify([str(folder)]) == 1
    assert f"{name} is no part of this report" in capsys.readouterr().out


def alter(trial, flipped):
    """Change one probability of a test image: the likeliest class with it if `flipped`, or by a thousandth."""
    table = pd.read_parquet(trial / "predictions.parquet")
    names = [name for name in table if name.startswith("p_")]
    at = int(np.flatnonzero(table["split"] == "test")[3])
    least = table.loc[at, names].astype(float).idxmin()
    table.loc[at, least] = np.float32(0.999 if flipped else table.loc[at, least] + 0.001)
    if not flipped:
        table[least] = (table[least] * 1000).round().div(1000).astype("float32")
    table.to_parquet(trial / "predictions.parquet")
    return hash_stored(table)


@pytest.mark.parametrize("flipped", [True, False])
def test_one_stored_prediction_that_was_altered_is_found(place, capsys, flipped):
    folder, (trial, *_) = place
    alter(trial, flipped)
    assert verify([str(folder)]) == 1
    said = capsys.readouterr().out
    assert f"trial {trial.name} (lr=0.1, seed 0): the stored predictions are not those that it published" in said


@pytest.mark.parametrize("flipped", [True, False])
def test_hash_and_prediction_altered_together_are_found(place, capsys, flipped):
    folder, (trial, *_) = place
    published = json.loads((trial / "result.json").read_text())["stored_hash"]
    edit(trial / "result.json", published, alter(trial, flipped))
    assert verify([str(folder)]) == 1
    said = capsys.readouterr().out
    assert f'claims.json says "{published}" of the predictions of trial {trial.name}' in said
    assert ("is not the figure that the trials give" in said) == flipped


def test_predictions_that_are_gone_or_damaged_are_told(place, capsys):
    folder, (one, other, *_) = place
    (one / "predictions.parquet").unlink()
    content = (other / "predictions.parquet").read_bytes()
    (other / "predictions.parquet").write_bytes(content[: len(content) // 2])
    assert verify([str(folder)]) == 1
    said = capsys.readouterr().out
    assert f"trial {one.name} (lr=0.1, seed 0): its predictions are gone" in said
    assert "(and 1 more like it)" in said


def test_trials_of_an_older_version_have_no_hash(place, capsys, tmp_path):
    folder, trials = place
    for trial in trials[:2]:
        result = json.loads((trial / "result.json").read_text())
        result.pop("stored_hash")
        (trial / "result.json").write_text(json.dumps(result))
    write_report(tmp_path / "runs", tmp_path / "reports", "scratch")
    assert verify([str(folder)]) == 0
    assert "3 trials (2 of them without a hash of their predictions: an older version" in capsys.readouterr().out


def test_what_was_altered_in_the_report_is_told(place, capsys):
    folder, _ = place
    claim = next(c for c in json.loads((folder / "claims.json").read_text())["claims"] if c["name"].endswith("/mean"))
    wrong = f"{claim['value'] + 0.001:.3f}"
    edit(folder / "report.md", claim["texts"][0], wrong)
    edit(folder / "claims.json", str(claim["value"]), str(claim["value"] + 0.5))
    edit(folder / "report.html", "In all of these", "in all of these")
    content = bytearray((folder / "figures" / "accuracy.png").read_bytes())
    content[-20] ^= 1
    (folder / "figures" / "accuracy.png").write_bytes(content)
    assert verify([str(folder)]) == 1
    report, claims, figures, page, count = capsys.readouterr().out.splitlines()
    assert report.startswith("report.md line ")
    name = f"claim {claim['name']} ({claim['formula']})"
    assert f"says {wrong} where the trials give {claim['texts'][0]}: {name}" in report
    assert claims.startswith("claims.json says ")
    assert figures == "figures/accuracy.png is not the figure that the trials give"
    assert "expected 'than two standard" not in page
    assert page.startswith("report.html line ")
    assert count.startswith(f"4 differences between {folder} and its 3 trials.")


def test_a_package_will_do(place, capsys, tmp_path):
    folder, _ = place
    write_package(find_study({"runs_dir": str(tmp_path / "runs")}), tmp_path / "study.zip")
    shutil.rmtree(tmp_path / "runs")
    assert verify([str(folder), f"package={tmp_path / 'study.zip'}"]) == 0
    assert verify([str(folder), f"package='{tmp_path / 'study.zip'}'"]) == 0
    said = capsys.readouterr().out
    assert said.count("hold\n") == 2
    assert said.count(f"SHA-256 {files.hash_file(tmp_path / 'study.zip')}") == 2
    assert not (tmp_path / "runs").exists()


def test_a_trial_that_was_added_since_is_a_difference(place, capsys, tmp_path):
    folder, trials = place
    shutil.rmtree(trials[1])
    assert verify([str(folder)]) == 1
    assert "python -m bloodstudy.report study=scratch" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "expected the folder of one report; received none"),
    (["reports", "runs"], "expected the folder of one report; received reports runs"),
    (["reports/other"], "there is no report at reports/other"),
    (["reports/scratch", "study=scratch"], "study: a report is named by its folder"),
    (["reports/scratch", "run_dir=x"], "Did you mean 'runs_dir'?"),
    (["reports/scratch", "runs_dir=elsewhere"], "elsewhere holds no study 'scratch'"),
    (["reports/scratch", "runs_dir=runs", "package=x.zip"], "give one of them"),
    (["reports/scratch", "package=x.zip"], "package=x.zip: expected a package; there is no such file"),
    (["reports/scratch", "-v"], "-v: a verify has no such option"),
])  # fmt: skip
def test_what_it_cannot_verify_is_refused(place, arguments, message):
    with pytest.raises(UserError, match=re.escape(message)):
        verify(arguments)


@pytest.mark.parametrize(("content", "message"), [
    (None, "claims.json is missing: an older version wrote this report"),
    ("{", "is damaged"),
    ("[]", "is damaged"),
    ('{"format": 9, "study": "scratch"}', "expected format 1; received 9"),
    ('{"format": 1, "study": "../runs"}', "study: expected the name of a study"),
])  # fmt: skip
def test_a_report_of_another_version_or_of_none_is_refused(place, content, message):
    path = place[0] / "claims.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UserError, match=message):
        verify([str(place[0])])


def test_the_command_ends_as_it_says_without_tensorflow_and_mlflow(place, tmp_path):
    script = (
        "import sys; from bloodstudy.cli.command import run_command; from bloodstudy.verify import verify; "
        "code = run_command(verify); "
        "print([name for name in ('tensorflow', 'keras', 'mlflow') if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "reports/scratch"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "[]")
    edit(place[0] / "report.md", "finished", "finisched")
    for arguments, code in ((["reports/scratch"], 1), (["reports/none"], 2)):
        command = [sys.executable, "-m", "bloodstudy.verify", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == code
        assert "Traceback" not in ended.stderr
