"""What several tests need: the real images where they are, and small trees of class folders."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def blood_cells() -> Path:
    """Return the folder of the real images, named by BLOODSTUDY_DATA or beside the clone; skip, but never in CI."""
    folder = Path(os.environ.get("BLOODSTUDY_DATA") or HERE.parent.parent / "shared" / "data" / "blood-cells")
    if not folder.is_dir():
        message = f"the real images are not at {folder}; set BLOODSTUDY_DATA to the unpacked Kaggle archive"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


def jpeg(seed: int, size: tuple[int, int] = (24, 16)) -> bytes:
    """Return a small JPEG of coloured blocks, another one for each seed; `size` is width, height."""
    blocks = np.random.default_rng(seed).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(stream, "JPEG", quality=95)
    return stream.getvalue()


@pytest.fixture
def class_folders(tmp_path: Path) -> Callable[[Mapping[str, int]], Path]:
    """Return a function that writes {"train/A": 3, ...} as so many distinct JPEG files and returns the root."""

    def write(counts: Mapping[str, int]) -> Path:
        root = tmp_path / "images"
        seed = 0
        for folder, count in counts.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for k in range(count):
                seed += 1
                (root / folder / f"{k:03d}.jpg").write_bytes(jpeg(seed))
        return root

    return write


@pytest.fixture
def small(class_folders: Callable[[Mapping[str, int]], Path]) -> Path:
    """Return a folder of two classes, five training and three test images each."""
    return class_folders({"train/A": 5, "train/B": 5, "test/A": 3, "test/B": 3})
