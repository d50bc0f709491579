"""The notebooks run on the embedded images and on a study, and are kept without outputs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from studies import fabricate_study

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_is_its_script(path):
    content = json.loads(path.read_text())
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    pair = jupytext.read(path.with_suffix(".py"))
    assert [cell.source for cell in pair.cells] == ["".join(cell["source"]) for cell in content["cells"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_page_with_outputs_shows_the_lines_of_the_notebook(path):
    page = FOLDER.parent / "docs" / "notebooks" / f"{path.stem}.md"
    cells = [cell.source for cell in jupytext.read(path.with_suffix(".py")).cells if cell.cell_type == "code"]
    assert re.findall(r"^```python\n(.*?)\n```$", page.read_text(), re.DOTALL | re.MULTILINE) == cells
    pictures = re.findall(r"\]\((\w+\.png)\)", page.read_text())
    assert pictures
    assert {name.name for name in page.parent.glob(f"{path.stem}*.png")} == set(pictures)


@pytest.mark.slow
def test_the_notebooks_run(tmp_path):
    fabricate_study(tmp_path / "runs", ("pooling", "dropout"), seeds=3)
    for path in NOTEBOOKS:
        shutil.copy(path, tmp_path)
    words = [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=300", *(path.name for path in NOTEBOOKS)]
    own = os.environ | {"BLOODSTUDY_RUNS": str(tmp_path / "runs"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(words, cwd=tmp_path, env=own, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(NOTEBOOKS)} passed" in done.stdout
