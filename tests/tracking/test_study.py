"""The run of a study, above those of its trials."""

import multiprocessing

import pytest

from bloodstudy import files, tracking
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.tracking import study
from bloodstudy.tracking.note import Note, read_note

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def store(folder):
    return tracking.open_store("pooling")


def test_a_study_is_one_run_that_is_opened_again(store, pooling, runs):
    run_id = tracking.open_study(store, pooling, {"seeds": 5})
    (run,) = runs(store)
    assert (run.info.run_name, run.info.status) == ("pooling", "RUNNING")
    tags = {"bloodstudy.kind": "study", "study": "pooling", "mlflow.runName": "pooling"}
    assert run.data.tags.items() >= tags.items()
    assert [artifact.path for artifact in store.client.list_artifacts(run_id)] == ["plan.yaml"]
    assert read_note(pooling / "mlflow.json") == Note(store.uri, run_id, experiment=store.experiment)
    tracking.close_study(store, pooling, "KILLED")
    assert store.client.get_run(run_id).info.status == "KILLED"
    assert tracking.open_study(store, pooling, {"seeds": 13, "looks": 2}) == run_id
    (run,) = runs(store)
    assert run.info.status == "RUNNING"
    assert run.data.params == {"seeds": "5", "looks": "2"}, "what was logged first stands; amendments are in the plan"


def test_the_study_is_found_again_where_its_folder_was_lost(store, pooling, runs):
    run_id = tracking.open_study(store, pooling)
    (pooling / "mlflow.json").unlink()
    assert tracking.open_study(store, pooling) == run_id


def test_a_second_run_that_two_machines_made_at_once_is_given_up(store, pooling, runs, monkeypatch):
    earlier = store.client.create_run(store.experiment_id, 1, tags={"bloodstudy.kind": "study"}).info.run_id
    find, blind = study._find, [None]
    monkeypatch.setattr(study, "_find", lambda *given: blind.pop() if blind else find(*given))
    assert tracking.open_study(store, pooling) == earlier
    assert [run.info.run_id for run in runs(store)] == [earlier]


def test_trials_are_children_of_the_study_also_when_logged_later(store, pooling, publish, runs):
    publish(pooling / "a")
    assert tracking.catch_up(store, pooling) == 1
    run_id = study.noted(store, pooling)
    tags = {run.data.tags.get("trial_key"): run.data.tags for run in runs(store)}
    assert tags["a"]["mlflow.parentRunId"] == run_id
    assert "mlflow.parentRunId" not in tags[None]
    assert store.client.get_run(run_id).info.status == "FINISHED", "nobody works on the study"


def test_a_trial_that_no_sweep_asked_for_has_no_parent(scratch, publish, runs):
    store = tracking.open_store("scratch")
    publish(scratch / "a")
    assert tracking.catch_up(store, scratch) == 1
    (run,) = runs(store)
    assert "mlflow.parentRunId" not in run.data.tags
    assert not (scratch / "mlflow.json").exists()


def test_each_sweep_without_a_name_has_its_run_and_shows_all_its_trials(scratch, publish, runs):
    store = tracking.open_store("scratch")
    for key in ("a", "b"):
        publish(scratch / key)
    opened = {}
    for digest, keys in (("1", ["a"]), ("2", ["a", "b"])):
        opened[digest] = tracking.open_study(store, scratch, sweep=tracking.Sweep(digest, f"lr: {digest}"))
        tracking.catch_up(store, scratch)
        study.describe_study(store, scratch, tracking.Summary("", {}, keys))
    assert opened["1"] != opened["2"]
    assert tracking.open_study(store, scratch, sweep=tracking.Sweep("1", "lr: 1")) == opened["1"]
    parents = {run.data.tags.get("trial_key"): run.data.tags.get("mlflow.parentRunId") for run in runs(store)}
    assert (parents["a"], parents["b"]) == (opened["2"], opened["2"]), "those of the sweep that asked for them last"
    assert {run.info.run_name for run in runs(store)} >= {"lr: 1", "lr: 2"}


def test_the_run_of_a_study_says_what_came_out(store, pooling, publish, runs, tmp_path):
    publish(pooling / "a")
    run_id = tracking.open_study(store, pooling, {"question": None})
    files.write_text(tmp_path / "pages" / "report.html", "<p>Yes.</p>")
    files.write_text(tmp_path / "pages" / "figures" / "answers.png", "png")
    means = {"lr=0.1, pooling=max": {"test_accuracy": 0.7}, "reference": {"test_accuracy": 0.8}}
    study.describe_study(store, pooling, tracking.Summary("Why?\n\n| arm |", means, ["a"], tmp_path / "pages"))
    data = store.client.get_run(run_id).data
    assert data.tags["mlflow.note.content"] == "Why?\n\n| arm |"
    logged = {"mean/test_accuracy/lr 0.1 - pooling max": 0.7, "mean/test_accuracy/reference": 0.8}
    assert data.metrics == pytest.approx(logged)
    assert data.params == {}
    listed = {artifact.path for artifact in store.client.list_artifacts(run_id, "report")}
    assert listed == {"report/report.html", "report/figures"}


def open_here(place, ready, given):
    ready.wait()
    given.put(tracking.open_study(tracking.open_store("pooling"), place))


def test_processes_that_open_a_study_together_find_the_same_run(store, pooling, runs):
    context = multiprocessing.get_context("fork")
    ready, given = context.Barrier(3), context.Queue()
    others = [context.Process(target=open_here, args=(pooling, ready, given)) for _ in range(3)]
    for other in others:
        other.start()
    found = {given.get(timeout=60) for _ in others}
    for other in others:
        other.join(30)
    assert {run.info.run_id for run in runs(store)} == found
    assert len(found) == 1


def plan_trials(folder, **keys):
    data = {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16}
    trials = tuple(PlannedTrial(16 * key, arm, 0, {"lr": 0.1}, data, "official") for arm, key in keys.items())
    Plan(study="pooling", command="run", swept={}, trials=trials, seeds=(0,)).write(files.make_folder(folder))
    return folder


def test_a_study_of_another_folder_with_the_same_name_has_a_run_of_its_own(store, pooling, tmp_path):
    run_id = tracking.open_study(store, plan_trials(pooling, a="1", b="2"))
    other = tmp_path / "other" / "pooling"
    elsewhere = tracking.open_study(store, plan_trials(other, a="3", c="4"))
    assert elsewhere != run_id
    assert tracking.open_study(store, pooling) == run_id
    assert tracking.open_study(store, other) == elsewhere, "each folder goes on with its own"
    grown = plan_trials(tmp_path / "copy" / "pooling", a="1", b="2", c="5")
    assert tracking.open_study(store, grown) == run_id, "the same study, in a copied folder, with one arm more"
    mixed = plan_trials(tmp_path / "mixed" / "pooling", a="1", b="6")
    assert tracking.open_study(store, mixed) not in (run_id, elsewhere), "one of its arms is another"


def test_a_store_that_fails_does_not_make_one_study_of_two(store, pooling, tmp_path, monkeypatch):
    run_id = tracking.open_study(store, plan_trials(pooling, a="1"))
    other = plan_trials(tmp_path / "other" / "pooling", a="3")

    def fail(*given):
        raise OSError("away")

    with monkeypatch.context() as away:
        away.setattr(store.client, "download_artifacts", fail)
        with pytest.raises(OSError, match="away"):
            tracking.open_study(store, other)
    assert tracking.open_study(store, other) != run_id
    files.write_text(tmp_path / "plan.yaml", "trials: [")
    damaged = tracking.open_study(store, other)
    store.client.log_artifact(damaged, str(tmp_path / "plan.yaml"))
    again = plan_trials(tmp_path / "again" / "pooling", a="3")
    assert tracking.open_study(store, again) not in (run_id, damaged), "nothing shows that it is the same"
