"""The text of an extension: how it is found, its digest, how it is imported."""

from importlib import metadata

import lab
import pytest

from bloodstudy.config.extension import source
from bloodstudy.config.extension.source import find, load
from bloodstudy.errors import UserError

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


def test_modules_that_nobody_imports_are_not_run_and_others_may_be_imported_later(tmp_path):
    folder = tmp_path / "lab_with_scripts"
    (folder / "scripts").mkdir(parents=True)
    late = "def build(level, context):\n    from lab_with_scripts import late\n    return late.MOST\n"
    row = 'bs.factor("blur", levels=bs.Real(0, 3), neutral=0.0, doc="sigma", hook="image", build=build)\n'
    (folder / "__init__.py").write_text(f"import bloodstudy as bs\n{late}{row}")
    (folder / "late.py").write_text("MOST = 3\n")
    for name in ("__main__.py", "scripts/clean-old.py"):
        (folder / name).write_text("raise SystemExit('nobody asked for this')\n")
    declared = load(find(str(folder)))
    assert declared.builders["blur"](1.0, None) == 3


def test_a_folder_named_as_a_module_of_python_is_refused(tmp_path):
    folder = tmp_path / "wave"
    folder.mkdir()
    (folder / "__init__.py").write_text(LITTLE)
    with pytest.raises(ValueError, match="there is a package 'wave' already"):
        load(find(str(folder)))


def test_what_its_modules_hold_is_forgotten_when_it_is_asked_for(tmp_path):
    text = LITTLE + "LEFT = []\n@bs.network('grows')\ndef grows(*words):\n    LEFT.append(1)\n    return len(LEFT)\n"
    found = find(str(lab.write(tmp_path, text)))
    assert [load(found).networks["grows"].build() for _ in range(2)] == [1, 2]
    source.forget_loaded()
    assert load(found).networks["grows"].build() == 1


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
