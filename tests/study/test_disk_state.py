"""A trial on disk: what it has come to, and which of its files nothing needs."""

import json

import numpy as np
from filelock import FileLock
from records import result_of

from bloodstudy import files
from bloodstudy.study.disk_state import TrialState, clear_states, read_state


def test_states_of_trials_with_a_result_are_cleared_and_no_others(tmp_path):
    for name, finished in (("a", True), ("b", True), ("c", False)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state-0.npz").write_bytes(b"x" * 700)
        (tmp_path / name / "state-1.npz").write_bytes(b"x" * 300)
        (tmp_path / name / "keep.npz").write_bytes(b"x")
        (tmp_path / name / ".state-0.npz.k3x.npz").write_bytes(b"x" * 24)
        if finished:
            factors = {"lr": 0.1, "precision": "float32", "seed": 0}
            result_of({"factors": factors, "cost": {"wall_seconds": 2.0, "attempts": 1}}).write(tmp_path / name)
    with FileLock(tmp_path / "b" / ".lock"):  # it is being trained again
        assert clear_states(tmp_path) == (1, 1024)
    assert clear_states(tmp_path) == (1, 1024)
    assert clear_states(tmp_path) == (0, 0)
    assert sorted(path.parent.name + path.name for path in tmp_path.glob("*/*.npz")) == [
        "akeep.npz", "bkeep.npz", "c.state-0.npz.k3x.npz", "ckeep.npz", "cstate-0.npz", "cstate-1.npz",
    ]  # fmt: skip
    assert read_state(tmp_path / "c") == TrialState("interrupted", None, None, 0, 1025, 1024)


def test_the_epochs_of_an_interrupted_trial_are_those_of_its_newest_state(tmp_path):
    (tmp_path / "config.yaml").write_text("lr: 0.1\nepochs: 60\n")
    for epoch in (44, 45):
        header = np.frombuffer(json.dumps({"epoch": epoch, "rows": []}).encode(), np.uint8)
        np.savez(tmp_path / f"state-{epoch % 2}.npz", header=header, weights=np.zeros(9))
    files.write_json(tmp_path / "attempts.json", 1)
    seen = read_state(tmp_path)
    assert (seen.outcome, seen.epochs, seen.epochs_done) == ("interrupted", 60, 45)
    state = tmp_path / "state-1.npz"
    state.write_bytes(state.read_bytes()[:200])
    assert read_state(tmp_path).epochs_done == 44, "a damaged state counts for nothing"
