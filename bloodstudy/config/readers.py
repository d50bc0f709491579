"""Which choices read a key: one that is typed and that nothing reads is a mistake, not a wish.

In: a key that was typed, the data that are chosen and their split. Out: whether it has a part in the images, and what
would read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bloodstudy.config.schema import DataChoice

UNSETTLED = "auto"  # the split of data that were not looked at yet


@dataclass(frozen=True)
class Reader:
    """What reads a key: in words, and whether a choice of data with a resolved split does."""

    named: str
    reads: Callable[[DataChoice, str], bool]


def _data(*names: str) -> Reader:
    return Reader(f"data={', '.join(names)}", lambda choice, split: choice.name in names)


def _split(*names: str) -> Reader:
    return Reader(f"data.split={', '.join(names)}", lambda choice, split: split in (*names, UNSETTLED))


_DRAWN = _split("random", "grouped", "grouped_kfold")
READERS: dict[str, Reader] = {
    "data.root": Reader("data=kaggle, bccd, folder", lambda choice, split: choice.name != "smear"),
    "data.view": _data("bccd"),
    "data.photographs": _data("smear"),
    "data.copies": _data("smear"),
    "data.draw_seed": _data("smear"),
    "data.test_share": _split("random", "grouped"),
    "data.folds": _split("grouped_kfold"),
    "data.fold": _split("grouped_kfold"),
    "data.split_seed": Reader(
        f"{_DRAWN.named} and by data.validation_share",
        lambda choice, split: _DRAWN.reads(choice, split) or choice.validation_share > 0,
    ),
    "fail_on_leak": Reader("python -m bloodstudy.audit alone", lambda choice, split: False),
}


def find_unread(key: str, chosen: Iterable[tuple[DataChoice, str]]) -> str | None:
    """Return what is wrong with a key that was typed for data with these splits if none of them reads it."""
    reader, chosen = READERS.get(key), list(chosen)
    if reader is None or not chosen or any(reader.reads(*one) for one in chosen):
        return None
    received = " and ".join(sorted({f"data={choice.name} with the {split} split" for choice, split in chosen}))
    received = received.replace(f" with the {UNSETTLED} split", "")
    return f"{key} is read by {reader.named}; received {received}, which does not read it. Leave it out, or choose that"
