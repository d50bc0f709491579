"""Studies put into one file and back, after real trials."""

import shutil
import socket
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from harness import call, finish, give_store, logged_runs, modules_loaded, rewrite, write_images

from bloodstudy.study.archive.restore import restore

TINY = ["epochs=2", "image_size=[16,16]", "depth=2", "batch_size=4", "data=folder", "cache_dir=cache"]
LEVELS = "lr=1e-3,1e30"  # the second diverges


def done(folder, *arguments, module="package"):
    ended = call(folder, module, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def contents(folder):
    """Return the content of every file below `folder` by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def results(folder):
    return {path.parent.name: path.read_bytes() for path in (folder / "runs/scratch").glob("*/result.json")}


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two machines, each with its own copy of the images and one seed of the same sweep, packaged."""
    found = []
    for seed, person in enumerate(("jane_doe", "max_muster")):
        folder = tmp_path_factory.mktemp(f"home_{person}")
        write_images(folder / "my images")
        typed = ["-m", LEVELS, f"seed={seed}", f"data.root={folder / 'my images'}", *TINY]
        give_store(folder)
        finish(folder, "run", *typed)
        told = done(folder)
        size = (folder / "reports/scratch/scratch.zip").stat().st_size
        assert told.startswith(f"reports/scratch/scratch.zip: 2 of 2 planned trials, {size / 1000:.3g} kB\n")
        found.append(folder)
    return found


@pytest.fixture
def packages(machines):
    return [folder / "reports/scratch/scratch.zip" for folder in machines]


@pytest.fixture
def copied(machines, tmp_path):
    """A copy of the run folder of the first machine, to be damaged."""
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    return tmp_path


def refused(folder, name, *words):
    """Return the one line with which a command is refused."""
    ended = call(folder, name, *words)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    return ended.stderr


def test_the_report_of_a_restored_package_is_that_of_the_run_folder_to_the_byte(machines, packages, tmp_path):
    restore(packages[0], tmp_path / "runs")
    for folder in (machines[0], tmp_path):
        done(folder, "reports_dir=shown", module="report")
    shown = contents(tmp_path / "shown")
    assert {"scratch/report.md", "scratch/figures/accuracy.png"} <= set(shown)
    assert shown == contents(machines[0] / "shown")
    assert "diverged" in shown["scratch/report.md"].decode()
    for path in (machines[0] / "runs/scratch").glob("*/predictions.parquet"):
        back = tmp_path / "runs/scratch" / path.parent.name / path.name
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(back), check_exact=True)


def test_a_report_of_real_trials_holds_against_them_and_against_their_package(machines, packages, tmp_path):
    done(machines[0], "reports_dir=held", module="report")
    claims = "claims from 1 trial hold\n"  # the other diverged
    assert claims in done(machines[0], "held/scratch", module="verify")
    shutil.copytree(machines[0] / "held", tmp_path / "held")
    assert claims in done(tmp_path, "held/scratch", f"package={packages[0]}", module="verify")


def test_the_same_trials_give_the_same_bytes_wherever_they_are(machines, packages, tmp_path):
    done(machines[0], "to=again.zip")
    assert (machines[0] / "again.zip").read_bytes() == packages[0].read_bytes()
    restore(packages[0], tmp_path / "runs")
    assert "back.zip: 2 of 2 planned trials" in done(tmp_path, "study=scratch", "to=back.zip")
    assert (tmp_path / "back.zip").read_bytes() == packages[0].read_bytes()


def test_no_member_names_a_folder_a_user_or_this_machine(machines, packages):
    told = yaml.safe_load((machines[0] / "runs/scratch/plan.yaml").read_text())["command"]
    assert "jane_doe" in told, "what is to be left out is there"
    with zipfile.ZipFile(packages[0]) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert len(members) > 10
    own = [b"jane_doe", str(machines[0].parent).encode(), str(Path.home()).encode() + b"/", sys.prefix.encode()]
    own += [name.encode() for name in [socket.gethostname()] if len(name) > 4]
    for name, content in members.items():
        assert [word for word in own if word in content] == [], name
    assert b"data.root=my images" in members["plan.yaml"]
    assert {name.split("/")[-1] for name in members if name.startswith("trials/")} == {
        "result.json", "config.yaml", "history.csv", "attempts.json", "predictions.bin",
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_shows_what_was_restored_and_shows_it_once(packages, tmp_path):
    give_store(tmp_path)
    told = done(tmp_path, f"restore={packages[0]}")
    assert "runs/scratch: restored 2 of 2 packaged trials; 2 of 2 planned trials have a result" in told
    assert "logged to MLflow: 2 of the study's trials" in told
    before = contents(tmp_path / "runs")
    told = done(tmp_path, f"restore={packages[0]}")
    assert "restored 0 of 2 packaged trials, 2 have a result here that is kept; 2 of 2 planned" in told
    assert "logged to MLflow: 0" in told
    assert contents(tmp_path / "runs") == before
    runs = logged_runs(tmp_path)
    assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED"]
    assert {run.data.tags["outcome"] for run in runs} == {"finished", "diverged"}


def test_a_store_that_is_away_leaves_the_trials_restored(packages, tmp_path):
    said = finish(tmp_path, "package", f"restore={packages[0]}", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert "The trials are restored" in said
    assert len(results(tmp_path)) == 2


@pytest.mark.slow
def test_packages_of_one_plan_with_different_seeds_add_up(machines, packages, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, order in ((one, packages), (other, packages[::-1])):
        folder.mkdir()
        for package in order:
            restore(package, folder / "runs")
        done(folder, module="report")
    assert contents(one / "reports") == contents(other / "reports"), "whichever was restored first"
    assert (one / "runs/scratch/plan.yaml").read_bytes() == (other / "runs/scratch/plan.yaml").read_bytes()
    plan = yaml.safe_load((one / "runs/scratch/plan.yaml").read_text())
    assert len(plan["command"].splitlines()) == 2

    typed = ["-m", LEVELS, "seed=0,1", f"data.root={machines[0] / 'my images'}", *TINY]
    finish(one, "run", *typed)
    assert results(one) == results(other), "nothing was trained"
    assert yaml.safe_load((one / "runs/scratch/plan.yaml").read_text())["trials"] == plan["trials"]


def test_no_tensorflow_and_for_packaging_no_mlflow_is_loaded(machines):
    code = "from bloodstudy.package import package; package(['to=x.zip'])"
    assert modules_loaded(machines[0], code, "tensorflow keras mlflow sklearn seaborn") == []


def test_a_package_of_another_plan_is_refused_in_one_line(copied, packages):
    rewrite(copied / "runs/scratch/plan.yaml", precision="float64")
    told = refused(copied, "package", f"restore={packages[0]}")
    assert "Restore the package into another folder: runs_dir=FOLDER" in told


@pytest.mark.parametrize("word", ["reports_dir=afile", "runs_dir=" + 300 * "x"])
def test_a_folder_that_cannot_be_one_is_told_in_one_line(copied, word):
    (copied / "afile").write_text("")
    assert "cannot use" in refused(copied, "package", word)


@pytest.mark.parametrize("name", ["plan.yaml", "result.json", "history.csv", "predictions.parquet"])
def test_a_damaged_file_of_a_study_is_named_by_its_report(copied, name):
    path = next(copied.glob(f"runs/scratch/**/{name}"))
    path.write_bytes(b"" if name == "history.csv" else path.read_bytes()[:60] + b"\x00{[")
    assert f"{path.relative_to(copied)} is damaged" in refused(copied, "report")


def test_a_class_whose_name_mlflow_refuses_is_trained_logged_reported_and_restored(tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    root = write_images(tmp_path / "images")
    for side in ("train", "test"):
        (root / side / "DARK").rename(root / side / "RBC (old) #1 | 'x' %")
    for folder in (tmp_path, there):
        give_store(folder)
    finish(tmp_path, "run", f"data.root={root}", *TINY)
    finish(tmp_path, "report")
    done(tmp_path)
    assert "logged to MLflow: 1 of" in done(there, f"restore={tmp_path / 'reports/scratch/scratch.zip'}")
    recalls = [
        {name: value for name, value in run.data.metrics.items() if name.startswith("test_recall_RBC")}
        for folder in (tmp_path, there)
        for run in logged_runs(folder)
    ]
    assert recalls[0] == recalls[1]
    assert list(recalls[0]) == ["test_recall_RBC :28:old:29: :23:1 :7c: :27:x:27: :25:"]
