"""What cannot be used is refused with a reason, in order, within limits."""

import errno
import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening import screen as module
from bloodstudy.data.screening.decode import View
from bloodstudy.data.screening.listing import show_nothing
from bloodstudy.data.screening.screen import fingerprint, refuse_too_many, screen
from bloodstudy.data.sources.folder import list_folder
from bloodstudy.errors import MachineError, UserError

VIEW = View(8, 12, "rgb")


def run(root, progress=show_nothing, change=lambda path: None, **limits):
    """Screen a folder of which one file changes after it was listed."""
    kept, listing = [], list_folder(root)
    change(root / "train/A/000.jpg")
    return listing, screen(listing, DataChoice(name="folder", **limits), VIEW, kept.append, progress), kept


def test_usable_files_are_hashed_and_kept_in_order(small):
    listing, screening, kept = run(small)
    assert screening.refused == ()
    expected = [hashlib.sha256(Path(file.path).read_bytes()).hexdigest() for file in listing.candidates]
    assert list(screening.content) == expected
    assert len(kept) == 16
    assert {pixels.shape for pixels in kept} == {(8, 12, 3)}


def test_too_large_a_file_is_never_opened(small, monkeypatch):
    with (small / "train/A/huge.jpg").open("wb") as stream:
        stream.truncate(2_000_000_000)
    opened = []
    real = os.open
    monkeypatch.setattr(module.os, "open", lambda path, *rest: (opened.append(path), real(path, *rest))[1])
    _, screening, _ = run(small)
    assert [image for image, _ in screening.refused] == ["train/A/huge.jpg"]
    assert len(opened) == 16
    assert not any("huge" in path for path in opened)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_bytes(b"\0" * 5000), "more than 4,000 bytes (data.max_bytes)"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file (a pipe, a socket or a device)"),
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
    ],
    ids=["it grew", "it became a pipe", "it vanished"],
)
def test_file_that_changed_after_it_was_listed_is_refused(small, change, reason):
    _, screening, _ = run(small, change=change, max_bytes=4000)
    assert screening.refused == (("train/A/000.jpg", reason),)


@pytest.mark.parametrize(
    ("place", "name", "error", "expected"),
    [
        (module.os, "open", OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (module.decode, "decode", MemoryError(), "not enough memory"),
    ],
)
def test_fault_of_the_machine_is_not_a_fault_of_the_file(small, monkeypatch, place, name, error, expected):
    def fail(*_):
        raise error

    monkeypatch.setattr(place, name, fail)
    with pytest.raises(MachineError, match=expected):
        run(small)


def test_progress_ends_at_the_total_and_no_thread_stays(small):
    seen = []
    run(small, lambda *args: seen.append(args))
    assert seen[-1] == ("decoding", 16, 16)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_work_that_is_stopped_reads_no_further_file(small, monkeypatch):
    def stop(name, done, total):
        raise KeyboardInterrupt

    reads = []
    monkeypatch.setattr(module, "_read", lambda file, choice, view: reads.append(file) or ("", "of no use"))
    monkeypatch.setattr(module, "_CHUNK", 1)
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    listing = list_folder(small)
    with pytest.raises(KeyboardInterrupt):
        screen(replace(listing, candidates=listing.candidates * 50), DataChoice(name="folder"), VIEW, print, stop)
    assert 0 < len(reads) < 10


def test_fingerprint_is_of_names_contents_labels_and_sides_alone(small, tmp_path):
    listing, screening, _ = run(small)
    digits = fingerprint(listing, screening)
    assert len(digits) == 16
    assert int(digits, 16) >= 0
    (small / "train/A/broken.jpg").write_bytes(b"")
    os.utime(small / "train/A/000.jpg")
    assert fingerprint(*run(small)[:2]) == digits
    moved = small.rename(tmp_path / "elsewhere")
    assert fingerprint(*run(moved)[:2]) == digits
    relabelled = replace(listing, candidates=tuple(file._replace(label="C") for file in listing.candidates))
    assert fingerprint(relabelled, screening) != digits
    boxed = replace(listing, candidates=tuple(file._replace(box=(0, 0, 9, 9)) for file in listing.candidates))
    assert fingerprint(boxed, screening) != digits
    swapped = replace(
        listing, candidates=tuple(file._replace(image=file.path, side="test") for file in listing.candidates)
    )
    unsided = replace(swapped, candidates=tuple(file._replace(side="train") for file in swapped.candidates))
    assert fingerprint(swapped, screening) != fingerprint(unsided, screening)
    (moved / "train/A/000.jpg").rename(moved / "train/A/other.jpg")
    assert fingerprint(*run(moved)[:2]) != digits


@pytest.mark.parametrize(
    ("refused", "offered", "share", "stops"),
    [(10, 20, 0.01, False), (11, 1100, 0.01, False), (11, 1099, 0.01, True), (11, 20, 1.0, False), (12, 5000, 0, True)],
)
def test_more_than_the_share_and_more_than_ten_stop(refused, offered, share, stops):
    refusals = [(f"A/{k}.jpg", "zero bytes") for k in range(refused)]
    if not stops:
        return refuse_too_many(refusals, offered, share, Path("quarantine.csv"))
    with pytest.raises(UserError, match=rf"{refused} of {offered} files .*'A/0.jpg': zero bytes.*quarantine\.csv"):
        refuse_too_many(refusals, offered, share, Path("quarantine.csv"))
    return None
