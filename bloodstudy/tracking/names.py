"""What MLflow is told of names and values that people chose: it refuses some, and a trial is logged all the same.

In: any text. Out: the name of a metric or parameter that MLflow takes, another one for each text; and a value as long
as MLflow keeps. The true names stand in the data set of the run.
"""

from __future__ import annotations

import hashlib
import re

from bloodstudy.config.visible import show

MAX_NAME, MAX_VALUE, MAX_RUN_NAME = 250, 5000, 250  # characters: of MLflow's stores, the least
_TAKEN = re.compile(r"[\w.\- ]")


def spell_name(text: str) -> str:
    """Return `text` with each character that MLflow refuses as its code between colons: RBC :28:old:29:.

    A name that would be too long ends in a digest.
    """
    spelt = "".join(c if _TAKEN.match(c) and c.isprintable() else f":{ord(c):x}:" for c in text)
    if spelt in ("", ".", ".."):
        spelt = spelt.replace(".", ":2e:") or "::"
    if len(spelt) > MAX_NAME:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        spelt = f"{spelt[: MAX_NAME - 18]}::{digest}"
    return spelt


def spell_arm(arm: str) -> str:
    """Return an arm as part of the name of a metric, as readable as MLflow allows: lr 0.01 - pooling max."""
    return spell_name(arm.replace(", ", " - ").replace("=", " "))


def spell_value(value: object, most: int = MAX_VALUE) -> str:
    """Return a value as text that any store keeps, shortened if it is too long."""
    text = show(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
