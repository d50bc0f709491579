"""The tutorial and the how-to pages, executed as they stand."""

import re
import shlex
from pathlib import Path

import pytest
from harness import finish, give_store

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.synthetic.draw import draw

DOCS = Path(__file__).parents[1] / "docs"
PAGES = DOCS / "how-to"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Return of each block of a page: the line before it, its language, its text."""
    return re.findall(r"([^\n]*)\n*```(\w+)\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def follow(page: str, folder: Path) -> None:
    """Save what a page tells to save, and type what it tells to type."""
    give_store(folder)
    for before, language, text in blocks(page):
        if language == "py":  # a part, to read; tests/data/sources/test_own.py runs one like it
            continue
        if language != "bash":
            (name,) = re.findall(r"Save this as `([^`]+)`", before)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            continue
        for line in text.splitlines():
            program, module, name, *words = shlex.split(line)
            assert (program, module) == ("python", "-m")
            finish(folder, name.removeprefix("bloodstudy."), *words)


def test_the_tutorial_leads_from_a_folder_of_images_to_a_paper(tmp_path):
    drawn = tmp_path / "drawn"
    draw(drawn, DataChoice(photographs=4, copies=2))
    for image in sorted(drawn.glob("*/*/*")):  # side, class, image: which photograph each shows is not told
        target = tmp_path / "cells" / image.parent.name
        target.mkdir(parents=True, exist_ok=True)
        image.rename(target / f"{len(list(target.iterdir())):03d}{image.suffix}")
    follow("tutorial.md", tmp_path)
    report = (tmp_path / "reports/mine/report.md").read_text()
    assert "**Do pooling and dropout change what our network reaches?**" in report
    assert "### To paste into a paper" in report
    assert "for new photographs" in report
    named = re.findall(r"`(?:reports/mine/)?([a-z_/]+\.(?:svg|tex|csv|zip|html))`", (DOCS / "tutorial.md").read_text())
    elsewhere = "figures/answers.svg", "reports/audit/folder/audit.html"
    there = [name for name in named if name not in elsewhere and not name.endswith("photographs.csv")]
    assert len(there) >= 4
    assert (tmp_path / "reports/audit/folder/audit.html").is_file()
    assert all((tmp_path / "reports/mine" / name).is_file() for name in there)


def test_ablate_your_own_leads_from_the_file_to_a_verdict(tmp_path):
    follow("how-to/ablate_your_own.md", tmp_path)
    report = (tmp_path / "reports/scratch/report.md").read_text()
    verdicts = re.findall(r"^\| `stem_kernel=\d`.*", report, re.MULTILINE)
    assert verdicts
    words = ("improves", "harms", "equivalent", "inconclusive", "not worse")
    assert any(word in line for line in verdicts for word in words), verdicts
    assert "pilot" not in "".join(verdicts)


def test_each_hook_of_the_table_is_one_and_each_one_is_there():
    from bloodstudy.config.factors import HOOKS

    text = (PAGES / "ablate_your_own.md").read_text()
    table = text[text.index("## 4. The hooks") : text.index("## 5.")]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ("hook", *HOOKS)
