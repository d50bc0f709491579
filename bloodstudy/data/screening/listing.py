"""What a source offers, before anything is opened: the files, their classes, and what is left out.

In: the files that a source found. Out: a `Listing`, with a signature that changes when any file on disk changes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bloodstudy.data.screening.scan import Candidate, Refusal
from bloodstudy.errors import UserError

Progress = Callable[[str, int, int], None]  # what is done, how many are done, of how many

SIDES = ("train", "test")


@dataclass(frozen=True)
class Listing:
    """The files of one data set in a fixed order: sorted by image."""

    name: str  # smear, kaggle, bccd or folder
    root: Path
    candidates: tuple[Candidate, ...]
    refused: tuple[Refusal, ...]  # refused without being opened
    classes: tuple[str, ...]  # sorted; classes without a file included
    official: bool  # whether each file has a side
    notes: tuple[str, ...] = ()

    def signature(self) -> str:
        """Return a hash of names, sizes, times and labels: cheap, and different where any file was changed."""
        return hashlib.sha256(repr((self.classes, self.candidates, self.refused)).encode()).hexdigest()


def table_of_counts(classes: Iterable[str], labels_and_sides: Iterable[tuple[str, str]], sides: tuple[str, ...]) -> str:
    """Return "A: train 3, test 2; B: ..." for messages; without `sides`, "A: 5; B: ..."."""
    pairs = Counter(labels_and_sides)
    totals: Counter[str] = Counter()
    for (label, _), n in pairs.items():
        totals[label] += n
    if not sides:
        return "; ".join(f"{name}: {totals[name]}" for name in classes)
    return "; ".join(f"{name}: " + ", ".join(f"{side} {pairs[name, side]}" for side in sides) for name in classes)


def refuse_thin_classes(listing: Listing, official: bool, files: Iterable[Candidate], seen: str, advice: str) -> None:
    """Raise UserError, with counts, unless there are two classes and each has enough images.

    A class needs 2 images in each split of an official division, because a rate over one image is no rate, and 2 in all
    where the split is drawn, one for each side. `seen` (offered, usable) and `advice` are for the message.
    """
    sides = SIDES if official else ()
    pairs = [(file.label, file.side) for file in files]
    counts = table_of_counts(listing.classes, pairs, sides)
    where = f"data={listing.name} ({listing.root})"
    if not listing.classes:
        raise UserError(f"{where} has no class folder; expected train/<class>/ and test/<class>/, or <class>/.")
    tally, totals = Counter(pairs), Counter(label for label, _ in pairs)
    if not totals:
        raise UserError(f"{where} has no {seen} image: {counts}. Expected images in each class. {advice}")
    if len(listing.classes) < 2:
        raise UserError(
            f"{where} has a single class, and a classifier needs two or more; {seen} images: {counts}. {advice}"
        )
    if official:
        thin = [name for name in listing.classes if min(tally[name, side] for side in sides) < 2]
        need = "at least 2 images of each class in train and in test (data.split=random divides them anew)"
    else:
        thin = [name for name in listing.classes if totals[name] < 2]
        need = "at least 2 images of each class, one for each split"
    if thin:
        names = ", ".join(repr(name) for name in thin)
        raise UserError(f"{where} has too few {seen} images of class {names}: {counts}. A study needs {need}. {advice}")
