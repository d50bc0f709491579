"""F14: images that are cut off, damaged, empty or none at all: set aside by name before training."""

import io
import shutil

import numpy as np
import pytest
from harness import give_store, kill, wait_for
from PIL import Image

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def encoded(kind):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, kind)
    return stream.getvalue()


def flip(content, *positions):
    flipped = bytearray(content)
    for position in positions:
        flipped[position] ^= 0xFF
    return bytes(flipped)


JPEG, PNG = encoded("JPEG"), encoded("PNG")
BROKEN = {
    **{f"cut at {percent} %.jpg": JPEG[: len(JPEG) * percent // 100] for percent in (10, 50, 99)},
    "flipped head.jpg": flip(JPEG, 1, 3),
    "flipped pixels.png": flip(PNG, *range(len(PNG) // 2, len(PNG) // 2 + 20)),
    "zero bytes.jpg": b"",
    "text.jpg": b"12 cells, stained\n",
    "html.jpg": b"<html><body>404 Not Found</body></html>",
}
MISNAMED = {"a png.jpg": PNG, "a jpeg.png": JPEG}


@pytest.fixture
def images(small):
    """Sixteen images and ten more: of these two have the wrong name and eight cannot be used."""
    for name, content in (BROKEN | MISNAMED).items():
        (small / "train/A" / name).write_bytes(content)
    return small


def test_what_is_broken_is_set_aside_with_its_reason_and_what_is_misnamed_is_kept(screening, images):
    study = screening
    give_store(study.folder)
    study.typed = ["data=folder", f"data.root={images}", "image_size=[16,24]", "depth=1", "epochs=3"]
    process = study.start()
    try:
        wait_for(lambda: list(study.folder.glob("runs/scratch/*/attempts.json")), process=process)
        assert not study.newest_rows, "nothing is trained yet"
        reasons = study.quarantine
        shutil.rmtree(images)
        assert process.wait(timeout=200) == 0, study.said
    finally:
        kill(process)
    assert not images.exists(), "it was trained without the files: from what was screened alone"
    assert reasons.keys() == {f"train/A/{name}" for name in BROKEN}
    assert reasons["train/A/zero bytes.jpg"] == "zero bytes"
    for name in ("text.jpg", "html.jpg", "flipped head.jpg"):
        assert reasons[f"train/A/{name}"].startswith("not an image (expected JPEG")
    assert all("cannot be decoded" in reasons[f"train/A/cut at {percent} %.jpg"] for percent in (50, 99))
    assert "12 training and 6 test images" in study.said
    assert study.said.count("  refused train/A/") == 5
    assert "... and 3 more" in study.said
    assert study.result["data"]["refused"] == len(BROKEN)
    assert study.result["data"]["counts"]["train"] == {"A": 7, "B": 5}, "the two with the wrong name are among them"


def test_more_of_them_than_was_allowed_is_no_data_set(screening, images):
    for k in range(3):
        (images / f"train/B/empty {k}.jpg").write_bytes(b"")
    said = screening.refuse("data=folder", f"data.root={images}", "image_size=[16,24]")
    assert "11 of 29 files cannot be used" in said
    assert "'train/A/cut at 10 %.jpg': " in said
    assert f"{screening.cache}/source-" in said
    assert len(screening.quarantine) == 11
