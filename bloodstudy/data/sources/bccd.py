"""The original photographs of the same archive, with subtype labels and boxes.

In: the archive, and whether the whole field or the cropped white cell is wanted. Out: the listing of the photographs
with exactly one of the four labels (88/33/20/207), each its own photograph. Row i of `labels.csv` labels
`BloodImage_%05d.jpg`; the boxes are in `Annotations/`, in the VOC format.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from bloodstudy.data.screening.listing import Listing
from bloodstudy.data.screening.scan import Candidate, Place, Refusal, scan_folders
from bloodstudy.data.sources.folder import read_columns
from bloodstudy.data.sources.kaggle import PAGE, locate
from bloodstudy.errors import UserError

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")

_LEVELS = ("", "dataset-master", "dataset-master/dataset-master")
_MAX_ANNOTATION_BYTES = 1_000_000
_NO_BOX = "with no box of a white cell"

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom outside


class AnnotationError(ValueError):
    """An annotation that cannot be used; the message is the reason."""


def list_bccd(root: str | None, cache: Path, view: str) -> Listing:
    """Return the listing of the usable photographs; `view` is field or cell.

    Raises UserError if they are not found. A photograph whose annotation is damaged is refused with the reason.
    """
    archive = locate(root, cache)
    folder = find_photographs(archive)
    if folder is None:
        raise UserError(
            f"{archive} does not hold the photographs of {PAGE}: expected labels.csv and JPEGImages/ in it or in "
            "dataset-master/dataset-master/. Name the unpacked archive: data.root=FOLDER."
        )
    labels = read_labels(folder / "labels.csv")
    photographs, refused = scan_folders(folder, [Place("JPEGImages", "", "")])
    left_out: Counter[str] = Counter()
    taken: list[Candidate] = []
    refusals: list[Refusal] = list(refused)
    for photograph in photographs:
        name = Path(photograph.image).stem
        label = labels.get(name)
        if label not in CLASSES:
            left_out[_why_not(label)] += 1
            continue
        box = None
        if view == "cell":
            try:
                box = cell_box(folder / "Annotations" / f"{name}.xml")
            except AnnotationError as error:
                refusals.append((photograph.image, f"its annotation {error}"))
                continue
            if box is None:
                left_out[_NO_BOX] += 1
                continue
        taken.append(photograph._replace(label=label, photograph=name, box=box))
    notes = _notes(left_out, len(photographs), set(labels) - {Path(p.image).stem for p in photographs})
    return Listing("bccd", folder, tuple(taken), tuple(sorted(refusals)), CLASSES, False, notes)


def list_multi_label(root: str | None, cache: Path) -> dict[str, str] | None:
    """Return {photograph: its labels} with two or more in labels.csv; None if there is no such file."""
    folder = find_beside(locate(root, cache))
    if folder is None:
        return None
    return {name: label for name, label in sorted(read_labels(folder / "labels.csv").items()) if "," in label}


def cell_box(path: Path) -> Box | None:
    """Return the largest box named WBC in a VOC file, or None if the file or such a box is missing.

    Raises AnnotationError if the file is too large, is not UTF-8 XML, or declares a document type: entities could
    expand without bound or name other files, and a VOC file needs none.
    """
    if path.exists() and not path.is_file():
        raise AnnotationError("is no file")
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_ANNOTATION_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AnnotationError(f"cannot be read: {error.strerror}") from error
    if len(content) > _MAX_ANNOTATION_BYTES:
        raise AnnotationError(f"is larger than {_MAX_ANNOTATION_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError("is not UTF-8") from error
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise AnnotationError("declares a document type or an entity")
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise AnnotationError(f"is not well-formed XML ({error})") from error
    boxes = [_box(thing) for thing in tree.iter("object") if (thing.findtext("name") or "").strip().upper() == "WBC"]
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)


def _box(thing: ElementTree.Element) -> Box:
    """Read one box; VOC counts pixels from 1 and includes the last, we count from 0 and leave it out."""
    try:
        sides = [float(thing.findtext(f"bndbox/{side}") or "nan") for side in ("xmin", "ymin", "xmax", "ymax")]
    except ValueError as error:
        raise AnnotationError("has a box that is not four numbers") from error
    if not all(math.isfinite(side) and abs(side) < 1e6 for side in sides):
        raise AnnotationError("has a box that is not four numbers")
    left, top, right, bottom = (round(side) for side in sides)
    if right < left or bottom < top:
        raise AnnotationError("has a box without an inside")
    return left - 1, top - 1, right, bottom


def find_photographs(archive: Path) -> Path | None:
    """Return the folder with labels.csv and JPEGImages/, at whatever level of the archive we were given."""
    folders = (archive / level for level in _LEVELS)
    return next((f for f in folders if (f / "labels.csv").is_file() and (f / "JPEGImages").is_dir()), None)


def find_beside(images: Path) -> Path | None:
    """Return what `find_photographs` does for the archive that the folder `images` lies in, three levels up at most."""
    folders = map(find_photographs, (images, *images.parents[:3]))
    return next((folder for folder in folders if folder), None)


def read_labels(path: Path) -> dict[str, str]:
    """Return {BloodImage_00000: what labels.csv says of it}, in capitals, empty if it says nothing.

    Raises UserError if the file cannot be read.
    """
    columns, advice = ("Image", "Category"), "download the archive again"
    labels = read_columns(path, columns, advice, lambda number: f"BloodImage_{int(number):05d}")
    return {name: label.strip().upper() for name, label in labels.items()}


def _why_not(label: str | None) -> str:
    if label is None:
        return "not in labels.csv"
    if not label:
        return "with no label"
    return "with two labels or more" if "," in label else f"with label {label}"


def _notes(left_out: Counter[str], photographs: int, missing: set[str]) -> tuple[str, ...]:
    notes = []
    if left_out:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common())
        notes.append(f"left out {left_out.total()} of {photographs} photographs: {reasons}")
    if missing:
        notes.append(f"{len(missing)} rows of labels.csv have no photograph")
    return tuple(notes)
