"""Folders of the machine are left out of free texts, and of nothing else."""

from pathlib import Path

import pytest

from bloodstudy.study.redact import find_folder, hide_folders, make_portable


@pytest.mark.parametrize(("text", "left"), [
    ("/data/jane/images", "images"),
    ("cannot read /data/jane doe/my data/a b.npy and /srv/y", "cannot read a b.npy and y"),
    ("run -m data.root=/data/j/images lr=1e-3", "run -m data.root=images lr=1e-3"),
    ("'data.root=/data/jane doe/my images' lr=1", "'data.root=my images' lr=1"),
    ("data.root=/a/b,/c/d", "data.root=b,d"),
    (r"C:\Users\Jane Doe\images\x.png: bad", "x.png: bad"),
    (r"data.root=\\server\share\x", "data.root=x"),
    ('File "/srv/venv/lib/keras/x.py", line 3', 'File "x.py", line 3'),
    ("file:///data/jane/conf", "file:conf"),
    ("/", "/"),
    ("12 images/s, 3 / 4, and/or", "12 images/s, 3 / 4, and/or"),
    ("train/A/broken.jpg ../x ./y", "train/A/broken.jpg ../x ./y"),
    ("ValueError: <script>alert(1)</script> | `x`", "ValueError: <script>alert(1)</script> | `x`"),
    (r"a \n b", r"a \n b"),
    ("AMD EPYC 7B13 64-Core", "AMD EPYC 7B13 64-Core"),
    ("lr=0.001, image_size=[24,32]", "lr=0.001, image_size=[24,32]"),
])  # fmt: skip
def test_an_absolute_path_is_cut_down_to_its_last_name(text, left):
    assert hide_folders(text) == left
    assert hide_folders(left) == left


def test_the_home_folder_has_the_name_of_a_person(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/people/jane"))
    assert hide_folders("runs_dir=/people/jane") == "runs_dir=~"
    assert hide_folders("runs_dir=/people/jane/runs") == "runs_dir=runs"
    assert hide_folders("runs_dir=/people/janet") == "runs_dir=janet"


def test_free_texts_alone_are_changed_at_any_depth():
    trials = [{"reason": "/a/b", "seed": 0, "notes": ["/a/b"]}]
    portable = make_portable({"arm": "data.root=/a/b", "command": "run /a/b", "trials": trials})
    assert portable["trials"] == [{"reason": "b", "seed": 0, "notes": ["b"]}]
    assert (portable["arm"], portable["command"]) == ("data.root=/a/b", "run b")
    assert find_folder(portable) == "data.root=/a/b"
    assert find_folder(portable["trials"]) is None
    assert find_folder({"/a/b": 1}) == "/a/b"
