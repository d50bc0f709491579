"""Decoded once, for all processes; damaged cache files are made anew."""

import errno
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening import cache as module
from bloodstudy.data.screening import decode, screen
from bloodstudy.data.screening.cache import Request, fetch
from bloodstudy.data.screening.decode import View
from bloodstudy.data.sources.folder import list_folder
from bloodstudy.errors import MachineError

VIEW = View(8, 12, "rgb")


def request(root: Path, view: View = VIEW, **limits) -> Request:
    return Request(list_folder(root), DataChoice(name="folder", **limits), view, root.parent / "cache")


@pytest.fixture
def decodings(monkeypatch) -> list[View]:
    """Record each decoding."""
    views, real = [], decode.decode
    monkeypatch.setattr(decode, "decode", lambda *given: (views.append(given[1]), real(*given))[1])
    return views


def arrays(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*.npy"))


def test_second_fetch_decodes_nothing_writes_nothing_and_is_the_same(small, decodings):
    first = fetch(request(small))
    written = {path: path.stat().st_mtime_ns for path in (small.parent / "cache").rglob("*")}
    second = fetch(request(small))
    assert {path: path.stat().st_mtime_ns for path in (small.parent / "cache").rglob("*")} == written
    assert len(decodings) == 16
    assert first.screening == second.screening
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(first.images, second.images)


def test_array_is_a_read_only_map_in_the_listing_s_order(small):
    found = fetch(request(small))
    assert isinstance(found.images, np.memmap)
    assert found.images.shape == (16, 8, 12, 3)
    assert not found.images.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        found.images[0] = 0
    for file, image in zip(list_folder(small).candidates, found.images, strict=True):
        with decode.pillow_limits(1000):
            assert np.array_equal(decode.decode(Path(file.path).read_bytes(), VIEW, 1000), image)
    assert arrays(small.parent / "cache") == [f"{found.fingerprint}/8x12-rgb-{decode.RULE}.npy"]


def test_refused_files_have_no_row(small):
    (small / "train/A/002a.jpg").write_bytes(b"")
    found = fetch(request(small))
    assert found.images.shape[0] == 16
    assert found.quarantine.read_text() == "image,reason\ntrain/A/002a.jpg,zero bytes\n"


def test_each_view_is_an_array_of_its_own(small, decodings):
    for view in (VIEW, View(8, 12, "gray"), View(12, 8, "rgb")):
        assert fetch(request(small, view)).images.shape[1:] == (view.height, view.width, view.channels)
    assert len(decodings) == 48
    assert len(arrays(small.parent / "cache")) == 3
    fetch(request(small))
    assert len(decodings) == 48


def test_another_rule_of_conversion_is_another_array(small, decodings, monkeypatch):
    fetch(request(small))
    monkeypatch.setattr(decode, "RULE", decode.RULE + 1)
    fetch(request(small))
    assert len(decodings) == 32


def test_changed_added_and_removed_files_are_noticed(small, decodings):
    digits = {fetch(request(small)).fingerprint}
    for name in ("000", "new"):
        (small / f"train/A/{name}.jpg").write_bytes((small / "test/B/000.jpg").read_bytes())
        digits.add(fetch(request(small)).fingerprint)
    (small / "train/A/new.jpg").unlink()
    again = fetch(request(small))
    assert len(digits) == 3
    assert again.fingerprint in digits
    assert again.images.shape[0] == 16


def test_other_limits_are_screened_anew(small):
    assert fetch(request(small)).images.shape[0] == 16
    assert fetch(request(small, max_pixels=10)).images.shape[0] == 0
    assert fetch(request(small)).images.shape[0] == 16


DAMAGES = {
    "cut": lambda path, _: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path, _: path.write_bytes(b""),
    "longer": lambda path, _: path.write_bytes(path.read_bytes() + b"x"),
    "text": lambda path, _: path.write_bytes(b"hello"),
    "shape": lambda path, images: np.save(path, images[:3]),
    "dtype": lambda path, images: np.save(path, images.astype(np.float32)),
    "pickle": lambda path, _: np.save(path, np.array([{}]), allow_pickle=True),
    "noise": lambda path, _: path.write_bytes(path.read_bytes()[:200] + bytes(len(path.read_bytes()) - 200)),
    "no hash": lambda path, _: path.with_name(f"{path.name}.sha256").unlink(),
    "gone": lambda path, _: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_array_is_made_anew(small, decodings, damage):
    first = fetch(request(small))
    expected, path = np.array(first.images), request(small).array(first.fingerprint)
    DAMAGES[damage](path, expected)
    again = fetch(request(small))
    assert len(decodings) == 32
    assert np.array_equal(again.images, expected)
    assert (f"{path} was damaged" in again.mended) == (damage != "gone")
    assert fetch(request(small)).mended == ""


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b'{"version": 1, "signature": 5}'])
def test_damaged_index_is_made_anew(small, decodings, content):
    fetch(request(small))
    (request(small).source / "index.json").write_bytes(content)
    assert fetch(request(small)).images.shape[0] == 16
    assert len(decodings) == 32


def test_index_that_lies_about_a_content_is_not_believed(small, decodings):
    first = fetch(request(small))
    path = request(small).source / "index.json"
    path.write_text(path.read_text().replace(first.screening.content[0] or "", "0" * 64))
    assert fetch(request(small)).screening == first.screening
    assert len(decodings) == 32


def test_interrupted_decoding_publishes_nothing_and_leaves_no_litter(small, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    for name, view in (("write_text", VIEW), ("_write", View(4, 4, "rgb"))):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                fetch(request(small, view))
    fetch(request(small))
    fetch(request(small, View(4, 4, "rgb")))
    assert not list((small.parent / "cache").rglob("*.part"))
    assert len(arrays(small.parent / "cache")) == 2


@pytest.mark.parametrize(
    ("place", "name", "code", "expected"),
    [(module, "_write", errno.ENOSPC, "the disk is full"), (Path, "mkdir", errno.EACCES, "permission denied")],
)
def test_full_disk_and_a_cache_that_may_not_be_written_are_the_machine_s_fault(
    small, monkeypatch, place, name, code, expected
):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(place, name, fail)
    with pytest.raises(MachineError, match=expected):
        fetch(request(small))


def fetch_slowly(root: Path, barrier, results) -> None:
    decoded = []
    real = decode.decode

    def slow(*args):
        decoded.append(1)
        time.sleep(0.02)
        return real(*args)

    decode.decode = slow  # type: ignore[assignment]
    assert screen.decode.decode is slow
    wanted = request(root)
    barrier.wait()
    found = fetch(wanted)
    results.put((os.getpid(), len(decoded), found.fingerprint, int(found.images.sum())))


def test_two_processes_together_decode_once(small):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=fetch_slowly, args=(small, barrier, results)) for _ in range(2)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(decoded for _, decoded, _, _ in found) == [0, 16]
    assert len({(digits, total) for _, _, digits, total in found}) == 1
    assert len({pid for pid, _, _, _ in found}) == 2
