import json

import numpy as np
import pytest

from bloodstudy import files
from bloodstudy.training import checkpoint
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints

GUARD = {"trial": "0123456789abcdef", "code": "aaaa", "keras": "3.15.1", "threads": "2"}


def variables(filled=0.0):
    return {
        "model/0000/dense/kernel": np.full((3, 2), filled, "float32"),
        "model/0001/seed_generator/state": np.array([1, 2], "int64"),
        "optimizer/0000/adam/iteration": np.array(7, "int64"),
    }


def kept(folder, *epochs):
    states = Checkpoints(folder, GUARD)
    for epoch in epochs:
        rows = [{"epoch": k + 1, "fit_loss": 0.1 * k, "validation_loss": float("inf")} for k in range(epoch)]
        states.write(Checkpoint(epoch, rows, variables(epoch)))
    return states


def read(states, fresh=None):
    said = []
    return states.read(fresh or variables(), said.append), said


def test_the_newest_of_two_states_is_read_back_to_the_bit(tmp_path):
    states = kept(tmp_path, 1, 2, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state-0.npz", "state-1.npz"]
    newest, said = read(states)
    assert said == []
    assert (newest.epoch, len(newest.rows)) == (3, 3)
    assert newest.rows[2] == {"epoch": 3, "fit_loss": 0.1 * 2, "validation_loss": float("inf")}
    for name, array in variables(3).items():
        assert newest.variables[name].tobytes() == array.tobytes()
        assert newest.variables[name].shape == array.shape


def test_without_states_there_is_nothing_to_tell(tmp_path):
    assert read(Checkpoints(tmp_path, GUARD)) == (None, [])


def test_sixteen_bit_numbers_survive(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2.25], ml_dtypes.bfloat16)
    states = Checkpoints(tmp_path, GUARD)
    states.write(Checkpoint(1, [], {"w": array}))
    newest, said = read(states, {"w": np.zeros(2, ml_dtypes.bfloat16)})
    assert said == []
    assert (newest.variables["w"].view(ml_dtypes.bfloat16) == array).all()


def write_array(path):
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0x10
    path.write_bytes(content)


def compress(path):
    with np.load(path) as archive:
        np.savez_compressed(path, **archive)


DAMAGES = {
    "compressed, so that a small file could fill the memory": compress,
    "truncated to nothing": lambda path: path.write_bytes(b""),
    "truncated to half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "truncated by a byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "another file": lambda path: path.write_text("no archive"),
    "an array": write_array,
    "a pickle": lambda path: np.savez(path, sha256=np.array([{}], dtype=object)),
    "a hash gone": lambda path: np.savez(path, **variables()),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_state_costs_an_epoch_and_is_told_once(tmp_path, damage):
    states = kept(tmp_path, 1, 2)
    damage(tmp_path / "state-0.npz")
    older, said = read(states)
    assert older.epoch == 1
    assert older.variables["model/0000/dense/kernel"][0, 0] == 1
    assert said == ["warning: state-0.npz is damaged: discarded; the trial goes on after epoch 1"]
    again, said = read(states)
    assert (again.epoch, said) == (1, [])


def test_two_damaged_states_start_the_trial_again(tmp_path):
    states = kept(tmp_path, 1, 2)
    for name in checkpoint.GENERATIONS:
        DAMAGES["truncated to half"](tmp_path / name)
    nothing, said = read(states)
    assert nothing is None
    (line,) = said
    assert "state-0.npz is damaged and state-1.npz is damaged" in line
    assert "starts again" in line
    assert list(tmp_path.iterdir()) == []


def test_no_bit_flip_anywhere_gives_other_content_than_was_written(tmp_path):
    states = kept(tmp_path, 1)
    path = tmp_path / "state-1.npz"
    whole, seen = path.read_bytes(), 0
    for position in range(0, len(whole), 3):
        path.write_bytes(whole)
        flip(path, position)
        got, _ = read(states)
        if got is None:
            seen += 1
            continue
        assert got.epoch == 1
        assert all((got.variables[name] == array).all() for name, array in variables(1).items())
    assert seen > 100


@pytest.mark.parametrize("name", ["code", "keras", "threads"])
def test_a_state_of_something_else_is_discarded_with_the_reason(tmp_path, name):
    kept(tmp_path, 1, 2)
    nothing, said = read(Checkpoints(tmp_path, GUARD | {name: "other"}))
    assert nothing is None
    assert len(said) == 1
    assert f"saved with {name} {GUARD[name]} instead of other" in said[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fresh",
    [
        {**variables(), "model/0000/dense/kernel": np.zeros((3, 3), "float32")},
        {**variables(), "model/0000/dense/kernel": np.zeros((3, 2), "float64")},
        {name.replace("dense", "conv"): array for name, array in variables().items()},
        {name: array for name, array in variables().items() if "seed" not in name},
    ],
    ids=["shape", "type", "name", "missing"],
)
def test_variables_that_do_not_fit_are_discarded(tmp_path, fresh):
    nothing, said = read(kept(tmp_path, 1), fresh)
    assert nothing is None
    assert "other names or shapes" in said[0]


def test_the_epoch_is_part_of_what_the_hash_covers(tmp_path):
    states = kept(tmp_path, 1)
    with np.load(tmp_path / "state-1.npz") as archive:
        content = {name: archive[name] for name in archive.files}
    header = json.loads(bytes(content["header"])) | {"epoch": 5}
    content["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(tmp_path / "state-1.npz", **content)
    assert read(states)[0] is None


def test_clear_removes_states_and_what_a_killed_write_left(tmp_path):
    kept(tmp_path, 1, 2)
    (tmp_path / ".state-1.npz.abc.npz").write_bytes(b"123")
    files.write_json(tmp_path / "result.json", {})
    checkpoint.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_killed_write_is_swept_up_by_the_next_reading(tmp_path):
    states = kept(tmp_path, 1)
    (tmp_path / ".state-0.npz.abc.npz").write_bytes(b"half")
    newest, said = read(states)
    assert (newest.epoch, said) == (1, [])
    assert [path.name for path in tmp_path.iterdir()] == ["state-1.npz"]
