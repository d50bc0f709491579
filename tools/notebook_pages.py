"""Execute the notebooks and write a page of each, with its outputs, to docs/notebooks.

    python tools/notebook_pages.py

01_look_at_the_data reads the embedded images, which are drawings; 02_read_a_study reads the study of experiments/bccd,
which is put back from its package. So the pages show no photograph of a cell, and anyone can write them again.
"""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "notebooks"
COLOURS = 128  # of a picture: a third of the bytes, and no difference to see
STUDY = "experiments/bccd/bccd.zip"
NOTE = "*`python tools/notebook_pages.py` writes this page from [notebooks/{name}.py](../../notebooks/{name}.py).*"


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "bloodstudy.package", f"restore={ROOT / STUDY}", f"runs_dir={folder}/runs"]
        subprocess.run([sys.executable, *words], cwd=folder, check=True)
        os.environ["BLOODSTUDY_RUNS"] = f"{folder}/runs"
        for path in sorted((ROOT / "notebooks").glob("*.py")):
            notebook = jupytext.read(path)
            NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
            (TARGET / f"{path.stem}.md").write_text(write_page(path.stem, notebook.cells), encoding="utf-8")


def write_page(name: str, cells: list) -> str:
    """Return the page of an executed notebook; its pictures are put beside it."""
    parts = []
    for cell in cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        parts += [text for output in cell.outputs if (text := write_output(name, output, len(parts)))]
    parts.insert(1, NOTE.format(name=name))
    return "\n\n".join(parts) + "\n"


def write_output(name: str, output: dict, number: int) -> str:
    """Return one output as Markdown; empty if a person would not look at it."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = TARGET / f"{name}_{number}.png"
        with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as drawn:
            drawn.convert("RGB").quantize(COLOURS).save(picture, optimize=True)
        return f"![What the lines above draw]({picture.name})"
    if "text/html" in data:
        table = re.sub(
            r"<style.*?</style>\s*|</?div>\s*| border=\"1\" class=\"dataframe\"", "", data["text/html"], flags=re.S
        )
        return "\n".join(line.strip() for line in table.splitlines() if line.strip() and not line.startswith("<p>"))
    if output["output_type"] == "stream" and output["name"] == "stdout":
        return f"```text\n{output['text'].strip()}\n```"
    return ""


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    main()
