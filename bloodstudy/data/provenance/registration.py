"""The photograph and the scene of each image, computed from the images themselves.

In: the usable files of a listing; for Kaggle's copies, the folder of the photographs too. Out: one row an image. What
cannot be placed has an empty photograph and an empty scene.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.provenance.features import Picture, describe, read_grey
from bloodstudy.data.provenance.grouping import group_images
from bloodstudy.data.provenance.match_copies import Album
from bloodstudy.data.provenance.scenes import find_overlaps, join
from bloodstudy.data.provenance.threads import in_threads, one_thread_each
from bloodstudy.data.screening import decode
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing
from bloodstudy.data.screening.scan import Candidate, Place, scan_folders
from bloodstudy.data.screening.screen import read_file
from bloodstudy.data.sources.bccd import find_beside, read_labels
from bloodstudy.errors import UserError

_LEAST_PLACED = 0.9  # of a class; fewer: photographs are missing, and what is left would not be the data set any more

Reader = Callable[[Candidate], np.ndarray]  # the grey pixels of one file


def register(
    listing: Listing, files: Sequence[Candidate], choice: DataChoice, progress: Progress = show_nothing
) -> pd.DataFrame:
    """Return image, photograph, scene, score and margin of each of `files`, in order; minutes for thousands of images.

    Raises UserError if Kaggle's photographs are not at hand, or too few of a class's images are placed on them.
    """

    def read(file: Candidate) -> np.ndarray:
        try:
            return read_grey(read_file(file.path, choice.max_bytes), choice.max_pixels)
        except decode.UnusableError:  # damaged after its screening: a pixel that matches nothing
            return np.zeros((1, 1), np.uint8)

    with decode.pillow_limits(choice.max_pixels), one_thread_each():
        table = METHODS.get(listing.name, _group)(listing, files, read, progress)
    table.insert(0, "image", [file.image for file in files])
    return table


def name_scenes(names: Sequence[str], pictures: Sequence[Picture], progress: Progress = show_nothing) -> list[str]:
    """Return the scene of each photograph, named by the first photograph that shows it."""
    groups = join([overlap[:2] for overlap in find_overlaps(pictures, progress)], len(pictures))
    first = np.unique(groups, return_index=True)[1]
    return [names[int(first[group])] for group in groups]


def _place_copies(listing: Listing, files: Sequence[Candidate], read: Reader, progress: Progress) -> pd.DataFrame:
    folder = find_beside(listing.root)
    if folder is None:
        raise UserError(
            f"the photographs that the images of {listing.root} were made from are not beside them: expected "
            "dataset-master/dataset-master/ with labels.csv and JPEGImages/, as in the archive. Without them, only "
            "data.split=official and random can be had."
        )
    originals, _ = scan_folders(folder, [Place("JPEGImages", "", "")])
    names = [Path(file.image).stem for file in originals]
    pictures = list(in_threads(lambda file: describe(read(file)), originals))
    scenes = name_scenes(names, pictures, progress)
    album = Album(pictures, scenes)
    rows = []
    for placement in in_threads(lambda file: album.place(describe(read(file))), files):
        at = placement.photograph
        name, scene = (names[at], scenes[at]) if at is not None else ("", "")
        rows.append((name, scene, round(placement.score, 4), round(placement.margin, 4)))
        progress("registering", len(rows), len(files))
    table = pd.DataFrame(rows, columns=["photograph", "scene", "score", "margin"])
    _refuse_unplaced(files, table, folder)
    return table


def _refuse_unplaced(files: Sequence[Candidate], table: pd.DataFrame, folder: Path) -> None:
    offered = Counter(file.label for file in files)
    placed = Counter(file.label for file, name in zip(files, table["photograph"], strict=True) if name)
    thin = [label for label in offered if placed[label] < _LEAST_PLACED * offered[label]]
    if not thin:
        return
    labels = Counter(read_labels(folder / "labels.csv").values())
    counts = "; ".join(
        f"{label}: {placed[label]:,} of {offered[label]:,} images placed, {labels[label]} photographs in labels.csv"
        for label in sorted(thin)
    )
    raise UserError(
        f"too few images could be placed on a photograph of {folder / 'JPEGImages'}: {counts}. Expected at least "
        f"{_LEAST_PLACED:.0%} of each class: images shaped like the photographs, and all photographs that they were "
        "made from. Complete the folder, or use data.split=official or random."
    )


def _join_photographs(listing: Listing, files: Sequence[Candidate], read: Reader, progress: Progress) -> pd.DataFrame:
    names = [file.photograph for file in files]
    scenes = name_scenes(names, list(in_threads(lambda file: describe(read(file)), files)), progress)
    return pd.DataFrame({"photograph": names, "scene": scenes, "score": 1.0, "margin": 1.0})


def _group(listing: Listing, files: Sequence[Candidate], read: Reader, progress: Progress) -> pd.DataFrame:
    groups = group_images(lambda position: read(files[position]), len(files), progress)
    names = [f"group-{group:05d}" for group in groups]
    return pd.DataFrame({"photograph": names, "scene": names, "score": 1.0, "margin": 1.0})


METHODS = {"kaggle": _place_copies, "bccd": _join_photographs}  # by data set; of any other the images are grouped
