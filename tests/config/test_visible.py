"""Text that others wrote: it is shown, wherever it is printed or written, and does nothing."""

import csv
import io

import pandas as pd
import pytest
from harness import call
from rich.console import Console
from studies import fabricate_study

from bloodstudy.cli import terminal
from bloodstudy.config.visible import BOX, show, show_cell, visible
from bloodstudy.reporting.render.markdown import write_csv
from bloodstudy.study.question import Question

HOSTILE = [
    "\x1b[31mred",
    "a\x07b",
    "two\nlines",
    "a\rb",
    "\u202egnp.exe",
    "\u2066x",
    "half \ud800",
    "\x9b2J",
    "a\u2028b",
    "\0",
]
HARMLESS = ["RBC (old)", "a  b", "Größe", "赤血球", "[red]", ":smile:", "", "naïve_1 | `x` <b>"]


def does_nothing(text):
    """Tell whether each character of a text stands for itself."""
    return all(character.isprintable() for character in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_does_something_is_a_box(text):
    for shown in (show(text), visible(text), show_cell(text)):
        assert does_nothing(shown)
    assert BOX in show(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_nothing_stays(text, capsys):
    assert show(text) == show_cell(text) == text
    terminal.say(text)
    assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.parametrize("text", [*HOSTILE, *HARMLESS])
def test_lines_tables_and_bars_show_it(text, capsys, monkeypatch):
    terminal.say(f"file {text} end")
    terminal.print_table(text, ["arm"], [[text]])
    monkeypatch.setattr(terminal, "PLAIN_EVERY_S", 0)
    with terminal.Bar(text, 2) as bar:
        bar.update(1, text)
    out = capsys.readouterr().out
    assert all(map(does_nothing, out.split("\n")))
    assert out.split("\n")[0] == f"file {show(text)} end"
    assert show(text) in "".join(out.split("\n")[1:])
    screen = io.StringIO()
    monkeypatch.setattr(terminal.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(terminal, "Console", lambda **options: Console(file=screen, width=100, **options))
    with terminal.Bar(text, 2) as bar:
        bar.update(1, text)
    for harmful in "\x07\x9b\u202e\u2066\0":
        assert harmful not in screen.getvalue()
    assert "\x1b[31m" not in screen.getvalue()


@pytest.mark.parametrize("value", ["=cmd()", "+1", "-x", "@sum"])
def test_no_name_is_a_formula(value):
    content = write_csv(pd.DataFrame({"arm": [value, "lr=0.1"], "effect": [-0.5, 0.25], "seeds": [3, 4]}))
    rows = list(csv.reader(io.StringIO(content)))
    assert rows == [["arm", "effect", "seeds"], [f"'{value}", "-0.5", "3"], ["lr=0.1", "0.25", "4"]]


def test_an_arm_of_escape_sequences_reaches_neither_terminal_nor_files(tmp_path, monkeypatch):
    monkeypatch.setattr("bloodstudy.reporting.report.draw_figures", lambda figures, folder: list(figures))
    arms = {"=\x1b]0;title\x07\u202e\nnew": {"pooling": "average"}}
    fabricate_study(
        tmp_path / "runs", (Question("pools", "Which?", arms=arms),), 6, photographs=1, copies=1, study="small"
    )
    printed = [call(tmp_path, "status"), call(tmp_path, "report"), call(tmp_path, "verify", "reports/small")]
    names = ("report.md", "report.html", "effects.csv", "effects.tex", "cost.md", "claims.json")
    written = {name: (tmp_path / "reports/small" / name).read_text("utf-8") for name in names}
    for text in (*(ended.stdout + ended.stderr for ended in printed), *written.values()):
        assert not set(text) & set("\x1b\x07\u202e"), ascii(text[:2000])
    assert [ended.returncode for ended in printed] == [0, 0, 0]
    names = {row[0] for row in csv.reader(io.StringIO(written["effects.csv"]))}
    assert names == {"arm", f"'={BOX}]0;title{BOX}{BOX}{BOX}new"}
