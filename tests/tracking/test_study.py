import multiprocessing

import pytest

from bloodstudy import files, tracking
from bloodstudy.tracking import study

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def own(folder):
    return tracking.open_store("pooling")


@pytest.fixture
def place(tmp_path):
    study_folder = files.make_folder(tmp_path / "runs" / "pooling")
    files.write_text(study_folder / "plan.yaml", "study: pooling\n")
    return study_folder


def test_a_study_is_one_run_that_is_opened_again(own, place, runs):
    run_id = tracking.open_study(own, place, {"seeds": 5})
    (run,) = runs(own)
    assert (run.info.run_name, run.info.status) == ("pooling", "RUNNING")
    assert (
        run.data.tags.items() >= {"bloodstudy.kind": "study", "study": "pooling", "mlflow.runName": "pooling"}.items()
    )
    assert [artifact.path for artifact in own.client.list_artifacts(run_id)] == ["plan.yaml"]
    assert files.read_json(place / "mlflow.json") == {
        "tracking_uri": own.uri, "run_id": run_id, "experiment": own.experiment,
    }  # fmt: skip
    tracking.close_study(own, place, "KILLED")
    assert own.client.get_run(run_id).info.status == "KILLED"
    assert tracking.open_study(own, place, {"seeds": 13, "looks": 2}) == run_id
    (run,) = runs(own)
    assert run.info.status == "RUNNING"
    assert run.data.params == {"seeds": "5", "looks": "2"}, "what was logged first stands; amendments are in the plan"


def test_the_study_is_found_again_where_its_folder_was_lost(own, place, runs):
    run_id = tracking.open_study(own, place)
    (place / "mlflow.json").unlink()
    assert tracking.open_study(own, place) == run_id


def test_a_second_run_that_two_machines_made_at_once_is_given_up(own, place, runs, monkeypatch):
    earlier = own.client.create_run(own.experiment_id, 1, tags={"bloodstudy.kind": "study"}).info.run_id
    find, blind = study._find, [None]
    monkeypatch.setattr(study, "_find", lambda store: blind.pop() if blind else find(store))
    assert tracking.open_study(own, place) == earlier
    assert [run.info.run_id for run in runs(own)] == [earlier]


def test_trials_are_children_of_the_study_also_when_logged_later(own, place, publish, runs):
    publish(place / "a")
    assert tracking.catch_up(own, place) == 1
    run_id = study.noted(own, place)
    tags = {run.data.tags.get("trial_key"): run.data.tags for run in runs(own)}
    assert tags["a"]["mlflow.parentRunId"] == run_id
    assert "mlflow.parentRunId" not in tags[None]


def test_scratch_has_no_run_of_its_own(store, tmp_path, publish, runs):
    publish(tmp_path / "runs" / "scratch" / "a")
    assert tracking.catch_up(store, tmp_path / "runs" / "scratch") == 1
    (run,) = runs(store)
    assert "mlflow.parentRunId" not in run.data.tags
    assert not (tmp_path / "runs" / "scratch" / "mlflow.json").exists()


def open_here(place, ready, given):
    ready.wait()
    given.put(tracking.open_study(tracking.open_store("pooling"), place))


def test_processes_that_open_a_study_together_find_the_same_run(own, place, runs):
    context = multiprocessing.get_context("fork")
    ready, given = context.Barrier(3), context.Queue()
    others = [context.Process(target=open_here, args=(place, ready, given)) for _ in range(3)]
    for other in others:
        other.start()
    found = {given.get(timeout=60) for _ in others}
    for other in others:
        other.join(30)
    assert {run.info.run_id for run in runs(own)} == found
    assert len(found) == 1
