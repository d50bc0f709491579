"""Images that an extension lists."""

import lab
import pytest
from harness import call, finish, give_store, results, write_images

from bloodstudy.data.sources.own import list_own
from bloodstudy.errors import UserError

TEXT = """
import csv
from pathlib import Path

import bloodstudy as bs


@bs.data_source("slides")
def slides(root):
    with Path(root, "slides.csv").open() as stream:
        for row in csv.DictReader(stream):
            yield row["path"], row["label"], row["side"] or None, row["slide"] or None
"""
pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def slides(tmp_path):
    """A folder of images, and a table of them: every third is left out."""
    root = write_images(tmp_path / "images")
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*") if path.is_file())
    rows = [
        (path, path.split("/")[1].lower(), path.split("/")[0], f"slide{n}") for n, path in enumerate(paths) if n % 3
    ]
    write_table(root, rows)
    return root, rows


def write_table(root, rows):
    lines = [",".join(row) for row in [("path", "label", "side", "slide"), *rows]]
    (root / "slides.csv").write_text("\n".join(lines) + "\n")


def test_its_files_are_listed_with_what_it_says_of_them(slides, tmp_path):
    root, rows = slides
    with lab.extended(tmp_path, TEXT):
        listing = list_own("slides", str(root))
    assert [(c.image, c.label, c.side, c.photograph) for c in listing.candidates] == sorted(rows)
    assert listing.classes == ("dark", "light")
    assert listing.official
    left = len(list(root.rglob("*.*"))) - len(rows)
    assert listing.notes == (f"{left:,} files of the folder are not listed by the extension",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: [("nothing.png", *rows[0][1:]), *rows], "'nothing.png' is no file in"),
        (lambda rows: [("../my_lab.py", *rows[0][1:]), *rows], "'../my_lab.py' is no file in"),
        (lambda rows: [rows[0], *rows], "is listed twice; expected each image once"),
        (lambda rows: [(*rows[0][:2], "", "slide"), *rows[1:]], "have a side and 1 have none"),
        (lambda rows: [(*rows[0][:2], "left", "slide"), *rows[1:]], "expected train, test or None as side"),
        (lambda rows: [(rows[0][0], "", *rows[0][2:]), *rows[1:]], r"expected \(path, label, side, photograph\)"),
        (lambda rows: [], "data=slides lists no image in"),
    ],
)
def test_what_it_may_not_say_is_refused_under_its_name(slides, tmp_path, change, says):
    root, rows = slides
    write_table(root, change(rows))
    with lab.extended(tmp_path, TEXT), pytest.raises(UserError, match=says) as refused:
        list_own("slides", str(root))
    assert "my_lab.py" in str(refused.value)


def test_one_that_raises_is_named(slides, tmp_path):
    root, _ = slides
    (root / "slides.csv").unlink()
    with lab.extended(tmp_path, TEXT), pytest.raises(UserError, match="data=slides could not be listed: FileNotFound"):
        list_own("slides", str(root))


def test_a_trial_on_it_is_trained_and_audited_and_an_edit_makes_another_one(slides, tmp_path):
    give_store(tmp_path)
    lab.write(tmp_path, TEXT)
    data = ["extend=my_lab.py", "data=slides", "data.root=images", "cache_dir=cache"]
    train = ["epochs=1", "image_size=[16,16]", "depth=2", "batch_size=4"]
    finish(tmp_path, "run", *data, *train)
    finish(tmp_path, "audit", *data)
    assert "slide" in (tmp_path / "reports/audit/slides/audit.md").read_text()
    lab.write(tmp_path, TEXT + "# edited\n")
    finish(tmp_path, "run", *data, *train)
    first, second = results(tmp_path)
    assert first["key"] != second["key"]
    assert first["prediction_hash"] == second["prediction_hash"]
    refused = call(tmp_path, "run", "data=slides", *train)
    assert refused.returncode == 2
    assert "expected one of" in refused.stderr
    assert "needs the folder of the images" in call(tmp_path, "run", *data[:2], *train).stderr
