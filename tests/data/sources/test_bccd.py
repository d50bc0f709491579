"""The original photographs: labels, boxes, what is left out and why."""

import os
from collections import Counter
from pathlib import Path

import pytest

from bloodstudy.data.sources.bccd import AnnotationError, cell_box, list_bccd, list_multi_label
from bloodstudy.errors import UserError


def voc(*boxes: tuple[str, int, int, int, int]) -> str:
    things = "".join(
        f"<object><name>{n}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for n, a, b, c, d in boxes
    )
    return f"<annotation>{things}</annotation>"


@pytest.fixture
def archive(tmp_path) -> Path:
    """Eight photographs: four good ones, and one of each kind that is left out."""
    folder = tmp_path / "archive/dataset-master/dataset-master"
    (folder / "JPEGImages").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    labels = ["EOSINOPHIL", "LYMPHOCYTE ", "neutrophil", "MONOCYTE", "", '"NEUTROPHIL, EOSINOPHIL"', "BASOPHIL"]
    rows = "".join(f",{k},{label}\n" for k, label in enumerate(labels))
    (folder / "labels.csv").write_text(f",Image,Category\n{rows},9,MONOCYTE\n")
    for k in range(8):
        (folder / f"JPEGImages/BloodImage_{k:05d}.jpg").write_bytes(b"x")
    for k in range(3):
        (folder / f"Annotations/BloodImage_{k:05d}.xml").write_text(voc(("WBC", 11, 21, 30, 40), ("RBC", 1, 1, 90, 90)))
    return tmp_path / "archive"


def test_what_is_left_out_is_counted_with_reasons(archive, tmp_path):
    listing = list_bccd(str(archive), tmp_path, "field")
    labels = ["EOSINOPHIL", "LYMPHOCYTE", "NEUTROPHIL", "MONOCYTE"]
    expected = [(f"BloodImage_{k:05d}", label) for k, label in enumerate(labels)]
    assert [(file.photograph, file.label) for file in listing.candidates] == expected
    assert listing.notes == (
        "left out 4 of 8 photographs: 1 with no label, 1 with two labels or more, 1 with label BASOPHIL, "
        "1 not in labels.csv",
        "1 rows of labels.csv have no photograph",
    )
    assert not listing.official
    assert all(file.box is None for file in listing.candidates)


def test_cell_view_has_boxes_and_leaves_out_what_has_none(archive, tmp_path):
    listing = list_bccd(str(archive), tmp_path, "cell")
    assert {file.box for file in listing.candidates} == {(10, 20, 30, 40)}
    assert len(listing.candidates) == 3
    assert "1 with no box of a white cell" in listing.notes[0]


def test_an_annotation_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.xml")
    with pytest.raises(AnnotationError, match="is no file"):
        cell_box(tmp_path / "x.xml")


def test_damaged_annotation_is_refused_by_name(archive, tmp_path):
    (archive / "dataset-master/dataset-master/Annotations/BloodImage_00000.xml").write_text("<annotation>")
    listing = list_bccd(str(archive), tmp_path, "cell")
    assert len(listing.candidates) == 2
    assert listing.refused[0][0] == "JPEGImages/BloodImage_00000.jpg"
    assert "not well-formed" in listing.refused[0][1]
    assert list_bccd(str(archive), tmp_path, "field").refused == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', "document type"),
        (b'<?xml version="1.0"?>\n<!doctype a SYSTEM "file:///etc/passwd"><annotation/>', "document type"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"), "UTF-8"),
        (b"<annotation><object>", "not well-formed"),
        (b"\xff\xfe", "UTF-8"),
        (b" " * 1_000_001, "larger"),
        (voc(("WBC", 1, 1, "a", 2)).encode(), "four numbers"),
        (voc(("WBC", 1, 1, "inf", 2)).encode(), "four numbers"),
        (b"<annotation><object><name>WBC</name></object></annotation>", "four numbers"),
        (voc(("WBC", 10, 1, 5, 2)).encode(), "without an inside"),
    ],
)
def test_hostile_annotation_is_refused(tmp_path, content, reason):
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=reason):
        cell_box(path)


def test_largest_white_cell_is_taken(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(voc(("WBC", 1, 1, 5, 5), ("wbc", 11, 21, 40, 50), ("RBC", 1, 1, 600, 400), ("WBC", 1, 1, 10, 10)))
    assert cell_box(path) == (10, 20, 40, 50)
    path.write_text(voc(("RBC", 1, 1, 600, 400)))
    assert cell_box(path) is cell_box(tmp_path / "none.xml") is None


@pytest.mark.parametrize("content", ["a,b\n1,2\n", ",Image,Category\n,x,MONOCYTE\n", ",Image,Category\n,3\n,,\n"])
def test_damaged_labels_are_refused(archive, tmp_path, content):
    (archive / "dataset-master/dataset-master/labels.csv").write_text(content)
    with pytest.raises(UserError, match=r"labels\.csv"):
        list_bccd(str(archive), tmp_path, "field")


def test_folder_without_the_photographs_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"expected labels\.csv and JPEGImages"):
        list_bccd(str(tmp_path), tmp_path, "field")


@pytest.mark.parametrize("level", ["", "dataset-master", "dataset-master/dataset-master"])
def test_real_photographs(blood_cells: Path, tmp_path, level):
    listing = list_bccd(str(blood_cells / level), tmp_path, "field")
    labels = Counter(file.label for file in listing.candidates)
    assert labels == {"EOSINOPHIL": 88, "LYMPHOCYTE": 33, "MONOCYTE": 20, "NEUTROPHIL": 207}
    assert listing.notes[0].startswith("left out 19 of 367 photographs: ")


def test_real_white_cells(blood_cells: Path, tmp_path):
    listing = list_bccd(str(blood_cells), tmp_path, "cell")
    assert len(listing.candidates) == 340
    assert "8 with no box of a white cell" in listing.notes[0]
    assert listing.refused == ()
    assert all(file.box and 0 <= file.box[0] < file.box[2] <= 641 for file in listing.candidates)


def test_photographs_with_several_labels_are_listed_and_nothing_is_claimed_without_the_table(archive, tmp_path):
    assert list_multi_label(str(archive), tmp_path) == {"BloodImage_00005": "NEUTROPHIL, EOSINOPHIL"}
    (tmp_path / "empty").mkdir()
    assert list_multi_label(str(tmp_path / "empty"), tmp_path) is None


def test_the_real_archive_has_fifteen_photographs_with_several_labels(blood_cells, tmp_path):
    labels = list_multi_label(str(blood_cells), tmp_path)
    assert labels is not None
    assert len(labels) == 15
    assert labels["BloodImage_00010"] == "NEUTROPHIL, EOSINOPHIL"
