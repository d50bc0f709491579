"""The command: what it prints and refuses, and images found again of a study really trained, in a page of their own."""

import json
import re

import pytest
import yaml
from harness import call, finish, give_store, modules_loaded, rewrite
from studies import fabricate_sweep

QUESTION = """\
sentence: Does dropout matter?
factor: dropout
levels: [0.3]
seeds: 1
common:
  {data: smear, data.photographs: 3, data.copies: 12, image_size: [30, 40], colour: rgb, norm: batch, lr: 0.001,
   batch_size: 4, epochs: 4}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("shown")
    (root / "conf" / "question").mkdir(parents=True)
    (root / "conf" / "question" / "drops.yaml").write_text(QUESTION)
    give_store(root)
    finish(root, "run", "-m", "question=drops", f"cache_dir={root / 'cache'}")
    return root


def test_the_images_that_nobody_gets_right_are_shown_beside_a_report_that_stays_as_it_is(folder):
    finish(folder, "report")
    report = folder / "reports" / "scratch"
    before = {path.name: path.read_bytes() for path in report.iterdir() if path.is_file()}
    finish(folder, "report", "images=true", own_process=True)
    after = {path.name: path.read_bytes() for path in report.iterdir() if path.is_file()}
    page = after.pop("report_with_images.html").decode()
    assert after == before
    named = re.findall(r"^\| `(test/[^`]+)` ", before["report.md"].decode(), re.MULTILINE)
    shown = re.findall(r'<img alt="(test/[^:]+): ', page)
    assert named
    assert shown[: len(named)] == named
    finish(folder, "verify", "reports/scratch")


def test_other_images_than_those_of_the_study_are_refused(folder):
    plan = folder / "runs" / "scratch" / "plan.yaml"
    kept = plan.read_text()
    trials = json.loads(json.dumps(yaml.safe_load(kept)["trials"]).replace("data.copies=12", "data.copies=11"))
    rewrite(plan, trials=trials)
    done = call(folder, "report", "images=true")
    plan.write_text(kept)
    assert done.returncode == 2
    assert "images=true: the study was trained on the fingerprint" in done.stderr


def test_the_command_writes_the_report_and_prints_its_path(tmp_path):
    fabricate_sweep(tmp_path / "my runs", {"lr": [0.01, 0.001]})
    done = call(tmp_path, "report", f"runs_dir='{tmp_path / 'my runs'}'", "reports_dir=out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "out/scratch/report.md\n"
    assert (tmp_path / "out/scratch/report.md").read_text(encoding="utf-8").startswith("# Sweep over `lr`")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["my runs", "out"]


def test_a_study_is_named_or_it_is_the_one_planned_last(tmp_path):
    for name in ("first", "second"):
        fabricate_sweep(tmp_path / "runs", {"lr": [0.01, 0.001]})
        (tmp_path / "runs" / "scratch").rename(tmp_path / "runs" / name)
    assert call(tmp_path, "report", "study=first").stdout == "reports/first/report.md\n"
    assert call(tmp_path, "report").stdout == "reports/second/report.md\n"
    other = call(tmp_path, "report", "study=frist")
    assert (other.returncode, other.stdout) == (2, "")
    assert "Did you mean 'first'?" in other.stderr
    assert len(other.stderr.splitlines()) == 1


def test_the_report_of_one_sweep_never_takes_the_place_of_another_s(tmp_path):
    fabricate_sweep(tmp_path / "runs", {"lr": [0.01, 0.001]})
    assert finish(tmp_path, "report") == "reports/scratch/report.md\n"
    first = (tmp_path / "reports/scratch/report.md").read_bytes()
    fabricate_sweep(tmp_path / "runs", {"pooling": ["max", "average"]})
    assert finish(tmp_path, "report") == "reports/scratch-2/report.md\n"
    assert (tmp_path / "reports/scratch/report.md").read_bytes() == first
    assert finish(tmp_path, "package").startswith("reports/scratch-2/scratch.zip: ")
    assert "hold" in finish(tmp_path, "verify", "reports/scratch-2")
    ended = call(tmp_path, "verify", "reports/scratch")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "the report of another sweep than the last one in runs/scratch" in ended.stderr


def test_help_answers(tmp_path):
    assert "reports_dir=FOLDER" in finish(tmp_path, "report", "--help")


def test_no_tensorflow_and_no_mlflow_are_loaded(tmp_path):
    fabricate_sweep(tmp_path / "runs", {})
    code = "from bloodstudy.report import report; report([])"
    assert modules_loaded(tmp_path, code, "tensorflow keras mlflow jax torch") == []
