"""The state of a trial in training, published beside it after every epoch, so that an interrupted trial goes on.

In: the epochs done, their history rows, all variables of model and optimizer, and a guard: what must be the same for
the numbers to be the same. Out: the newest whole state that the guard fits. There are two files in turn, each with all
of it under one hash, so a damaged one costs an epoch and weights never meet the wrong epoch. No Keras here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bloodstudy import files
from bloodstudy.study.run_folder import TrialFolder
from bloodstudy.training.events import HistoryRow

GENERATIONS = ("state-0.npz", "state-1.npz")  # after even and odd epochs


@dataclass(frozen=True)
class Checkpoint:
    """What training was after a whole epoch."""

    epoch: int  # whole epochs done
    rows: Sequence[HistoryRow]  # of the history, one an epoch
    variables: dict[str, np.ndarray]  # of model and optimizer, by owner, position and path


@dataclass(frozen=True)
class Checkpoints:
    """The saved states of one trial; `guard` holds what a state must agree with to be gone on from."""

    folder: Path
    guard: Mapping[str, str]

    def write(self, state: Checkpoint) -> None:
        """Publish `state` in place of the older of the two; raises MachineError if the disk refuses."""
        header = json.dumps({"epoch": state.epoch, "rows": list(state.rows), "guard": dict(self.guard)})
        content = {"header": np.frombuffer(header.encode(), np.uint8), **state.variables}
        path = self.folder / GENERATIONS[state.epoch % 2]
        with files.published(path) as beside, beside.open("wb") as stream:
            np.savez(stream, **content, sha256=_hash(content))

    def read(self, fresh: Mapping[str, np.ndarray], warn: Callable[[str], None]) -> Checkpoint | None:
        """Return the newest state to go on from, or None; what cannot be used is removed, with one warning.

        `fresh` holds the variables of the new model: a state's must have the same names, shapes and sizes.
        """
        for rest in TrialFolder(self.folder).checkpoint_rests:
            rest.unlink(missing_ok=True)
        usable, reasons = [], []
        for path in _paths(self.folder):
            state, reason = self._judge(path, fresh)
            if state is None:
                path.unlink()
                reasons.append(f"{path.name} {reason}")
            else:
                usable.append(state)
        newest = max(usable, key=lambda state: state.epoch, default=None)
        if reasons:
            then = f"goes on after epoch {newest.epoch}" if newest else "starts again with epoch 1"
            warn(f"warning: {' and '.join(reasons)}: discarded; the trial {then}")
        return newest

    def _judge(self, path: Path, fresh: Mapping[str, np.ndarray]) -> tuple[Checkpoint | None, str]:
        try:
            state, guard = _read(path)
        except Exception:  # whatever a file raises whose bytes were changed: zip, NumPy and JSON each have their own
            return None, "is damaged"
        differing = [
            f"{name} {guard.get(name)} instead of {self.guard.get(name)}"
            for name in sorted(set(guard) | set(self.guard))
            if guard.get(name) != self.guard.get(name)
        ]
        if differing:
            return None, f"was saved with {', '.join(differing)}, which a trial must not mix"
        if _layout(state.variables) != _layout(fresh):
            return None, "holds variables of other names or shapes than the model's"
        return state, ""


def list_guards(folder: Path) -> list[tuple[int, Mapping[str, str]]]:
    """Return the epoch and the guard of each saved state in `folder`; damaged ones are left out."""
    found = []
    for path in _paths(folder):
        with contextlib.suppress(Exception), _opened(path) as archive:  # as in Checkpoints.read
            header = _read_header(archive["header"])
            found.append((int(header["epoch"]), dict(header["guard"])))
    return found


def clear(folder: Path) -> None:
    """Remove the saved states of the trial in `folder`, and what a killed write left of one."""
    for path in (*_paths(folder), *TrialFolder(folder).checkpoint_rests):
        path.unlink(missing_ok=True)


def _paths(folder: Path) -> list[Path]:
    return [folder / name for name in GENERATIONS if (folder / name).is_file()]


def _read(path: Path) -> tuple[Checkpoint, dict[str, str]]:
    with _opened(path) as archive:
        content = {name: archive[name] for name in archive.files}
    if bytes(content.pop("sha256")) != bytes(_hash(content)):
        raise ValueError(f"{path}: the content is not what its hash says")
    header = _read_header(content.pop("header"))
    return Checkpoint(header["epoch"], header["rows"], content), header["guard"]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    # Opened here, since NumPy leaves a file open that it cannot read.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        if any(member.compress_type for member in archive.zip.infolist()):
            raise ValueError(f"{path}: it is compressed, which no saved state is: a small file could fill the memory")
        yield archive


def _read_header(array: np.ndarray) -> dict[str, Any]:
    return json.loads(bytes(array))


def _hash(content: Mapping[str, np.ndarray]) -> np.ndarray:
    digest = hashlib.sha256(json.dumps(_layout(content), sort_keys=True).encode())
    for name in sorted(content):
        digest.update(content[name].tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _layout(variables: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
    # Kind and size, not the type itself: NumPy reads bfloat16 back as two bytes without a name.
    return {name: [array.dtype.kind, array.dtype.itemsize, list(array.shape)] for name, array in variables.items()}
