"""The figure of a random split can be drawn again, with the counts and without."""

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def script(monkeypatch, tmp_path):
    specification = importlib.util.spec_from_file_location("leak_figure", ROOT / "experiments" / "leak" / "figure.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(("leaking", "wide"), [(None, False), (153, True)])
def test_the_counts_are_drawn_if_they_are_known(script, tmp_path, leaking, wide):
    summary = {"test_images": 2487, "test_images_leaking": leaking}
    (tmp_path / "findings-kaggle.json").write_text(json.dumps({"summary": summary, "random": {"summary": summary}}))
    script.main(tmp_path / "leak.png")
    with Image.open(tmp_path / "leak.png") as figure:
        assert (figure.width > 1000) == wide
