"""Every committed report follows, number by number, from the committed trials beside it."""

from pathlib import Path

import pytest
from harness import call

from bloodstudy.files import hash_file

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PACKAGES = sorted(EXPERIMENTS.rglob("*.zip"))


@pytest.mark.parametrize("package", PACKAGES, ids=[path.parent.name for path in PACKAGES])
def test_a_committed_report_is_what_its_trials_give(package, tmp_path):
    done = call(tmp_path, "verify", str(package.parent), f"package={package}")
    assert (done.returncode, "hold" in done.stdout) == (0, True), done.stdout + done.stderr
    assert f"SHA-256 `{hash_file(package)}`" in (package.parent / "cost.md").read_text()


def test_each_committed_report_has_its_package():
    assert {path.parent for path in EXPERIMENTS.rglob("report.md")} == {path.parent for path in PACKAGES}


def test_no_package_is_larger_than_twenty_megabytes():
    assert PACKAGES
    assert all(path.stat().st_size < 20e6 for path in PACKAGES)
