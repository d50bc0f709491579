"""The how-to pages, executed as they stand."""

import re
import shlex
from pathlib import Path

import pytest
from harness import finish, give_store

PAGES = Path(__file__).parents[1] / "docs/how-to"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Return of each block of a page: the line before it, its language, its text."""
    return re.findall(r"([^\n]*)\n*```(\w+)\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


def test_ablate_your_own_leads_from_the_file_to_a_verdict(tmp_path):
    give_store(tmp_path)
    for before, language, text in blocks("ablate_your_own.md"):
        if language == "py":  # a part, to read; tests/data/sources/test_own.py runs one like it
            continue
        if language != "bash":
            (name,) = re.findall(r"Save this as `([^`]+)`", before)
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
            continue
        for line in text.splitlines():
            program, module, name, *words = shlex.split(line)
            assert (program, module) == ("python", "-m")
            finish(tmp_path, name.removeprefix("bloodstudy."), *words)
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
