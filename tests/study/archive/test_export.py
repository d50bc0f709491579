"""What is put into a package, and what must not be; tests/test_package.py packs real trials."""

import hashlib
import zipfile

import pandas as pd
import pytest
from filelock import FileLock

from bloodstudy.errors import UserError
from bloodstudy.study.archive.export import note_package, write_package


def refused(stored, tmp_path):
    """Return the sentence that refuses to package the study, after looking that nothing was written."""
    with pytest.raises(UserError) as caught:
        write_package(stored, tmp_path / "no.zip")
    assert not (tmp_path / "no.zip").exists()
    return str(caught.value)


def test_a_package_counts_its_trials_and_holds_no_lock(stored, tmp_path):
    with FileLock(next(stored.folder.glob("*/result.json")).with_name(".lock")):
        assert write_package(stored, tmp_path / "p.zip") == (2, 2)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        names = {name.split("/")[-1] for name in archive.namelist() if name.startswith("trials/")}
    assert names == {"result.json", "config.yaml", "history.csv", "attempts.json", "predictions.bin"}


def test_an_arm_that_is_a_folder_of_the_machine_cannot_be_packaged(stored, tmp_path):
    plan = stored.folder / "plan.yaml"
    plan.write_text(plan.read_text().replace("dropout=0.5", "data.root=/data/jane/images"))
    assert "names a folder of this machine, 'data.root=/data/jane/images'" in refused(stored, tmp_path)


def test_an_image_that_is_a_path_of_the_machine_cannot_be_packaged(stored, tmp_path):
    path = next(stored.folder.glob("*/predictions.parquet"))
    pd.read_parquet(path).assign(image="/data/jane/1.png").to_parquet(path, index=False)
    assert "of this machine in column 'image', '/data/jane/1.png'" in refused(stored, tmp_path)


def test_a_study_without_results_and_a_damaged_result_are_told(stored, tmp_path):
    damaged, other = stored.folder.glob("*/result.json")
    damaged.write_bytes(damaged.read_bytes()[:50])
    assert f"{damaged} is damaged" in refused(stored, tmp_path)
    damaged.unlink()
    other.unlink()
    assert "no trial of the study small has a result yet" in refused(stored, tmp_path)


def test_the_cost_page_beside_a_package_tells_its_hash_once(stored, tmp_path):
    path = tmp_path / "small.zip"
    note_package(path)
    write_package(stored, path)
    note_package(path)
    assert [file.name for file in tmp_path.glob("cost.md")] == [], "without a report there is no such page"
    (tmp_path / "cost.md").write_text("# What it cost\n\nProcessor: x.\n")
    for content in (path.read_bytes(), b"another"):
        path.write_bytes(content)
        note_package(path)
        *page, blank, last = (tmp_path / "cost.md").read_text().splitlines()
        assert page == ["# What it cost", "", "Processor: x."]
        assert last == f"Package of these trials: `small.zip`, SHA-256 `{hashlib.sha256(content).hexdigest()}`."
        assert not blank
