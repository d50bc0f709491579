"""What a source offers, before anything is opened: the files, their classes, and what is left out.

In: the files that a source found. Out: a `Listing`, with a signature that changes when any file on disk changes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bloodstudy.data.screening.scan import LEAVES_ROOT, Candidate, Refusal
from bloodstudy.errors import UserError

Progress = Callable[[str, int, int], None]  # what is done, how many are done, of how many

SIDES = ("train", "test")
# Train, training_set, TestData, test1; not TEST_SIMPLE, which the Kaggle archive has beside TEST.
_REST = r"(ing|s)?(set|split|data|dataset|images?|img|imgs|samples?|folder)?\d*"
_FORMS = re.compile(f"(train|test){_REST}")
_OTHER_FORMS = re.compile(f"(val(id(at(e|ion))?)?|dev(elopment)?|eval(uation)?|holdout){_REST}")


def side_of(name: str) -> str:
    """Return the side that a folder of this name means: train, test or ''."""
    found = _FORMS.fullmatch(_letters(name))
    return found[1] if found else ""


def looks_like_side(name: str) -> bool:
    """Tell whether a folder of this name would mean one side of some split, validation included."""
    return bool(side_of(name) or _OTHER_FORMS.fullmatch(_letters(name)))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def show_nothing(stage: str, done: int, total: int) -> None:
    """Take the progress of work that nobody looks at."""


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
    mended: str = ""  # what of the cache was damaged and is made anew

    @cached_property
    def signature(self) -> str:
        """Return a hash of names, sizes, times and labels: cheap, and different if any file was changed."""
        return hashlib.sha256(repr((self.classes, self.candidates, self.refused)).encode()).hexdigest()


def table_of_counts(classes: Iterable[str], labels: Iterable[str]) -> str:
    """Return "A: 5; B: 3" for messages."""
    tally = Counter(labels)
    return "; ".join(f"{name}: {tally[name]}" for name in classes)


def refuse_thin_classes(listing: Listing, official: bool, files: Sequence[Candidate], kind: str, advice: str) -> None:
    """Raise UserError, with counts, unless there are two classes and each has enough images.

    A class needs 2 images in each split of an official division, because a rate over one image is no rate. It needs 2
    in all if the split is drawn, one for each side. `kind` (offered, usable) and `advice` are for the message.
    """
    source = f"data={listing.name} ({listing.root})"
    if not listing.classes:
        raise UserError(f"{source} has no class folder; expected train/<class>/ and test/<class>/, or <class>/.")
    if official:
        tally = Counter((file.label, file.side) for file in files)
        thin = [name for name in listing.classes if min(tally[name, side] for side in SIDES) < 2]
        counts = "; ".join(f"{n}: train {tally[n, 'train']}, test {tally[n, 'test']}" for n in listing.classes)
        need = "at least 2 images of each class in train and in test (data.split=random divides them anew)"
    else:
        labels = [file.label for file in files]
        thin = [name for name in listing.classes if labels.count(name) < 2]
        counts = table_of_counts(listing.classes, labels)
        need = "at least 2 images of each class, one for each split"
    if not files:
        raise UserError(f"{source} has no {kind} image: {counts}. Expected images in each class. {advice}")
    if len(listing.classes) < 2:
        raise UserError(
            f"{source} has a single class, and a classifier needs two or more; {kind} images: {counts}. {advice}"
        )
    if thin:
        names = ", ".join(repr(name) for name in thin)
        raise UserError(
            f"{source} has too few {kind} images of class {names}: {counts}. A study needs {need}. {advice}"
        )


def advise(listing: Listing) -> str:
    """Return what to do if a listing offers too few images: what was refused without being opened comes first."""
    if not listing.refused:
        return "Add images, or move the folder away."
    reasons = Counter(reason for _, reason in listing.refused).most_common()
    counts = "; ".join(f"{count:,} x {reason}" for reason, count in reasons)
    advice = f"Not taken: {counts}. The first: {listing.refused[0][0]!r}."
    if any(reason == LEAVES_ROOT for reason, _ in reasons):
        advice += " Copy the images to where the links are, or name as data.root a folder that holds links and images."
    return advice
