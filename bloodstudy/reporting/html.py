"""report.html: the report as one file that asks nothing of any network.

In: the marked Markdown of a report, its ledger, trials and folder of figures. Out: HTML in which each number
is a link to its claim and each claim one to its trials. Markup that is not our own is shown as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bloodstudy.reporting.claims import MARK, NONE, Claim, Ledger, unmark
from bloodstudy.reporting.markdown import visible

FIGURE = re.compile(r"figures/([a-z0-9_.-]+)\.png")
RELATIVE = re.compile(r"#?[A-Za-z0-9_][A-Za-z0-9_./-]*")  # the only addresses that our own Markdown links to
MOST_SVG_BYTES = 150_000  # sharp at any size, but a file of many points is better a picture
MOST_LINKED = 3  # trials shown beside a claim; more fold away
DPI, CSS_DPI = 120, 96
_TEMPLATES = Path(__file__).parent / "templates"


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
    markdown = _parser()
    tokens = markdown.parse(marked)
    contents = _prepare(tokens, folder)
    body = markdown.renderer.render(tokens, markdown.options, {})
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
        title=html.unescape(re.sub("<[^>]*>", "", markdown.renderInline(unmark(title)))),
        contents=contents,
        body=_link_claims(body, rows),
        more=more,
        rows=rows,
        trials=_list_trials(trials, ledger, trial_anchors),
        most_linked=MOST_LINKED,
        style=style,
        script=script,
        style_hash=_digest(style),
        script_hash=_digest(script),
    )


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table").disable(["html_block", "autolink"])
    markdown.validateLink = lambda url: RELATIVE.fullmatch(url) is not None  # type: ignore[method-assign]
    markdown.add_render_rule("html_inline", _render_tag)
    return markdown


def _render_tag(renderer: Any, tokens: Sequence[Token], position: int, options: Any, env: Any) -> str:
    content = tokens[position].content  # `markdown.code` writes such pairs; all else came from a name or a reason
    if content == ("</code>" if env.get("inside") else "<code>"):
        env["inside"] = not env.get("inside")
        return content
    return html.escape(content)


def _prepare(tokens: list[Token], folder: Path) -> list[tuple[str, str]]:
    """Give headings anchors, cells a scope and figures their content; return the contents: (anchor, text)."""
    contents, heading, taken = [], "", set[str]()
    for position, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                inline = tokens[position + 1]
                heading = "".join(child.content for child in inline.children or [] if child.type != "html_inline")
                heading = unmark(heading)
                token.attrs["id"] = _unique(_slug(heading.lower()), taken)
                if token.tag == "h2":
                    contents.append((str(token.attrs["id"]), heading))
            case "table_open":
                _wrap_table(tokens, position, heading)
            case "tr_open":
                _scope_row(tokens, position)
            case "paragraph_open":
                children = tokens[position + 1].children or []
                if len(children) == 1 and children[0].type == "image":
                    figure = _embed(str(children[0].attrs["src"]), unmark(children[0].content), folder)
                    tokens[position].type = tokens[position + 2].type = "html_block"
                    tokens[position].content, tokens[position + 2].content = figure, ""
                    tokens[position + 1].children = []
    return contents


def _wrap_table(tokens: list[Token], position: int, heading: str) -> None:
    """Let a wide table scroll in a box of its own, which the keyboard reaches."""
    end = next(i for i in range(position, len(tokens)) if tokens[i].type == "table_close")
    label = html.escape(f"Table: {heading}" if heading else "Table")
    tokens[position].type = tokens[end].type = "html_block"
    tokens[position].content = f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>\n'
    tokens[end].content = "</table></div>\n"


def _scope_row(tokens: list[Token], position: int) -> None:
    first = True
    for token in tokens[position:]:
        if token.type == "tr_close":
            return
        if token.type in ("th_open", "td_open"):
            align = str(token.attrs.pop("style", ""))  # styles of single elements are what the page's policy forbids
            if "right" in align:
                token.attrs["class"] = "number"
            if token.type == "th_open":
                token.attrs["scope"] = "col"
            elif first:
                token.tag, token.attrs["scope"] = "th", "row"
        elif token.type == "td_close" and first:
            token.tag = "th"
        first = first and token.type not in ("td_close", "th_close")


def _embed(source: str, alternative: str, folder: Path) -> str:
    """Return a figure with its content in it, or its words alone where it is not there."""
    named, words = FIGURE.fullmatch(source), html.escape(html.unescape(alternative))
    if not named or not (folder / source).exists():
        return f"<p>{words}</p>\n"
    content, kind = (folder / source).read_bytes(), "png"
    width, height = (int.from_bytes(content[at : at + 4]) * CSS_DPI // DPI for at in (16, 20))
    drawing = folder / f"figures/{named[1]}.svg"
    if drawing.exists() and drawing.stat().st_size <= MOST_SVG_BYTES:
        content, kind = drawing.read_bytes(), "svg+xml"
    data = base64.b64encode(content).decode()
    image = f'<img alt="{words}" width="{width}" height="{height}" src="data:image/{kind};base64,{data}">'
    return f'<figure tabindex="0">{image}</figure>\n'


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
    if len(every) > MOST_LINKED and claim.trials == every:
        return []
    return [(key, anchors[key]) for key in claim.trials]


def _show(claim: Claim) -> str:
    if claim.value is None:
        return NONE
    return f"{claim.value:.0f}" if claim.value.is_integer() else f"{claim.value:.6g}"


def _list_trials(trials: pd.DataFrame, ledger: Ledger, anchors: dict[str, str]) -> list[dict[str, str]]:
    rows, told = [], set[str]()
    for row in trials.to_dict("records"):
        key = str(row["key"])
        anchor = "" if key in told else anchors[key]  # one that is judged in two ways has two rows
        told.add(key)
        stored = ledger.trials.get(key) or row.get("prediction_hash")
        texts = {name: visible(row[name]) for name in ("arm", "seed", "outcome")}
        texts["predictions"] = stored if isinstance(stored, str) else NONE
        rows.append(texts | {"key": key, "anchor": anchor, "outcome": texts["outcome"].replace("_", " ")})
    return rows


def _anchors(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return an anchor for each name, all different."""
    taken: set[str] = set()
    return {name: _unique(f"{prefix}-{_slug(name)}", taken) for name in dict.fromkeys(names)}


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_=./+]+", "-", text).strip("-") or "x"


def _unique(anchor: str, taken: set[str]) -> str:
    number, name = 1, anchor
    while name in taken:
        number += 1
        name = f"{anchor}-{number}"
    taken.add(name)
    return name


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
