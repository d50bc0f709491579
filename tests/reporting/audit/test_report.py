"""The report of an audit, on data with planted faults."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from bloodstudy.data.quality.brightness import measure_brightness
from bloodstudy.data.quality.findings import find
from bloodstudy.data.screening.uninformative import find_uninformative
from bloodstudy.reporting import Audit, write_audit
from bloodstudy.reporting.audit.report import FIGURES, FILES, as_json


@pytest.fixture
def audit_of(planted):
    """Return a function that audits made-up rows."""

    def audit(*rows, multi_label=None, **options):
        images, drawn = planted(*rows, **options), planted(*rows, **options | {"split": "random"})
        command = "python -m bloodstudy.audit data=folder"
        plain = np.concatenate([images.images[:-1], np.full_like(images.images[:1], 90)])
        found = find_uninformative(plain, images.manifest["image"].to_list())
        measured = measure_brightness(images)
        return Audit(command, ("a | note",), find(images), find(drawn), measured, found, multi_label)

    return audit


def everything(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_folder_holds_the_report_its_numbers_its_tables_and_its_figures(audit_of, tmp_path):
    path = write_audit(audit_of(), tmp_path)
    assert path == tmp_path / "audit" / "folder" / "audit.md"
    figures = {f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg")}
    assert set(everything(path.parent)) == {
        "audit.md",
        "audit.html",
        "findings.json",
        *(f"{name}.csv" for name in FILES),
        *figures,
    }
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert "<title>Audit of folder, official split</title>" in page
    assert "Where the numbers come from" not in page
    assert page.count("<svg") + page.count("<img") == len(FIGURES)
    text = path.read_text(encoding="utf-8")
    assert (
        "The official split leaks: training holds the scene, the photograph or the very bytes of 3 of 7 (42.9 %)"
        in text
    )
    assert "1 scene under two classes or more, with 3 images" in text
    assert "1 file cannot be used:" in text
    assert "a &#124; note" in text
    assert "Images that show one colour: 1." in text
    assert "| images that show one colour | 1 |" in text
    assert pd.read_csv(path.parent / "uninformative.csv")["image"].tolist() == ["test/B/0011.jpg"]
    for alternative, target in re.findall(r"!\[(.*?)\]\((.*?)\)", text):
        assert len(alternative) > 30
        assert (path.parent / target).exists()
    leaks = pd.read_csv(path.parent / "leaks.csv")
    assert leaks["image"].tolist() == ["test/A/0003.jpg", "test/B/0008.jpg", "test/B/0009.jpg"]
    assert leaks["same_scene"].tolist() == [2, 1, 1]


def test_the_same_findings_give_the_same_bytes(audit_of, tmp_path):
    one, two = (write_audit(audit_of(), tmp_path / name).parent for name in ("one", "two"))
    assert everything(one) == everything(two)
    assert b"Date" not in everything(one)["figures/leak.svg"]


def test_what_is_unknown_is_said_to_be_and_an_earlier_figure_does_not_stay(audit_of, faults, tmp_path):
    write_audit(audit_of(), tmp_path)
    rows = [(label, split, "", "", content) for label, split, _, _, content in faults]
    path = write_audit(audit_of(rows, how="unknown"), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "cannot be told, since nothing says which scene an image shows" in text
    assert "| scenes | unknown |" in text
    assert "Test images that are byte for byte a training image: 1." in text
    assert {file.stem for file in (path.parent / "figures").iterdir()} == {"counts", "brightness"}
    assert "figures/leak" not in text


def test_all_numbers_are_in_findings_json(audit_of):
    content = json.loads(json.dumps(as_json(audit_of(multi_label={"p1": "A, B"})), allow_nan=False))
    assert content["summary"]["test_images_leaking"] == 3
    assert content["random"]["summary"]["test_images"] == 7
    assert content["multi_label"] == [{"photograph": "p1", "labels": "A, B", "train": 2, "test": 1}]
    assert [row["any"] for row in content["leaking"]] == [1, 2, 3]
    assert content["effective"][-1]["units"] == 5  # six by class: one scene stands under two
    assert {row["class"] for row in content["brightness"]} == {"A", "B"}


def test_hostile_names_stay_text(audit_of, tmp_path):
    name = "<b>|`$x$"
    rows = [(name, "train", name, name, "c1"), (name, "test", name, name, "c1"), ("B", "train", "p", name, "c2"),
            ("B", "test", "p", "s", "c3")]  # fmt: skip
    text = write_audit(audit_of(rows), tmp_path).read_text(encoding="utf-8")
    assert "<b>" not in text
    lines = [line for line in text.splitlines() if line.startswith("| <code>&#60;b&#62;&#124;&#96;&#36;x&#36;</code>")]
    assert len(lines) >= 4, "in the tables by class"
    assert all(line.count(" | ") == line.count("|") - 2 for line in lines), "no cell is cut by a pipe of its own"


def test_a_long_list_ends_with_where_the_rest_is(audit_of, tmp_path):
    rows = [("A", "train", "p", "s", f"c{k % 2}") for k in range(60)]
    rows += [("A", "test", "q", "t", "d"), ("B", "test", "r", "u", "e")]
    path = write_audit(audit_of(rows), tmp_path)
    assert "And 40 more in `duplicates.csv`." in path.read_text(encoding="utf-8")
    assert len(pd.read_csv(path.parent / "duplicates.csv")) == 60


def test_many_classes_are_drawn(audit_of, tmp_path):
    cells = [(f"CLASS_{k:02d}", split, f"{split}{k}") for k in range(30) for split in ("train", "test")]
    rows = [(name, split, scene, scene, scene) for name, split, scene in cells]
    assert (write_audit(audit_of(rows), tmp_path).parent / "figures" / "leak.png").stat().st_size > 5000
