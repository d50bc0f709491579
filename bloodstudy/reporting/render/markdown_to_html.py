"""The Markdown of our reports as HTML elements.

In: Markdown and the folder of its figures. Out: its elements as HTML, with the figures in it, and the contents. Markup
that is not our own is shown as text.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bloodstudy.reporting.claims.ledger import unmark

FIGURE = re.compile(r"figures/([a-z0-9_.-]+)\.png")
FOLD = re.compile(r"<details>\n<summary>[A-Za-z0-9 ,:]+</summary>\n|</details>\n")  # what our templates fold away
RELATIVE = re.compile(r"#?[A-Za-z0-9_][A-Za-z0-9_./-]*")  # the only addresses that our own Markdown links to
MAX_SVG_BYTES = 150_000  # sharp at any size, but a file of many points is better a picture
DPI, CSS_DPI = 120, 96


def render_markdown(text: str, folder: Path) -> tuple[str, list[tuple[str, str]]]:
    """Return the HTML of `text`, whose marks stay, and its contents: anchor and text of each section."""
    markdown = _parser()
    tokens = markdown.parse(text)
    contents = _prepare(tokens, folder)
    return markdown.renderer.render(tokens, markdown.options, {}), contents


def read_words(text: str) -> str:
    """Return what a reader sees of one line of Markdown."""
    return html.unescape(re.sub("<[^>]*>", "", _parser().renderInline(unmark(text))))


def slug(text: str) -> str:
    """Return an anchor's name."""
    return re.sub(r"[^A-Za-z0-9_=./+]+", "-", text).strip("-") or "x"


def make_unique(anchor: str, taken: set[str]) -> str:
    """Return `anchor`, numbered where it is taken, and take it."""
    number, name = 1, anchor
    while name in taken:
        number += 1
        name = f"{anchor}-{number}"
    taken.add(name)
    return name


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table").disable("autolink")
    markdown.validateLink = lambda url: RELATIVE.fullmatch(url) is not None  # type: ignore[method-assign]
    markdown.add_render_rule("html_inline", _render_tag)
    markdown.add_render_rule("html_block", _render_block)
    return markdown


def _render_tag(renderer: Any, tokens: Sequence[Token], position: int, options: Any, env: Any) -> str:
    content = tokens[position].content  # `markdown.code` writes such pairs; all else came from a name or a reason
    if content == ("</code>" if env.get("inside") else "<code>"):
        env["inside"] = not env.get("inside")
        return content
    return html.escape(content)


def _render_block(renderer: Any, tokens: Sequence[Token], position: int, options: Any, env: Any) -> str:
    token = tokens[position]
    own = token.meta.get("own") or FOLD.fullmatch(token.content)
    return token.content if own else f"<p>{html.escape(token.content)}</p>\n"


def _prepare(tokens: list[Token], folder: Path) -> list[tuple[str, str]]:
    """Give headings anchors, cells a scope and figures their content; return the contents: (anchor, text)."""
    contents, heading, taken = [], "", set[str]()
    for position, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                inline = tokens[position + 1]
                heading = "".join(child.content for child in inline.children or [] if child.type != "html_inline")
                heading = unmark(heading)
                token.attrs["id"] = make_unique(slug(heading.lower()), taken)
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
                    for outer, content in ((token, figure), (tokens[position + 2], "")):
                        _put(outer, content)
                    tokens[position + 1].children = []
    return contents


def _wrap_table(tokens: list[Token], position: int, heading: str) -> None:
    """Let a wide table scroll in a box of its own, which the keyboard reaches."""
    end = next(i for i in range(position, len(tokens)) if tokens[i].type == "table_close")
    label = html.escape(f"Table: {heading}" if heading else "Table")
    _put(tokens[position], f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>\n')
    _put(tokens[end], "</table></div>\n")


def _put(token: Token, content: str) -> None:
    """Make a token HTML of our own."""
    token.type, token.content, token.meta = "html_block", content, {"own": True}


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
    if drawing.exists() and drawing.stat().st_size <= MAX_SVG_BYTES:
        content, kind = drawing.read_bytes(), "svg+xml"
    data = base64.b64encode(content).decode()
    image = f'<img alt="{words}" width="{width}" height="{height}" src="data:image/{kind};base64,{data}">'
    return f'<figure tabindex="0">{image}</figure>\n'
