"""One data set, ready to train on: images, manifest, quarantine.

In: a `DataChoice`, a colour and a size. Out: a `Dataset`; the same choice on the same files gives the same one in every
process, and all but the first decode nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs

from bloodstudy import files
from bloodstudy.config.extension.known import DATA_SOURCES
from bloodstudy.config.schema import DataChoice
from bloodstudy.data.provenance.provenance import Provenance, trace
from bloodstudy.data.screening.cache import Decoded, Request, fetch
from bloodstudy.data.screening.decode import View
from bloodstudy.data.screening.listing import SIDES, Listing, Progress, advise, refuse_thin_classes, show_nothing
from bloodstudy.data.screening.screen import refuse_too_many
from bloodstudy.data.screening.uninformative import describe_uninformative, find_uninformative
from bloodstudy.data.sources.bccd import list_bccd
from bloodstudy.data.sources.folder import list_folder
from bloodstudy.data.sources.kaggle import list_kaggle
from bloodstudy.data.sources.own import list_own
from bloodstudy.data.sources.smear import list_smear
from bloodstudy.data.splits.labels import name_classes
from bloodstudy.data.splits.notes import describe_leak
from bloodstudy.data.splits.split import NEED_SCENES, OFFICIAL, divide, draw_measured, resolve_split
from bloodstudy.errors import UserError, nearest

# How each data set lists its files. A new one is a row here and a name in `config.rules`.
SOURCES: dict[str, Callable[[DataChoice, Path, Progress], Listing]] = {
    "smear": list_smear,
    "kaggle": lambda choice, cache, progress: list_kaggle(choice.root, cache),
    "bccd": lambda choice, cache, progress: list_bccd(choice.root, cache, choice.view),
    "folder": lambda choice, cache, progress: list_folder(choice.root),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Screened images with their classes and their split."""

    name: str  # smear, kaggle, bccd or folder
    classes: tuple[str, ...]  # sorted
    split: str  # official, official_clean, grouped, grouped_kfold or random
    fingerprint: str  # 16 hex digits over name, content, label and box of all usable files
    images: np.memmap  # uint8 memory map (N, height, width, 1 or 3), read-only
    # As images: image, photograph, scene ('' unknown), label (index), split ('': none), sha256, measured or not.
    manifest: pd.DataFrame
    provenance: Provenance
    quarantine: pd.DataFrame  # image, reason
    notes: tuple[str, ...]  # sentences on what was left out
    mended: tuple[str, ...] = ()  # what of the cache was damaged and is made anew

    @property
    def judges_clean(self) -> bool:
        """Whether the test can also be judged without the images whose scene is in training: official, scenes known."""
        return self.split in OFFICIAL and self.provenance.how != "unknown"

    @property
    def pixels(self) -> str:
        """The first 16 hex digits of the SHA-256 of the decoded images' file, as it was published."""
        return files.read_hash(Path(str(self.images.filename)))[:16]

    def rows(self, split: str) -> np.ndarray:
        """Return the indices into `images` of one split, train, test or validation, in order."""
        return np.flatnonzero(self.manifest["split"].to_numpy() == split)

    def counts(self) -> pd.DataFrame:
        """Return the number of images, one row a class, columns train, test and, if there is one, validation."""
        tally = pd.crosstab(self.manifest["label"], self.manifest["split"])
        columns = [*SIDES, *(["validation"] if "validation" in tally else [])]
        tally = tally.reindex(index=range(len(self.classes)), columns=columns, fill_value=0)
        return tally.set_axis(pd.Index(self.classes, name="class"), axis=0).rename_axis(columns=None)


def load(
    choice: DataChoice,
    *,
    colour: str,
    image_size: tuple[int, int],
    cache_dir: Path | None = None,
    register: str = "never",
    progress: Progress = show_nothing,
) -> Dataset:
    """Load the images of `choice`, screened and decoded, from the cache if nothing has changed.

    Args:
        choice: which images, how they are divided and what is refused.
        colour: rgb or gray.
        image_size: height and width in pixels.
        cache_dir: where to keep what was decoded; None: the user's cache folder.
        register: whether to find the photograph of each image, which takes minutes: never, missing (if nothing
            else tells it) or anew (in any case). A split that needs scenes asks for what is missing.
        progress: called with what is done ("drawing", "decoding"), how many are done, and of how many.

    Raises:
        UserError: the data cannot be found, is too damaged, has too few images or scenes in a class, with counts, or
            registration is wanted and impossible.
        MachineError: the cache cannot be written, a file cannot be read, or the download failed.
    """
    return screen(
        choice, colour=colour, image_size=image_size, cache_dir=cache_dir, register=register, progress=progress
    ).divide(choice)


def screen(
    choice: DataChoice,
    *,
    colour: str,
    image_size: tuple[int, int],
    cache_dir: Path | None = None,
    register: str = "never",
    progress: Progress = show_nothing,
) -> Undivided:
    """Do what `load` does, short of dividing the images: they can be divided in many ways."""
    cache = Path(cache_dir) if cache_dir is not None else Path(platformdirs.user_cache_dir("bloodstudy"))
    cache = cache.expanduser().absolute()
    if choice.name not in (*SOURCES, *DATA_SOURCES):
        hint = nearest(choice.name, SOURCES)
        raise UserError(f"data.name={choice.name} is unknown; expected one of {', '.join(SOURCES)}.{hint}")
    if choice.name in DATA_SOURCES:
        listing = list_own(choice.name, choice.root)
    else:
        listing = SOURCES[choice.name](choice, cache, progress)
    split = resolve_split(choice.split, listing)
    official = split in OFFICIAL
    refuse_thin_classes(listing, official, listing.candidates, "offered", advise(listing))
    meaning = name_classes(listing.classes, choice.task)
    decoded = fetch(Request(listing, choice, View(*image_size, colour), cache), progress)
    refused = sorted(listing.refused + decoded.screening.refused)
    refuse_too_many(refused, len(listing.candidates) + len(listing.refused), choice.max_refused, decoded.quarantine)
    advice = f"{len(refused)} files were refused, see {decoded.quarantine}."
    refuse_thin_classes(listing, official, decoded.files, "usable", advice)
    classes = tuple(sorted(set(meaning.values())))
    register = "missing" if split in NEED_SCENES and register == "never" else register
    provenance = trace(listing, decoded, choice, cache, register=register, progress=progress)
    label_of = {label: classes.index(meaning[label]) for label in listing.classes}
    quarantine = pd.DataFrame(refused, columns=["image", "reason"], dtype=str)
    return Undivided(listing, decoded, provenance, classes, label_of, quarantine)


@dataclass(frozen=True, eq=False)
class Undivided:
    """Screened images of which nobody has said yet which train and which test."""

    listing: Listing
    decoded: Decoded
    provenance: Provenance
    classes: tuple[str, ...]
    label_of: Mapping[str, int]  # index of the class that each label of the files stands for
    quarantine: pd.DataFrame

    def divide(self, choice: DataChoice) -> Dataset:
        """Return the images divided as `choice` says; raises UserError, with counts, if they cannot be."""
        listing, decoded, provenance = self.listing, self.decoded, self.provenance
        split = resolve_split(choice.split, listing)
        manifest = self._manifest(split, choice)
        notes = listing.notes + describe_leak(listing.name, manifest, self.classes, split, provenance.how != "unknown")
        notes += self._uninformative
        mended = tuple(filter(None, (listing.mended, decoded.mended, provenance.mended)))
        images, digits = decoded.images, decoded.fingerprint
        what = listing.name, self.classes, split, digits, images, manifest, provenance, self.quarantine
        return Dataset(*what, notes, mended)

    @cached_property
    def _uninformative(self) -> tuple[str, ...]:
        images = [file.image for file in self.decoded.files]
        return describe_uninformative(find_uninformative(self.decoded.images, images))

    @cached_property
    def _known(self) -> pd.DataFrame:
        """What a division changes nothing of."""
        files, table = self.decoded.files, self.provenance.table
        return pd.DataFrame(
            {
                "image": [file.image for file in files],
                "photograph": table["photograph"].to_numpy(),
                "scene": table["scene"].to_list(),
                "label": np.array([self.label_of[file.label] for file in files], dtype=np.int64),
            }
        )

    def _manifest(self, split: str, choice: DataChoice) -> pd.DataFrame:
        files, scenes = self.decoded.files, self.provenance.table["scene"].to_list()
        # The split is drawn from the labels as found, not from the task's classes: both tasks share it.
        sides = divide(split, [file.side for file in files], [file.label for file in files], scenes, choice)
        traced = bool((self._known[["photograph", "scene"]] != "").to_numpy().any())
        measured = draw_measured(split, sides, self._known["label"].to_numpy(), traced, choice)
        return self._known.assign(split=sides, sha256=self.decoded.screening.hashes, measured=measured)
