import html
import re

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.config.visible import visible
from bloodstudy.reporting.render.markdown import code, fence, plain, table, write_csv

NASTY = [
    "a|b",
    "`x`",
    "``",
    "<script>alert(1)</script>",
    "a\\|b",
    "line\nbreak",
    "*bold*",
    "_it_",
    "[x](y)",
    "",
    "$x$",
    "&lt;",
]


def shown(markdown):
    """Return what a reader sees of a code span: its text, with entities resolved where they are."""
    if markdown.startswith("`"):
        return markdown[1:-1]
    return html.unescape(markdown.removeprefix("<code>").removesuffix("</code>"))


def test_nasty_names_are_shown_as_they_are():
    for name in NASTY:
        assert shown(code(name)) == visible(name)
        assert html.unescape(plain(name)) == visible(name)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_text_ends_its_cell_its_line_or_its_code_span(text):
    (row,) = table(["a"], [[code(text)]]).splitlines()[2:]
    assert row.count("|") == 2
    inside = code(text)
    assert "<script" not in plain(text)
    assert inside.count("`") == 2 if inside.startswith("`") else "`" not in inside
    assert not re.search(r"[|<>`*\[\]\\]", plain(text))


def test_an_everyday_name_stays_readable_in_the_source():
    assert code("image_size=[60,80], lr=0.01") == "`image_size=[60,80], lr=0.01`"
    assert plain("out_of_memory: 3 of 4") == "out_of_memory: 3 of 4"


def test_a_fence_is_longer_than_what_it_holds():
    assert fence("a ``` b").splitlines() == ["````", "a ``` b", "````"]


def test_columns_are_aligned():
    assert table(["a", "n"], [["x", "1"]], right=["n"]).splitlines() == ["| a | n |", "| --- | ---: |", "| x | 1 |"]


def test_a_table_of_other_programs_shows_what_others_named_and_says_no_formula():
    frame = pd.DataFrame({"recall_\x1b[2J": [0.5], "=1+1": ["@SUM(A1)"]})
    header, row = write_csv(frame).splitlines()
    assert "\x1b" not in header
    assert header.endswith(",'=1+1")
    assert row == "0.5,'@SUM(A1)"
