"""An extension imported elsewhere: its plain words, or one message."""

import sys

import lab
import pytest

from bloodstudy.config.extension import describe as module
from bloodstudy.config.extension.describe import _last_words, describe, list_images
from bloodstudy.config.extension.source import find
from bloodstudy.errors import UserError

START = "import bloodstudy as bs\n"
ROW = 'bs.factor("blur", levels=bs.Real(0, 3), default=1.0, doc="sigma")\n'


def test_it_says_in_plain_words_what_is_declared(tmp_path):
    extension = describe(find(str(lab.write(tmp_path))))
    assert [(f.name, f.default, f.neutral, f.hook, f.extension) for f in extension.factors] == [
        ("stem_kernel", 3, 3, None, extension.digest),
        ("loss_smoothing", 0.0, 0.0, "loss", extension.digest),
        ("noise", 0.0, 0.0, "image", extension.digest),
    ]
    assert extension.factors[0].levels.expected == "a whole number from 1 to 11"
    assert [(n.name, n.reads) for n in extension.networks] == [("mine", ("stem_kernel", "width"))]
    assert not [name for name in sys.modules if name.startswith("_extension_my_lab_" + extension.digest)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (START + ROW + "raise RuntimeError('no luck today')", r"RuntimeError: no luck today \(line 3\)"),
        (START + ROW + "print('hello')", "it printed 'hello' when it was imported; expected silence"),
        (START + ROW + "import os\nos.write(1, b'low')", "it printed 'low'"),
        (START + ROW + "import sys\nsys.exit(5)", "SystemExit: 5"),
        (START + ROW + "import os\nos._exit(5)", "the process that should import it ended with exit code 5"),
        (START + "x = = 3", r"SyntaxError: invalid syntax.*\(line 2\)"),
        (START + "import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'.*name their folder"),
        (START + ROW.replace("blur", "lr"), "ValueError: factor 'lr': bloodstudy has a key of this name"),
        (START, r"it declares nothing; expected bs\.factor"),
        (START + ROW + "print('x' * 300_000)", "it printed 'xxx"),
    ],
)
def test_one_that_cannot_be_used_is_reported_under_its_name(tmp_path, text, says):
    path = lab.write(tmp_path, text)
    with pytest.raises(UserError, match=says) as refused:
        describe(find(str(path)))
    assert str(refused.value).startswith(f"extend={path}: ")
    assert len(refused.value.problems) == 1


def test_a_file_by_itself_finds_no_neighbours_when_imported_or_when_it_lists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    lab.write(tmp_path, "MOST = 3\n", "neighbour_of_it.py")
    with pytest.raises(UserError, match=r"No module named 'neighbour_of_it'.*name their folder"):
        describe(find(str(lab.write(tmp_path, "import neighbour_of_it\n" + START + ROW))))
    later = (
        '@bs.data_source("slides")\ndef slides(root):\n    import neighbour_of_it\n    yield "a.png", "A", None, None\n'
    )
    with pytest.raises(UserError, match="could not be listed: ModuleNotFoundError: No module named 'neighbour_of_it'"):
        list_images(find(str(lab.write(tmp_path, START + later))), "slides", tmp_path)


def test_images_that_are_listed_otherwise_the_second_time_are_refused(tmp_path):
    text = '@bs.data_source("slides")\ndef slides(root):\n    yield str(id(object())), "A", None, None\n'
    later = (
        START
        + "import itertools\ncount = itertools.count()\n"
        + text.replace("str(id(object()))", "f'{next(count)}.png'")
    )
    with pytest.raises(UserError, match="data=slides: listed twice, it gives two lists; expected the same images"):
        list_images(find(str(lab.write(tmp_path, later))), "slides", tmp_path)


def test_nor_what_lies_in_a_folder_of_pythonpath_unless_packages_are_installed_there(tmp_path, monkeypatch):
    """Two trials with another text of it between them would be of one arm."""
    folder = tmp_path / "libs"
    folder.mkdir()
    lab.write(folder, "MOST = 3\n", "helper_of_it.py")
    monkeypatch.syspath_prepend(str(folder))
    importing = find(str(lab.write(tmp_path, "import helper_of_it\n" + START + ROW)))
    with pytest.raises(UserError, match=r"No module named 'helper_of_it'.*none of PYTHONPATH"):
        describe(importing)
    (folder / "helper-1.0.dist-info").mkdir()
    describe(importing)


def test_one_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 1)
    path = lab.write(tmp_path, "import time\ntime.sleep(60)")
    with pytest.raises(UserError, match="it took longer than 1 s to import it"):
        describe(find(str(path)))


def test_what_native_code_logs_of_itself_is_no_reason():
    logged = (
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795865602.358199     559 port.cc:153] oneDNN custom operations are on.\n"
    )
    assert _last_words(logged) == "it said nothing"
    assert _last_words(f"{logged}Traceback\nIt broke: 2026\n") == "Traceback\nIt broke: 2026"
