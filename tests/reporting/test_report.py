"""The command, as it is typed."""

import subprocess
import sys

import pytest

from bloodstudy.errors import UserError
from bloodstudy.report import report as write


def report(folder, *arguments):
    command = [sys.executable, "-m", "bloodstudy.report", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_writes_the_report_and_prints_its_path(sweep_of, tmp_path):
    sweep_of(tmp_path / "my runs", {"lr": [0.01, 0.001]})
    done = report(tmp_path, f"runs_dir='{tmp_path / 'my runs'}'", "reports_dir=out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "out/scratch/report.md\n"
    assert (tmp_path / "out/scratch/report.md").read_text(encoding="utf-8").startswith("# Sweep over `lr`")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["my runs", "out"]


def test_a_study_is_named_or_it_is_the_one_planned_last(sweep_of, tmp_path):
    for name in ("first", "second"):
        sweep_of(tmp_path / "runs", {"lr": [0.01, 0.001]})
        (tmp_path / "runs" / "scratch").rename(tmp_path / "runs" / name)
    assert report(tmp_path, "study=first").stdout == "reports/first/report.md\n"
    assert report(tmp_path).stdout == "reports/second/report.md\n"
    other = report(tmp_path, "study=frist")
    assert (other.returncode, other.stdout) == (2, "")
    assert "Did you mean 'first'?" in other.stderr
    assert len(other.stderr.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "told"), [
    ([], "nothing was run yet"),
    (["study=../runs"], "study: expected the name of a study"),
    (["run_dir=x"], "Did you mean 'runs_dir'?"),
    (["lr=1e-3"], "lr=1e-3: a report shows what was run"),
    (["-m", "runs_dir=a,b"], "-m: a report has no such option"),
])  # fmt: skip
def test_what_it_cannot_do_is_refused_in_one_message(tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        write(arguments)
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_answers(tmp_path):
    done = report(tmp_path, "--help")
    assert done.returncode == 0
    assert "reports_dir=FOLDER" in done.stdout


def test_no_tensorflow_and_no_mlflow_are_loaded(sweep_of, tmp_path):
    sweep_of(tmp_path / "runs", {})
    script = (
        "import sys; from bloodstudy.report import report; report([]); "
        "print([name for name in ('tensorflow', 'keras', 'mlflow', 'jax', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
