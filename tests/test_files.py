import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import pytest

from bloodstudy import files
from bloodstudy.errors import MachineError

KILLER = Path(__file__).parent / "faults" / "killer"


def test_a_failed_write_leaves_the_old_content_and_no_rubbish(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"x": float("nan")})

    def breaks():
        with files.published(path) as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert files.read_json(path) == {"x": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_parents_are_created_and_json_is_sorted(tmp_path):
    files.write_json(tmp_path / "b" / "c.json", {"z": 1, "a": 2})
    assert list(json.loads((tmp_path / "b" / "c.json").read_text())) == ["a", "z"]
    assert files.read_json(tmp_path / "absent.json") is None


@pytest.mark.parametrize(
    ("number", "word"), [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EACCES, "denied")]
)
def test_a_refusal_of_the_system_names_the_path_and_the_remedy(tmp_path, monkeypatch, number, word):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(MachineError, match=word) as caught:
        files.write_text(tmp_path / "a", "x")
    assert str(tmp_path / "a") in str(caught.value)


@pytest.mark.parametrize(
    ("point", "content", "rests"),
    [("before-write", "old", 1), ("after-write", "old", 1), ("before-rename", "old", 1), ("after-rename", "new", 0)],
)
def test_a_kill_at_any_point_leaves_the_old_or_the_new(tmp_path, point, content, rests):
    """Also of the killer itself: it counts the files that it is for, and leaves others alone."""
    code = (
        "from pathlib import Path; from bloodstudy import files\n"
        "for text in ('old', 'new'):\n"
        "    files.write_text(Path('other'), text); files.write_text(Path('state-0'), text)\n"
    )
    fault = {"BLOODSTUDY_FAULT": f"kill:{point}:state-:2", "PYTHONPATH": str(KILLER)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | fault, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "state-0").read_text() == content
    assert (tmp_path / "other").read_text() == "new"
    assert len(list(tmp_path.glob(".state-0*"))) == rests


def test_a_file_is_whole_if_it_has_the_hash_that_was_published_of_it(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"abc")
    assert files.hash_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert not files.is_whole(path), "nothing was published"
    files.write_hash(path, files.hash_file(path))
    assert files.is_whole(path)
    path.write_bytes(b"abcd")
    assert not files.is_whole(path)
    path.unlink()
    assert not files.is_whole(path)


def publish(path, content, fails=False):
    with files.published_folder(path, ("report.md", "figures")) as beside:
        files.write_text(beside / "report.md", content)
        (beside / "figures").mkdir()
        if fails:
            raise RuntimeError


def test_a_folder_is_put_in_place_whole_and_keeps_only_what_is_not_its_own(tmp_path):
    path = tmp_path / "reports" / "study"
    publish(path, "old")
    (path / "study.zip").write_text("a package")
    (path / "figures" / "of_before.png").write_text("stale")
    with pytest.raises(RuntimeError):
        publish(path, "half", fails=True)
    assert (path / "report.md").read_text() == "old"
    publish(path, "new")
    assert (path / "report.md").read_text() == "new"
    assert sorted(each.name for each in path.iterdir()) == ["figures", "report.md", "study.zip"]
    assert list((path / "figures").iterdir()) == []
    assert {each.name for each in path.parent.iterdir()} <= {"study", ".study.lock"}


def test_a_folder_whose_publication_was_killed_between_its_renames_loses_nothing_of_others(tmp_path):
    path = tmp_path / "study"
    publish(path, "old")
    (path / "study.zip").write_text("a package")
    path.rename(tmp_path / ".study.old")
    with pytest.raises(RuntimeError):
        publish(path, "half", fails=True)
    assert (path / "report.md").read_text() == "old", "until there is a new one"
    publish(path, "new")
    assert (path / "study.zip").read_text() == "a package"
    assert (path / "report.md").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="no file modes")
def test_a_published_file_may_be_read_by_whom_the_user_lets(tmp_path):
    code = "import os, pathlib; os.umask(0o{0}); from bloodstudy import files; "
    code += "files.write_text(pathlib.Path('{0}'), 'x')"
    for mask, mode in (("077", 0o600), ("022", 0o644), ("002", 0o664)):
        subprocess.run([sys.executable, "-c", code.format(mask)], cwd=tmp_path, check=True)
        assert (tmp_path / mask).stat().st_mode & 0o777 == mode


def test_what_a_killed_write_left_goes_with_the_next_one_and_what_is_being_written_stays(tmp_path):
    path = tmp_path / "result.json"
    ended = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert ended.returncode == -signal.SIGKILL
    (rest,) = tmp_path.iterdir()
    assert rest.name.startswith(".result.json.")
    with files.published(path) as beside:
        beside.write_text("whole")
        assert sorted(tmp_path.iterdir()) == [beside]
        files.write_text(tmp_path / "result.json", "another process's, quicker")
        assert beside.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]
    assert path.read_text() == "whole"


KILLED = """
import os, signal, sys
from pathlib import Path
from bloodstudy import files

with files.published(Path(sys.argv[1])) as beside:
    beside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="no file modes")
def test_a_lock_that_cannot_be_made_is_told_as_a_folder_that_cannot_be_written(tmp_path):
    def refuse(lock):
        raise PermissionError(errno.EACCES, "Permission denied", "x.lock")

    refused = mock.patch.object(files.FileLock, "acquire", refuse)
    with refused, pytest.raises(MachineError, match="cannot write"), files.locked(tmp_path / "x.lock"):
        raise AssertionError("it was not held")
    with files.locked(tmp_path / "x.lock"):
        assert (tmp_path / "x.lock").exists()


def test_a_temporary_folder_goes_and_takes_those_of_killed_processes_along(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = "from bloodstudy import files; import os; kept = files.temporary_folder(); kept.__enter__(); os._exit(9)"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    (left,) = tmp_path.iterdir()
    with files.temporary_folder() as mine:
        assert list(tmp_path.iterdir()) == [mine] != [left]
        with files.temporary_folder() as other:
            assert sorted(tmp_path.iterdir()) == sorted([mine, other]), "that of a living process stays"
    assert list(tmp_path.iterdir()) == []
