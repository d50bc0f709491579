"""One trial in this process: its events, its files, its result; test_worker.py has trials in a worker."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bloodstudy import files
from bloodstudy.errors import MachineError
from bloodstudy.study.code_digest import code_digest
from bloodstudy.training import checkpoint, trial
from bloodstudy.training.events import EpochTrained


@pytest.fixture
def train(assignment):
    """Return a function that trains the assignment anew with some of its fields changed; it returns the result."""

    def train(lr=None, **changes):
        checkpoint.clear(assignment.folder)
        changed = replace(assignment, **changes)
        changed = replace(changed, factors=replace(changed.factors, lr=lr or changed.factors.lr))
        return trial.train_trial(changed, lambda event: None, threads=1)

    return train


def test_a_trial_leaves_its_history_and_predictions(assignment):
    events = []
    result = trial.train_trial(assignment, events.append, threads=1)
    assert (result.outcome, result.code, result.resumed_after) == ("finished", code_digest(), 0)
    assert [event.row["epoch"] for event in events if isinstance(event, EpochTrained)] == [1, 2]
    assert list(pd.read_csv(assignment.folder / "history.csv")["epoch"]) == [1, 2]
    table = pd.read_parquet(assignment.folder / "predictions.parquet")
    assert len(table) == 40
    chosen = table[["p_A", "p_B", "p_C"]].to_numpy().argmax(axis=1)
    right = np.array(["A", "B", "C"])[chosen] == table["label"]
    for side in ("train", "test"):
        assert result.responses[f"{side}_accuracy"] == pytest.approx(right[table["split"] == side].mean())


def test_validation_and_images_left_out_are_not_trained_on(assignment, train):
    manifest = assignment.manifest.assign(split=["train"] * 20 + ["validation"] * 7 + [""] * 3 + ["test"] * 10)
    manifest["scene"] = [f"s{k // 2}" for k in range(40)]
    manifest.loc[39, "scene"] = "s0"
    first = train(manifest=manifest, clean=True).responses
    assert first["test_images_clean"] == 9
    assert len(pd.read_parquet(assignment.folder / "predictions.parquet")) == 37
    last = pd.read_csv(assignment.folder / "history.csv").iloc[-1]
    assert last["validation_accuracy"] == pytest.approx(first["validation_accuracy"])
    assert last["validation_loss"] == pytest.approx(first["validation_loss"], rel=1e-4)
    images = np.load(assignment.images)
    images[20:30] = 255 - images[20:30]
    np.save(assignment.folder / "other.npy", images)
    second = train(manifest=manifest, clean=True, images=assignment.folder / "other.npy").responses
    assert [first[name] == second[name] for name in ("train_loss", "test_loss", "validation_loss")] == [
        True, True, False,
    ]  # fmt: skip


def test_divergence_is_an_outcome_without_responses(train):
    result = train(lr=1e30)
    assert result.outcome == "diverged"
    assert result.responses == {}


def test_a_trial_repeats_itself_exactly_whatever_was_trained_between(train):
    first, other, again = (train(lr=lr).prediction_hash for lr in (1e-3, 1e-2, 1e-3))
    assert first == again != other


def test_an_array_that_is_not_what_the_command_was_given_is_a_fault_of_the_machine(train, assignment):
    right = files.hash_file(assignment.images)
    assert train(images_hash=right).outcome == "finished"
    images = np.load(assignment.images)
    images[0] = 255 - images[0]
    np.save(assignment.folder / "other.npy", images)
    with pytest.raises(MachineError, match=r"other\.npy is damaged"):
        train(images=assignment.folder / "other.npy", images_hash=right)
