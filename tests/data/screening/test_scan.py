"""The rule for hidden files, nested folders, odd names and links."""

import inspect
import os
import sys
import unicodedata
from pathlib import Path

import pytest

from bloodstudy.data.screening.scan import Place, readable, scan_folders


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def images(root: Path, *folders: str) -> list[str]:
    return [file.image for file in scan_folders(root, [Place(folder, folder, "") for folder in folders])[0]]


def reasons(root: Path, *folders: str) -> dict[str, str]:
    return dict(scan_folders(root, [Place(folder, folder, "") for folder in folders])[1])


def test_hidden_files_are_passed_over_and_nested_folders_belong_to_their_class(tmp_path):
    for name in ("A/1.jpg", "A/.DS_Store", "A/._1.jpg", "A/__MACOSX/1.jpg", "A/Thumbs.db", "A/deep/er/2.jpg"):
        touch(tmp_path / name)
    files, refused = scan_folders(tmp_path, [Place("A", "class a", "train")])
    assert [file.image for file in files] == ["A/1.jpg", "A/deep/er/2.jpg"]
    assert {(file.label, file.side) for file in files} == {("class a", "train")}
    assert refused == ()


def test_pipe_is_refused_without_being_opened(tmp_path):
    touch(tmp_path / "A/1.jpg")
    os.mkfifo(tmp_path / "A/pipe.jpg")
    assert images(tmp_path, "A") == ["A/1.jpg"]
    assert "not a regular file" in reasons(tmp_path, "A")["A/pipe.jpg"]


def test_link_inside_the_root_is_followed_once(tmp_path):
    touch(tmp_path / "store/1.jpg")
    (tmp_path / "A").mkdir()
    (tmp_path / "A/first").symlink_to(tmp_path / "store")
    (tmp_path / "A/second").symlink_to("../store")
    (tmp_path / "A/third.jpg").symlink_to("../store/1.jpg")
    assert images(tmp_path, "A") == ["A/first/1.jpg"]
    assert reasons(tmp_path, "A") == {
        "A/second": "a link to what is counted already",
        "A/third.jpg": "a link to what is counted already",
    }


def test_file_counted_through_a_link_is_not_counted_again_through_its_folder(tmp_path):
    touch(tmp_path / "store/1.jpg")
    touch(tmp_path / "store/2.jpg")
    (tmp_path / "A").mkdir()
    (tmp_path / "A/a.jpg").symlink_to("../store/1.jpg")
    (tmp_path / "A/b").symlink_to("../store")
    assert images(tmp_path, "A") == ["A/a.jpg", "A/b/2.jpg"]
    assert reasons(tmp_path, "A") == {"A/b/1.jpg": "counted already, through a link"}


def test_link_to_another_class_does_not_count_its_files_twice(tmp_path):
    touch(tmp_path / "A/1.jpg")
    (tmp_path / "B").symlink_to("A")
    assert images(tmp_path, "A", "B") == ["A/1.jpg"]
    assert reasons(tmp_path, "A", "B") == {"B": "a link to what is counted already"}


def test_symlinked_class_folder_is_a_class(tmp_path):
    touch(tmp_path / "store/1.jpg")
    (tmp_path / "A").symlink_to("store")
    assert images(tmp_path, "A") == ["A/1.jpg"]


def test_links_out_of_the_root_dead_links_and_loops_are_refused(tmp_path):
    root = tmp_path / "root"
    touch(root / "A/1.jpg")
    touch(root / "notes/secret.jpg")
    touch(tmp_path / "outside/2.jpg")
    (root / "A/out").symlink_to(tmp_path / "outside")
    (root / "A/out.jpg").symlink_to("../../outside/2.jpg")
    (root / "A/dead.jpg").symlink_to("nothing.jpg")
    (root / "A/up").symlink_to(root)
    (root / "A/self").symlink_to(".")
    (root / "A/round").symlink_to("round")
    assert images(root, "A") == ["A/1.jpg"]
    assert reasons(root, "A") == {
        "A/dead.jpg": "a link that leads nowhere",
        "A/out": "a link that leaves the root folder",
        "A/out.jpg": "a link that leaves the root folder",
        "A/round": "a link that leads nowhere",
        "A/self": "a link to a folder that holds it",
        "A/up": "a link to a folder that holds it",
    }


def test_a_root_beside_with_the_same_beginning_is_outside(tmp_path):
    touch(tmp_path / "root/A/1.jpg")
    touch(tmp_path / "root2/2.jpg")
    (tmp_path / "root/A/2.jpg").symlink_to("../../root2/2.jpg")
    assert reasons(tmp_path / "root", "A") == {"A/2.jpg": "a link that leaves the root folder"}


def test_odd_names_are_kept_and_sorted(tmp_path):
    names = [
        "-dash.jpg",
        "a b.jpg",
        "quo\"te's.jpg",
        "line\nend.jpg",
        "|<script>`.jpg",
        "x" * 251 + ".jpg",
        "A.jpg",
        "a.jpg",
    ]
    for name in names:
        touch(tmp_path / "A" / name)
    assert images(tmp_path, "A") == sorted(f"A/{name}" for name in names)


def test_two_normal_forms_of_one_name_read_alike(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD"))
    touch(tmp_path / "one/A" / composed)
    touch(tmp_path / "two/A" / decomposed)
    assert images(tmp_path / "one", "A") == images(tmp_path / "two", "A") == [f"A/{composed}"]


def test_both_normal_forms_in_one_folder_do_not_collide(tmp_path):
    for form in ("NFC", "NFD"):
        touch(tmp_path / "A" / unicodedata.normalize(form, "é.jpg"), form.encode())
    files, _ = scan_folders(tmp_path, [Place("A", "A", "")])
    assert [file.image for file in files] == ["A/é.jpg"] * 2
    assert len({file.path for file in files}) == 2


def test_name_that_is_no_unicode_is_refused_and_can_be_shown(tmp_path):
    touch(tmp_path / "A/1.jpg")
    (tmp_path / "A" / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    assert images(tmp_path, "A") == ["A/1.jpg"]
    assert reasons(tmp_path, "A") == {"A/\\xff.jpg": "its name is not valid Unicode; rename it"}
    assert readable(os.fsdecode(b"\xff")).encode() == b"\\xff"


def test_deep_folders_need_no_deep_recursion(tmp_path):
    touch(tmp_path / "A" / "/".join(["d"] * 150) / "1.jpg")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        found = images(tmp_path, "A")
    finally:
        sys.setrecursionlimit(before)
    assert found == ["A/" + "d/" * 150 + "1.jpg"]


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
    assert images(tmp_path, "A", "B") == ["A/1.jpg", "A/2.jpg", "A/x/3.jpg", "B/1.jpg"]
