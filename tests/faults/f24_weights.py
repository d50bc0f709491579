"""F24: weights from who knows where: never unpickled, never imported; only the model's own are gone on from.

The only weights that a command ever reads are the saved states of an interrupted trial. Each hostile file would write
a canary if it were loaded as its own library loads it, and one test shows that it would.
"""

import io
import json
import os
import pickle
import signal
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from harness import command, run_python

from bloodstudy.training import checkpoint
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints, list_guards


class Hostile:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def pickled(canary):
    """Return an .npz whose one array is an object that runs a command when it is unpickled."""
    stream = io.BytesIO()
    np.savez(stream, header=np.array([Hostile(canary)], dtype=object), sha256=np.zeros(32, np.uint8))
    return stream.getvalue()


def packed(members, **content):
    """Return a zip of the given members; of a value that is no bytes, its JSON."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, what in (members | content).items():
            archive.writestr(name, what if isinstance(what, bytes) else json.dumps(what))
    return stream.getvalue()


def keras_file(canary):
    """Return a .keras file with a Lambda layer that is Python code."""
    layer = {
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"code": str(canary)}}},
    }
    return packed({"config.json": {"class_name": "Sequential", "config": {"layers": [layer]}}, "metadata.json": {}})


def huge():
    """Return an .npz of a few bytes whose header declares an array of four terabytes."""
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    head += b" " * (117 - len(head)) + b"\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"\0" * 64
    return packed({"header.npy": array, "sha256.npy": array, "model/0000/kernel.npy": array})


def declared_huge():
    """Return an H5 file of a few bytes that declares four terabytes of weights."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("model_weights/dense/kernel", shape=(10**6, 10**6), dtype="f4", chunks=(100, 100))
    return stream.getvalue()


def surround(folder, canary):
    """Put into `folder` what other programs take for a model; return the paths."""
    (folder / "canary_loader.py").write_text(f"open({str(canary)!r}, 'w')\n")
    flavor = {"python_function": {"loader_module": "canary_loader", "code": "."}}
    found = {"MLmodel": json.dumps({"flavors": flavor}).encode(), "model.keras": keras_file(canary)}
    found |= {"weights.pkl": pickle.dumps(Hostile(canary)), "model.weights.h5": declared_huge()}
    for name, content in found.items():
        (folder / name).write_bytes(content)
    return found


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


def test_the_files_are_as_hostile_as_they_look(tmp_path, canary):
    (tmp_path / "state.npz").write_bytes(pickled(canary))
    run_python(tmp_path, "import numpy; numpy.load('state.npz', allow_pickle=True)['header']")
    assert canary.exists()
    canary.unlink()
    surround(tmp_path, canary)
    run_python(tmp_path, "import canary_loader")
    assert canary.exists()


def test_an_interrupted_trial_goes_on_from_its_own_weights_alone(study, canary):
    study.vary(epochs="4")
    fault = {"BLOODSTUDY_FAULT": "killgroup:after-rename:state-:2"}
    code, said = study.run(**fault)
    assert code == -signal.SIGKILL, said
    epochs, guards = zip(*list_guards(study.trial), strict=True)
    assert sorted(epochs) == [1, 2]
    found = {study.trial / name: content for name, content in surround(study.trial, canary).items()}
    surround(study.folder, canary)  # Python would import from here

    def plant(*contents):
        for name, content in zip(checkpoint.GENERATIONS, contents, strict=True):
            (study.trial / name).write_bytes(content)

    plant(pickled(canary), keras_file(canary))
    code, said = study.run(**fault)
    assert code == -signal.SIGKILL, said
    assert "warning: state-0.npz is damaged and state-1.npz is damaged: discarded" in said
    assert "starts again with epoch 1" in said
    assert sorted(epoch for epoch, _ in list_guards(study.trial)) == [1, 2]

    plant(huge(), b"")
    wrong = {"model/0000/kernel": np.zeros((4, 4), "float32")}  # whole, sealed, and of another model
    Checkpoints(study.trial, guards[0]).write(Checkpoint(3, [], wrong))
    said = study.finish()
    assert "state-0.npz is damaged and state-1.npz holds variables of other names or shapes than the model's" in said
    assert "starts again with epoch 1" in said
    assert (study.result["outcome"], study.result["cost"]["resumed_after"]) == ("finished", 0)
    assert not canary.exists()
    assert {path: path.read_bytes() for path in found} == found, "nobody has touched them"


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("../../canary", "canary"), ("/canary", "canary"), ("trials/0123456789abcdef/model.keras", "model.keras"),
        ("trials/0123456789abcdef/state-1.npz", "state-1.npz"), ("weights.pkl", "weights.pkl"), ("MLmodel", "MLmodel"),
    ],
)  # fmt: skip
def test_a_package_brings_no_weights(tmp_path, canary, member, told):
    (tmp_path / "stranger.zip").write_bytes(packed({"plan.yaml": b"", member: pickle.dumps(Hostile(canary))}))
    before = set(tmp_path.rglob("*"))
    ended = command(tmp_path, "package", "restore=stranger.zip")
    assert ended.returncode == 2, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert set(tmp_path.rglob("*")) == before
    assert not (Path("/") / "canary").exists()
