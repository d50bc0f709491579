"""report.html: the report as one file that asks nothing of any network.

In: the marked Markdown of a report, its ledger, trials and folder of figures. Out: HTML in which each number
is a link to its claim and each claim one to its trials.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pandas as pd

from bloodstudy import PACKAGE
from bloodstudy.reporting.claims.ledger import MARK, NONE, Claim, Ledger
from bloodstudy.reporting.render.markdown import visible
from bloodstudy.reporting.render.markdown_to_html import make_unique, read_words, render_markdown, slug

MAX_LINKED = 3  # trials shown beside a claim; more fold away
_TEMPLATES = PACKAGE / "reporting" / "templates"


@dataclass(frozen=True)
class _Row:
    """One row of the table of claims."""

    name: str
    formula: str
    anchor: str
    value: str
    trials: list[tuple[str, str]]  # key and anchor; empty where it is of all that are planned, or of none
    count: int  # of its trials
    said: bool  # in a place that can be come back to: not in the words of a figure alone


def render_html(marked: str, ledger: Ledger, trials: pd.DataFrame, folder: Path, title: str, more: str = "") -> str:
    """Return the page.

    Args:
        marked: the report's Markdown, each claim between marks.
        ledger: the claims.
        trials: one row a planned trial, with key, arm, seed and outcome.
        folder: where the figures are that the Markdown names; an SVG beside a PNG is preferred, unless it is large.
        title: Markdown on one line.
        more: HTML of our own, put before the appendix.
    """
    body, contents = render_markdown(marked, folder)
    claim_anchors = _anchors("claim", [claim.name for claim in ledger.claims])
    trial_anchors = _anchors("trial", trials["key"])
    every = tuple(ledger.trials)
    said = {int(index) for index, _ in MARK.findall(body)}
    rows = [
        _Row(
            visible(claim.name),
            visible(claim.formula),
            claim_anchors[claim.name],
            _show(claim),
            _link(claim, trial_anchors, every),
            len(claim.trials),
            place in said,
        )
        for place, claim in enumerate(ledger.claims)
    ]
    style, script = (_read(name) for name in ("report.css", "report.js"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(
        title=read_words(title),
        contents=contents,
        body=_link_claims(body, rows),
        more=more,
        rows=rows,
        trials=_list_trials(trials, ledger, trial_anchors),
        most_linked=MAX_LINKED,
        style=style,
        script=script,
        style_hash=_digest(style),
        script_hash=_digest(script),
    )


def _link_claims(body: str, rows: list[_Row]) -> str:
    """Return `body` with each mark made a link; the first of a claim can be come back to."""
    said: set[int] = set()

    def link(mark: re.Match[str]) -> str:
        row, first = rows[int(mark[1])], int(mark[1]) not in said
        said.add(int(mark[1]))
        back = f' id="said-{mark[1]}"' if first else ""
        return f'<a class="claim"{back} href="#{row.anchor}" title="{html.escape(row.formula)}">{mark[2]}</a>'

    return MARK.sub(link, body)


def _link(claim: Claim, anchors: dict[str, str], every: tuple[str, ...]) -> list[tuple[str, str]]:
    if len(every) > MAX_LINKED and claim.trials == every:
        return []
    return [(key, anchors[key]) for key in claim.trials]


def _show(claim: Claim) -> str:
    if claim.value is None:
        return NONE
    return f"{claim.value:.0f}" if claim.value.is_integer() else f"{claim.value:.6g}"


def _list_trials(trials: pd.DataFrame, ledger: Ledger, anchors: dict[str, str]) -> list[dict[str, str]]:
    rows, anchored = [], set[str]()
    for row in trials.to_dict("records"):
        key = str(row["key"])
        anchor = "" if key in anchored else anchors[key]  # one that is judged in two ways has two rows
        anchored.add(key)
        stored = ledger.trials.get(key) or row.get("prediction_hash")
        texts = {name: visible(row[name]) for name in ("arm", "seed", "outcome")}
        texts["predictions"] = stored if isinstance(stored, str) else NONE
        rows.append(texts | {"key": key, "anchor": anchor, "outcome": texts["outcome"].replace("_", " ")})
    return rows


def _anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return an anchor for each name, all different."""
    taken: set[str] = set()
    return {name: make_unique(f"{prefix}-{slug(name)}", taken) for name in dict.fromkeys(names)}


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
