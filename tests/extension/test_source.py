"""The text of an extension: how it is found, its digest, how it is imported."""

from importlib import metadata

import lab
import pytest

from bloodstudy.errors import UserError
from bloodstudy.extension import source
from bloodstudy.extension.source import find, load

LITTLE = 'import bloodstudy as bs\nbs.factor("blur", levels=bs.Real(0, 3), default=1.0, doc="sigma")\n'


def test_a_file_is_known_by_its_text_alone(tmp_path):
    one, other = find(str(lab.write(tmp_path))), find(str(lab.write(tmp_path, name="another_name.py")))
    assert one.digest == other.digest
    assert (one.name, other.name) == ("my_lab", "another_name")
    assert find(str(lab.write(tmp_path, lab.TEXT.replace("11", "12")))).digest != one.digest


def test_a_folder_is_known_by_all_its_text_and_imports_its_own_modules(tmp_path):
    folder = tmp_path / "lab_of_many"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("from lab_of_many.inner import levels\nfrom . import later\n" + LITTLE)
    (folder / "inner/__init__.py").write_text("")
    (folder / "inner/levels.py").write_text("MOST = 3\n")
    (folder / "later.py").write_text("")
    before = find(str(folder))
    assert sorted(before.files) == ["__init__.py", "inner/__init__.py", "inner/levels.py", "later.py"]
    (folder / "inner/levels.py").write_text("MOST = 4\n")
    assert find(str(folder)).digest != before.digest
    assert set(load(before).factors) == {"blur"}


def test_an_entry_point_is_the_package_that_it_names(tmp_path, monkeypatch):
    lab.write(tmp_path, LITTLE, "installed_lab.py")
    entry = metadata.EntryPoint("theirs", "installed_lab", source.GROUP)
    monkeypatch.setattr(metadata, "entry_points", metadata.EntryPoints([entry]).select)
    monkeypatch.syspath_prepend(tmp_path)
    found = find("theirs")
    assert (found.name, found.typed, found.files) == ("installed_lab", "theirs", {"": LITTLE})
    with pytest.raises(UserError, match=r"one of the installed extensions theirs.*Did you mean 'theirs'"):
        find("their")


def test_it_is_imported_once_and_leaves_nothing_behind(tmp_path):
    lab.write(tmp_path, LITTLE)
    found = find(str(tmp_path / "my_lab.py"))
    assert load(found) is load(found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my_lab.py"]


def test_a_file_by_itself_finds_no_neighbours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    lab.write(tmp_path, "MOST = 3\n", "neighbour_of_it.py")
    path = lab.write(tmp_path, "import neighbour_of_it\n" + LITTLE)
    with pytest.raises(ModuleNotFoundError, match="neighbour_of_it"):
        load(find(str(path)))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("lab.txt", b"", "expected a Python file, which ends in .py"),
        ("lab.py", b"\xff", "expected text in UTF-8"),
        ("lab.py", b"#" * (source.MOST + 1), "expected at most 1,048,576 bytes of Python text; received 1,048,577"),
        ("nothing", None, "expected a Python file, a folder with an __init__.py"),
    ],
)
def test_what_is_no_extension_is_refused(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=says):
        find(str(tmp_path / name))


def test_a_folder_without_declarations_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected a folder with an __init__\.py"):
        find(str(tmp_path))
    folder = tmp_path / "my-lab"
    folder.mkdir()
    (folder / "__init__.py").write_text(LITTLE)
    with pytest.raises(UserError, match="a folder that Python can import; 'my-lab' is no such name"):
        find(str(folder))
