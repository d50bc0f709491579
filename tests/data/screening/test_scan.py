"""The rule for hidden files, nested folders, odd names and links."""

import inspect
import os
import sys
from pathlib import Path

import pytest

from bloodstudy.data.screening.scan import TWINS, Place, readable, scan_folders


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def scan(root: Path, *folders: str) -> tuple[list[str], dict[str, str]]:
    """Return the images and the reasons of what is refused."""
    files, refused = scan_folders(root, [Place(folder, folder, "") for folder in folders])
    return [file.image for file in files], dict(refused)


def test_pipe_is_refused_without_being_opened(tmp_path):
    touch(tmp_path / "A/1.jpg")
    os.mkfifo(tmp_path / "A/pipe.jpg")
    assert scan(tmp_path, "A") == (["A/1.jpg"], {"A/pipe.jpg": "not a regular file (a pipe, a socket or a device)"})


def test_two_files_whose_names_are_the_same_in_nfc_are_refused_both(tmp_path):
    for folder in ("A", "Z\u00e9", "Ze\u0301"):
        touch(tmp_path / folder / "1.jpg")
    touch(tmp_path / "A/\u00e9.jpg")
    touch(tmp_path / "A/e\u0301.jpg")
    images, refused = scan(tmp_path, "A", "Z\u00e9", "Ze\u0301")
    assert images == ["A/1.jpg"]
    assert refused == dict.fromkeys(("A/\u00e9.jpg", "Z\u00e9/1.jpg"), TWINS)


COUNTED, OUTSIDE, HOLDS_IT = (
    "a link to what is counted already", "a link that leaves the root folder", "a link to a folder that holds it",
)  # fmt: skip
LINKS = {  # files and links below a folder that holds the root and others; images and reasons below the root
    "a link inside the root is followed once": (
        ["root/store/1.jpg"],
        {"A/first": "{root}/store", "A/second": "../store", "A/third.jpg": "../store/1.jpg"},
        ["A/first/1.jpg"],
        {"A/second": COUNTED, "A/third.jpg": COUNTED},
    ),
    "a file counted through a link is not counted again through its folder": (
        ["root/store/1.jpg", "root/store/2.jpg"],
        {"A/a.jpg": "../store/1.jpg", "A/b": "../store"},
        ["A/a.jpg", "A/b/2.jpg"],
        {"A/b/1.jpg": "counted already, through a link"},
    ),
    "a link to another class does not count its files twice": (
        ["root/A/1.jpg"], {"B": "A"}, ["A/1.jpg"], {"B": COUNTED},
    ),
    "a linked class folder is a class": (["root/store/1.jpg"], {"A": "store"}, ["A/1.jpg"], {}),
    "links out of the root, dead links and loops are refused": (
        ["root/A/1.jpg", "root/notes/secret.jpg", "outside/2.jpg"],
        {
            "A/out": "{root}/../outside", "A/out.jpg": "../../outside/2.jpg", "A/dead.jpg": "nothing.jpg",
            "A/up": "{root}", "A/self": ".", "A/round": "round",
        },
        ["A/1.jpg"],
        {
            "A/out": OUTSIDE, "A/out.jpg": OUTSIDE, "A/dead.jpg": "a link that leads nowhere", "A/up": HOLDS_IT,
            "A/self": HOLDS_IT, "A/round": "a link that leads nowhere",
        },
    ),
    "a root beside with the same beginning is outside": (
        ["root/A/1.jpg", "root2/2.jpg"], {"A/2.jpg": "../../root2/2.jpg"}, ["A/1.jpg"], {"A/2.jpg": OUTSIDE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LINKS)
def test_links(tmp_path, case):
    files, links, images, reasons = LINKS[case]
    root = tmp_path / "root"
    for file in files:
        touch(tmp_path / file)
    for link, target in links.items():
        (root / link).parent.mkdir(exist_ok=True)
        (root / link).symlink_to(target.format(root=root))
    assert scan(root, *[name for name in "AB" if (root / name).exists()]) == (images, reasons)


def test_odd_names_are_kept_and_sorted(tmp_path):
    stems = ["-dash", "a b", "quo\"te's", "line\nend", "|<script>`", "x" * 251, "A", "a"]
    names = [f"{stem}.jpg" for stem in stems]
    for name in names:
        touch(tmp_path / "A" / name)
    assert scan(tmp_path, "A") == (sorted(f"A/{name}" for name in names), {})


def test_name_that_is_no_unicode_is_refused_and_can_be_shown(tmp_path):
    touch(tmp_path / "A/1.jpg")
    (tmp_path / "A" / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    assert scan(tmp_path, "A") == (["A/1.jpg"], {"A/\\xff.jpg": "its name is not valid Unicode; rename it"})
    assert readable(os.fsdecode(b"\xff")).encode() == b"\\xff"


def test_deep_folders_need_no_deep_recursion(tmp_path):
    touch(tmp_path / "A" / "/".join(["d"] * 150) / "1.jpg")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        images, _ = scan(tmp_path, "A")
    finally:
        sys.setrecursionlimit(before)
    assert images == ["A/" + "d/" * 150 + "1.jpg"]


@pytest.mark.parametrize("order", [1, -1])
def test_order_of_the_file_system_has_no_part(tmp_path, monkeypatch, order):
    for name in ("A/2.jpg", "A/1.jpg", "B/1.jpg", "store/3.jpg"):
        touch(tmp_path / name)
    (tmp_path / "A/x").symlink_to("../store")
    (tmp_path / "B/x").symlink_to("../store")
    scandir = os.scandir

    class Ordered:
        def __init__(self, path):
            with scandir(path) as listing:
                self.entries = sorted(listing, key=lambda entry: entry.name)[::order]

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(os, "scandir", Ordered)
    assert scan(tmp_path, "A", "B")[0] == ["A/1.jpg", "A/2.jpg", "A/x/3.jpg", "B/1.jpg"]
