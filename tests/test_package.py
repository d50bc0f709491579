"""Studies put into one file and back, after real trials."""

import copy
import hashlib
import json
import shutil
import socket
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from filelock import FileLock
from harness import call, give_store, logged_runs, run_python, write_images

from bloodstudy import files
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
        ended = call(folder, "run", *typed)
        assert ended.returncode == 0, ended.stderr
        told = done(folder)
        size = (folder / "reports/scratch/scratch.zip").stat().st_size
        assert told.startswith(f"reports/scratch/scratch.zip: 2 of 2 planned trials, {size / 1000:.3g} kB\n")
        found.append(folder)
    return found


@pytest.fixture
def packages(machines):
    return [folder / "reports/scratch/scratch.zip" for folder in machines]


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
    assert done(machines[0], "held/scratch", module="verify").endswith(claims)
    shutil.copytree(machines[0] / "held", tmp_path / "held")
    assert done(tmp_path, "held/scratch", f"package={packages[0]}", module="verify").endswith(claims)


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
    ended = call(tmp_path, "package", f"restore={packages[0]}", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert ended.returncode == 0
    assert "The trials are restored" in ended.stdout
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
    ended = call(one, "run", *typed)
    assert ended.returncode == 0, ended.stderr
    assert results(one) == results(other), "nothing was trained"
    assert yaml.safe_load((one / "runs/scratch/plan.yaml").read_text())["trials"] == plan["trials"]


def test_what_is_there_is_kept_and_what_is_unfinished_is_completed(packages, tmp_path):
    restore(packages[0], tmp_path / "runs")
    kept, half = sorted((tmp_path / "runs/scratch").glob("*/result.json"))
    files.write_json(kept, files.read_json(kept) | {"reason": "measured here"})
    before = kept.read_bytes()
    half.unlink()
    (half.parent / "history.csv").write_text("half of it")
    with FileLock(half.parent / ".lock"):  # as while it is trained
        restored = restore(packages[0], tmp_path / "runs")
        assert (restored.added, restored.busy) == ((), (half.parent.name,))
        assert "1 are in progress in another process" in restored.told
        assert not half.exists()
    restored = restore(packages[0], tmp_path / "runs")
    assert (restored.added, restored.kept, restored.with_result) == ((half.parent.name,), (kept.parent.name,), 2)
    assert kept.read_bytes() == before
    assert (half.parent / "history.csv").read_text() != "half of it"


@pytest.mark.parametrize("change", ["arm", "precision"])
def test_a_package_of_another_plan_is_refused_and_what_differs_is_named(packages, tmp_path, change):
    restore(packages[1], tmp_path / "runs")
    path = tmp_path / "runs/scratch/plan.yaml"
    plan = yaml.safe_load(path.read_text())
    packaged = plan["precision"]
    if change == "arm":
        plan["trials"] = plan["trials"][:1]
    else:
        plan["precision"] = "float64"
    path.write_text(yaml.safe_dump(plan))
    before = contents(tmp_path)
    ended = call(tmp_path, "package", f"restore={packages[0]}")
    assert ended.returncode == 2
    told = {
        "arm": "arm 'lr=1e+30': in the package only",
        "precision": f'precision: "float64" here, "{packaged}" in the package',
    }
    assert told[change] in ended.stderr
    assert "Restore the package into another folder: runs_dir=FOLDER" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert contents(tmp_path) == before


def test_a_package_of_a_named_study_goes_to_its_own_folder(packages, machines, tmp_path):
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    (tmp_path / "runs/scratch").rename(tmp_path / "runs/five")
    for path in [tmp_path / "runs/five/plan.yaml", *(tmp_path / "runs/five").glob("*/result.json")]:
        path.write_text(path.read_text().replace("study: scratch", "study: five").replace('"scratch"', '"five"'))
    done(tmp_path, "study=five")
    ended = call(tmp_path, "package", "study=scratch", "restore=reports/five/five.zip", "runs_dir=there")
    assert ended.returncode == 2
    assert "is a package of the study five; expected one of scratch" in ended.stderr
    done(tmp_path, "restore=reports/five/five.zip", "runs_dir=there")
    assert len(list((tmp_path / "there/five").glob("*/result.json"))) == 2


def test_a_sweep_over_folders_of_the_machine_cannot_be_packaged(machines, tmp_path):
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    path = tmp_path / "runs/scratch/plan.yaml"
    plan = yaml.safe_load(path.read_text())
    swept = copy.deepcopy(plan)
    swept["trials"][0]["arm"] = "data.root=/data/jane/images"
    path.write_text(yaml.safe_dump(swept))
    ended = call(tmp_path, "package")
    assert ended.returncode == 2
    assert "names a folder of this machine, 'data.root=/data/jane/images'" in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_a_study_without_results_and_a_damaged_result_are_told(machines, tmp_path):
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    one, other = sorted((tmp_path / "runs/scratch").glob("*/result.json"))
    one.unlink()
    other.write_bytes(other.read_bytes()[:50])
    damaged = call(tmp_path, "package")
    assert (damaged.returncode, len(damaged.stderr.splitlines())) == (2, 1)
    assert f"{other.relative_to(tmp_path)} is damaged" in damaged.stderr
    other.unlink()
    empty = call(tmp_path, "package")
    assert "no trial of the study scratch has a result yet" in empty.stderr
    assert not (tmp_path / "reports").exists()


def test_no_tensorflow_and_for_packaging_no_mlflow_is_loaded(machines):
    script = (
        "import sys; from bloodstudy.package import package; package(['to=x.zip']); "
        "print([name for name in ('tensorflow', 'keras', 'mlflow', 'sklearn', 'seaborn') if name in sys.modules])"
    )
    assert run_python(machines[0], script).splitlines()[-1] == "[]"


@pytest.mark.parametrize("change", ["plan", "factors"])
def test_a_package_whose_plan_or_result_is_not_what_its_hash_says_is_refused(packages, tmp_path, change):
    members = {}
    with zipfile.ZipFile(packages[0]) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if change == "plan":
        plan = yaml.safe_load(members["plan.yaml"])
        plan["trials"][0]["arm"] = "another"
        members["plan.yaml"] = yaml.safe_dump(plan).encode()
        told = "plan.yaml cannot be used: it was changed after it was made"
    else:
        (name,) = [name for name in members if name.endswith("result.json")][:1]
        result = json.loads(members[name])
        result["factors"]["lr"] = 9.0
        members[name] = json.dumps(result).encode()
        told = "its factors, model and data are those of the trial"
    about = json.loads(members.pop("manifest.json"))
    about["members"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
    }
    with zipfile.ZipFile(tmp_path / "forged.zip", "w") as archive:
        for name, content in {**members, "manifest.json": json.dumps(about).encode()}.items():
            archive.writestr(name, content)
    ended = call(tmp_path, "package", "restore=forged.zip")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert told in ended.stderr
    assert not list(tmp_path.glob("runs/*/*/result.json"))


@pytest.mark.parametrize("arguments", [("reports_dir=afile",), ("runs_dir=" + 300 * "x",)])
def test_a_folder_that_cannot_be_one_is_told_in_one_message(machines, tmp_path, arguments):
    (tmp_path / "afile").write_text("")
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    ended = call(tmp_path, "package", *arguments)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert "cannot use" in ended.stderr


@pytest.mark.parametrize("name", ["plan.yaml", "result.json", "history.csv", "predictions.parquet"])
def test_a_damaged_file_of_a_study_is_named_by_its_report(machines, tmp_path, name):
    shutil.copytree(machines[0] / "runs", tmp_path / "runs")
    path = tmp_path / "runs/scratch/plan.yaml"
    if name != "plan.yaml":
        path = next((tmp_path / "runs/scratch").glob(f"*/{name}"))
    path.write_bytes(b"" if name == "history.csv" else path.read_bytes()[:60] + b"\x00{[")
    ended = call(tmp_path, "report")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert f"{path.relative_to(tmp_path)} is damaged" in ended.stderr
