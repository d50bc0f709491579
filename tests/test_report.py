"""Images found again, of a study really trained: a page of its own, and the report beside it unchanged."""

import re

import pytest
from harness import call, command, give_store

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
    done = call(root, "run", "-m", "question=drops", f"cache_dir={root / 'cache'}")
    assert done.returncode == 0, done.stderr
    return root


def test_the_images_that_nobody_gets_right_are_shown_beside_a_report_that_stays_as_it_is(folder):
    assert call(folder, "report").returncode == 0
    report = folder / "reports" / "scratch"
    before = {path.name: path.read_bytes() for path in report.iterdir() if path.is_file()}
    done = command(folder, "report", "images=true")
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in report.iterdir() if path.is_file()}
    page = after.pop("report_with_images.html").decode()
    assert after == before
    named = re.findall(r"^\| `(test/[^`]+)` ", before["report.md"].decode(), re.MULTILINE)
    shown = re.findall(r'<img alt="(test/[^:]+): ', page)
    assert named
    assert shown[: len(named)] == named
    assert call(folder, "verify", "reports/scratch").returncode == 0


def test_other_images_than_those_of_the_study_are_refused(folder):
    plan = folder / "runs" / "scratch" / "plan.yaml"
    kept = plan.read_text()
    plan.write_text(kept.replace("data.copies=12", "data.copies=11"))
    done = call(folder, "report", "images=true")
    plan.write_text(kept)
    assert done.returncode == 2
    assert "images=true: the study was trained on the fingerprint" in done.stderr


def test_images_are_shown_or_not(folder):
    done = call(folder, "report", "images=yes")
    assert done.returncode == 2
    assert "images: expected true or false; received 'yes'" in done.stderr
