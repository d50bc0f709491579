"""A package put back where trials are already, or where another plan is; test_reader.py has what is refused."""

import pandas as pd
import pytest
import yaml
from filelock import FileLock
from harness import rewrite

from bloodstudy import files
from bloodstudy.errors import UserError
from bloodstudy.study.archive.export import write_package
from bloodstudy.study.archive.restore import restore
from bloodstudy.study.run_folder import TrialFolder, load_result
from bloodstudy.study.said import Said, keep, read_said
from bloodstudy.study.trial_files import read_failures


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_package_comes_back_whole(stored, package, tmp_path):
    restored = restore(package, tmp_path / "there", "small")
    assert (len(restored.added), restored.kept, restored.planned, restored.with_result) == (2, (), 2, 2)
    for path in stored.folder.glob("*/predictions.parquet"):
        back = tmp_path / "there/small" / path.parent.name / path.name
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(back), check_exact=True)
    assert (tmp_path / "there/small/plan.yaml").exists()


def test_what_looks_have_said_comes_along_and_takes_no_other_word_away(stored, tmp_path):
    here, there = (Said(1, "dropout=0.5", "reference", word) for word in ("harms", "improves"))
    keep(stored.folder, [here])
    write_package(stored, tmp_path / "said.zip")
    restore(tmp_path / "said.zip", tmp_path / "empty")
    assert read_said(tmp_path / "empty/small") == (here,)
    keep(tmp_path / "other/small", [there])
    restore(tmp_path / "said.zip", tmp_path / "other")
    assert read_said(tmp_path / "other/small") == (here, there)


def test_a_result_is_kept_and_an_unfinished_trial_is_completed_unless_it_is_being_trained(stored, package, tmp_path):
    kept, half = sorted(stored.folder.glob("*/result.json"))
    files.write_json(kept, files.read_json(kept) | {"reason": "measured here"})
    before = kept.read_bytes()
    half.unlink()
    (half.parent / "history.csv").write_text("half of it")
    with FileLock(half.parent / ".lock"):  # as while it is trained
        restored = restore(package, tmp_path / "runs")
        assert (restored.added, restored.busy) == ((), (half.parent.name,))
        assert "1 are in progress in another process" in restored.told
        assert not half.exists()
    restored = restore(package, tmp_path / "runs")
    assert (restored.added, len(restored.kept), restored.with_result) == ((half.parent.name,), 1, 2)
    assert kept.read_bytes() == before
    assert (half.parent / "history.csv").read_text() != "half of it"


def test_a_trial_that_failed_here_gives_way_to_the_one_that_was_trained_elsewhere(stored, package, tmp_path):
    failed, kept = sorted(stored.folder.glob("*/result.json"))
    trained = files.read_json(failed)
    rewrite(failed, outcome="out_of_memory", reason="killed", responses={}, files={})
    files.write_json(failed.with_name("failures.json"), 2)
    (failed.parent / "logged.json").write_text("{}")
    write_package(stored, tmp_path / "failed.zip")
    restored = restore(package, tmp_path / "runs")
    assert (restored.added, restored.kept) == ((failed.parent.name,), (kept.parent.name,))
    now = load_result(failed.parent)
    assert (now.outcome, now.responses) == (trained["outcome"], trained["responses"])
    assert now.cost.failures == 2, "that it failed is not forgotten"
    assert not (failed.parent / "logged.json").exists()
    assert restore(tmp_path / "failed.zip", tmp_path / "runs").added == (), "and no failure takes its place"


def test_a_failure_that_is_restored_counts_where_the_trial_is_trained_again(stored, tmp_path):
    failed = min(stored.folder.glob("*/result.json"))
    rewrite(failed, outcome="failed", reason="a fault", responses={}, files={})
    write_package(stored, tmp_path / "failed.zip")
    restore(tmp_path / "failed.zip", tmp_path / "there")
    assert read_failures(TrialFolder(tmp_path / "there/small" / failed.parent.name)) == 1


def test_a_package_of_another_plan_is_refused_with_the_remedy(stored, package, tmp_path):
    path = stored.folder / "plan.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"precision": "float64"}))
    before = contents(tmp_path)
    with pytest.raises(UserError, match=r'precision: "float64" here, "float32" in the package.+runs_dir=FOLDER'):
        restore(package, tmp_path / "runs")
    assert contents(tmp_path) == before


def test_a_package_of_another_study_is_refused(package, tmp_path):
    with pytest.raises(UserError, match="is a package of the study small; expected one of five"):
        restore(package, tmp_path / "there", "five")
    assert not (tmp_path / "there").exists()
