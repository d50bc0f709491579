"""Markdown that shows any text as it is.

In: names and messages that may hold pipes, backticks, tags or line breaks. Out: pieces of GitHub-flavoured Markdown in
which none of it has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import jinja2
import pandas as pd

from bloodstudy import PACKAGE
from bloodstudy.config.visible import show, show_cell, visible
from bloodstudy.study.outcome import Outcome

TEMPLATES = PACKAGE / "reporting" / "templates"
_SPECIAL = re.compile(r"[&<>|`*\[\]\\!~$#@]|\b_|_\b|(?<=_)_")


def plain(text: object) -> str:
    """Return `text` for a sentence or an alternative text."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", visible(text))


def code(text: object) -> str:
    """Return `text` as a code span, safe in tables and with readers that take tags first."""
    line = visible(text)
    return f"<code>{plain(line)}</code>" if set(line) & set("`|\\<>&") or not line else f"`{line}`"


def plural(number: int, noun: str) -> str:
    """Return "1 seed" or "2 seeds"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_list(values: Sequence[object]) -> str:
    """Return values as a person writes them: "a", "a and b", "a, b and c"."""
    texts = [str(value) for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def fence(text: str) -> str:
    """Return `text` as a block of code whose fence is longer than any run of backticks in it."""
    text = "\n".join(map(show, text.splitlines()))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}\n{text}\n{marks}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> str:
    """Return a table of cells that are Markdown already; columns named in `right` are aligned right."""
    rule = ["---:" if name in set(right) else "---" for name in header]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def write_csv(frame: pd.DataFrame) -> str:
    """Return a table for other programs."""
    shown = {
        name: [show_cell(value) for value in frame[name]] for name in frame if frame[name].dtype.kind not in "biuf"
    }
    return frame.assign(**shown).rename(columns=show_cell).to_csv(index=False, lineterminator="\n")


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, each by column."""
    return frame.to_dict("records")  # type: ignore[return-value]


def template(name: str, autoescape: bool = False) -> jinja2.Template:
    """Return the template of this name; a variable that it is not given is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=autoescape,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["visible"] = visible
    return environment.get_template(name)


def embed(name: str, text: str, drawn: Collection[str]) -> str:
    """Return the Markdown of a figure; empty if it was not drawn."""
    return f"![{plain(text)}](figures/{name}.png)" if name in drawn else ""


def describe_lost(trials: pd.DataFrame) -> str:
    """Say what became of the trials of an arm that did not finish, such as "2 of 3 diverged"; empty if all did.

    What a look has spared counts for nothing.
    """
    trials = trials.loc[trials["outcome"] != Outcome.SPARED]
    lost = trials["outcome"][trials["outcome"] != Outcome.FINISHED]
    counted = f"{len(lost)} of {len(trials)} " if len(trials) > 1 else ""
    return counted + ", ".join(dict.fromkeys(lost)).replace("_", " ") if len(lost) else ""
