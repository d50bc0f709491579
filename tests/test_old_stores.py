"""Run folders and MLflow stores of earlier versions, one archive a version: each later version reads and reports them.

`tests/data/old/<version>.zip` holds a working folder: a study of one question, a plain sweep with a trial that diverged
and validation images, and the store that both were logged to.
"""

import zipfile
from pathlib import Path

import pytest
from harness import finish, logged_runs

OLD = sorted((Path(__file__).parent / "data" / "old").glob("*.zip"))
STUDY = ("-m", "study=small")
SWEEP = ("-m", "lr=1e-3,1e30", "epochs=2", "depth=1", "image_size=[24,32]", "data.photographs=2", "data.copies=2",
         "data.validation_share=0.25")  # fmt: skip
TRIALS = {"small": 4, "scratch": 2}

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(params=OLD, ids=[path.stem for path in OLD])
def folder(request, tmp_path):
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_there_is_a_store_of_an_earlier_version():
    assert OLD


@pytest.mark.parametrize("study", TRIALS)
def test_a_study_of_an_earlier_version_is_shown_reported_verified_and_packaged(folder, study):
    finished = {"small": "small: 4 of 4 trials finished", "scratch": "scratch: 1 of 2 trials finished"}
    assert finished[study] in finish(folder, "status", f"study={study}")
    finish(folder, "report", f"study={study}")
    assert "hold" in finish(folder, "verify", f"reports/{study}")
    assert f"{TRIALS[study]} of {TRIALS[study]} planned trials" in finish(folder, "package", f"study={study}")


@pytest.mark.parametrize(("study", "typed"), [("small", STUDY), ("scratch", SWEEP)])
def test_the_same_command_trains_nothing_again_and_doubles_nothing_in_the_store(folder, study, typed):
    before = {run.data.tags.get("trial_key"): run.info.status for run in logged_runs(folder, study)}
    said = finish(folder, "run", *typed, "cache_dir=cache")
    assert f"{TRIALS[study]} trials: {TRIALS[study]} finished earlier, 0 to train" in said
    after = {run.data.tags.get("trial_key"): run.info.status for run in logged_runs(folder, study)}
    assert after == before
    assert len(after) == len(logged_runs(folder, study)) == TRIALS[study] + (study == "small")
