"""The site of the documentation: links that hold on the code host and in the site, pages that the code writes."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import docs_reference
import docs_site
import pytest

from bloodstudy.config.factors import FACTORS
from bloodstudy.config.rules import RULES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_link_of_a_page_leads_to_a_file_of_the_repository(path):
    links = docs_site.LINK.findall(docs_site._without_code(path.read_text()))
    page = path.relative_to(ROOT).as_posix()
    assert [link for link in links if ":" not in link and docs_site.find_target(page, link) is None] == []


def test_a_link_out_of_the_repository_or_to_nothing_has_no_target():
    assert docs_site.find_target("docs/audit.md", "../../elsewhere.md") is None
    assert docs_site.find_target("docs/audit.md", "nothing.md") is None
    assert docs_site.find_target("docs/audit.md", "https://keras.io") is None
    assert docs_site.find_target("docs/audit.md", "../experiments/leak") == "experiments/leak/README.md"
    assert docs_site.name_page("conf/study") == "conf/study/index.md"


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("words\n- one\n- two", "words\n\n- one\n- two"),
        ("words\n| a |\n|---|\n| b |", "words\n\n| a |\n|---|\n| b |"),
        ("- one\n  more\n- two", "- one\n  more\n- two"),
        ("```yaml\nkey:\n- [x](audit.md)\n```", "```yaml\nkey:\n- [x](audit.md)\n```\n"),
        ("[x](../experiments/leak)", "[x](experiments/leak/README.md)"),
        ("[x](nothing.md#y)", "[x](nothing.md#y)"),
    ],
)
def test_what_the_code_host_reads_is_turned_into_what_the_site_reads(text, turned):
    class Place:
        src_uri = "audit.md"

    class Page:
        file = Place

    assert docs_site.on_page_markdown(text, Page, None, None) == turned


def test_the_page_of_keys_has_each_key_that_is_no_factor():
    rows = re.findall(r"^\| `([\w.]+)` \| `[^|]*` \| ([^|]+) \|", docs_reference.write_keys(), re.MULTILINE)
    assert {key for key, _ in rows} == set(RULES) - set(FACTORS)
    assert all(RULES[key].expected == expected for key, expected in rows)


def test_each_file_of_the_page_of_files_is_explained():
    rows = re.findall(r"^\| `runs/.*$", docs_reference.write_files(), re.MULTILINE)
    assert len(rows) >= 15
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_page_of_commands_has_all_six_and_the_exit_codes():
    page = docs_reference.write_commands()
    assert all(f"python -m bloodstudy.{name}" in page for name in docs_reference.COMMANDS)
    assert "exit 2" in page


@pytest.mark.slow
def test_the_site_is_built_and_asks_no_other_machine(tmp_path):
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    own = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(words, cwd=ROOT, env=own, capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 40
    loaded = re.compile(r"<(?:script|img|iframe|source)[^>]* src=\"?(?:https?:)?//|<link[^>]* href=\"?(?:https?:)?//")
    assert [page.name for page in pages if page.name != "report.html" and loaded.search(page.read_text())] == []


def test_the_table_of_the_page_on_speed_is_what_the_script_prints():
    script = runpy.run_path(str(ROOT / "benchmarks/peers.py"))
    assert script["summarise"](ROOT / "benchmarks/peers.csv") in (ROOT / "docs/speed.md").read_text(encoding="utf-8")
