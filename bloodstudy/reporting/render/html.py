"""A page as one file that asks nothing of any network: report.html, and audit.html, which makes no claims of trials.

In: Markdown and its folder of figures; of a report with marks, its ledger and its trials. Out: HTML; in that of a
report each number is a link to its claim and each claim one to its trials.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.config.visible import visible
from bloodstudy.reporting.claims.ledger import MARK, NONE, Claim, Ledger
from bloodstudy.reporting.render.markdown import TEMPLATES, rows_of, template
from bloodstudy.reporting.render.markdown_to_html import make_unique, read_words, render_markdown, slug

MAX_LINKED = 3  # trials shown beside a claim; more fold away


@dataclass(frozen=True)
class _Row:
    """One row of the table of claims."""

    claim: Claim
    anchor: str
    value: str
    trials: list[tuple[str, str]]  # key and anchor; empty if it is of all that are planned, or of none
    linked: bool  # from a place that can be come back to: not from the words of a figure alone


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
    all_planned = tuple(ledger.trials)
    linked = {int(index) for index, _ in MARK.findall(body)}
    rows = []
    for place, claim in enumerate(ledger.claims):
        of_all = len(all_planned) > MAX_LINKED and claim.trials == all_planned
        trial_links = [] if of_all else [(key, trial_anchors[key]) for key in claim.trials]
        rows.append(_Row(claim, claim_anchors[claim.name], _show(claim), trial_links, place in linked))
    return _fill(
        title, contents, _link_claims(body, rows), claimed=True, more=more, rows=rows,
        trials=_list_trials(trials, ledger, trial_anchors), most_linked=MAX_LINKED,
    )  # fmt: skip


def render_page(text: str, folder: Path, title: str) -> str:
    """Return a page of Markdown without claims; `folder` and `title` are as in `render_html`."""
    body, contents = render_markdown(text, folder)
    return _fill(title, contents, body, claimed=False, more="")


def _fill(title: str, contents: list[tuple[str, str]], body: str, **more: Any) -> str:
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return template("report.html.j2", autoescape=True).render(
        title=read_words(title),
        contents=contents,
        body=body,
        style=style,
        script=script,
        style_hash=_digest(style),
        script_hash=_digest(script),
        **more,
    )


def _link_claims(body: str, rows: list[_Row]) -> str:
    """Return `body` with each mark made a link; the first of a claim can be come back to."""
    linked: set[str] = set()

    def link(mark: re.Match[str]) -> str:
        row, back = rows[int(mark[1])], "" if mark[1] in linked else f' id="said-{mark[1]}"'
        linked.add(mark[1])
        formula = html.escape(visible(row.claim.formula))
        return f'<a class="claim"{back} href="#{row.anchor}" title="{formula}">{mark[2]}</a>'

    return MARK.sub(link, body)


def _show(claim: Claim) -> str:
    if claim.value is None:
        return NONE
    return f"{claim.value:.0f}" if claim.value.is_integer() else f"{claim.value:.6g}"


def _list_trials(trials: pd.DataFrame, ledger: Ledger, anchors: dict[str, str]) -> list[dict[str, str]]:
    rows, free = [], dict(anchors)
    for row in rows_of(trials):
        key, outcome = str(row["key"]), visible(row["outcome"]).replace("_", " ")
        stored = ledger.trials.get(key) or row.get("prediction_hash")
        texts = {"key": key, "arm": visible(row["arm"]), "seed": visible(row["seed"]), "outcome": outcome}
        texts["predictions"] = stored if isinstance(stored, str) else NONE
        rows.append(texts | {"anchor": free.pop(key, "")})  # once: one that is judged in two ways has two rows
    return rows


def _anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return an anchor for each name, all different."""
    taken: set[str] = set()
    return {name: make_unique(f"{prefix}-{slug(name)}", taken) for name in dict.fromkeys(names)}


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
