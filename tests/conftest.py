"""What several tests need: the real images where they are, small trees of class folders, and one order for all."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fault_score import pytest_runtest_logreport, pytest_terminal_summary  # noqa: F401 (hooks)
from harness import shared_folder, skip_but_in_ci
from PIL import Image

from bloodstudy.data import Dataset
from bloodstudy.data.provenance.provenance import Provenance

os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")  # a sweep would train on all cores, which the tests share already
HERE = Path(__file__).resolve().parent
# What takes longest begins first, so that no process is left with it at the end. Then what is slow, then the rest.
LONGEST = ("faults/f13", "faults/f08", "faults/f07", "test_wheel", "cluster/test_ray", "tracking/test_server",
           "test_smoke_study", "faults/", "cluster/", "test_notebooks", "experiments/test_reports")  # fmt: skip
WAITING = ("tests/training/test_group.py", "tests/training/test_program.py")  # for one long process, which one starts


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep together the tests of a file that share a fixture: a server, a cluster, a trained study.

    The groups of xdist 3.8 do not: it writes them into a field that pytest 9.2 no longer reads.
    """
    from xdist.scheduler import LoadScopeScheduling

    @functools.cache
    def shares_fixtures(file: Path) -> bool:
        texts = [path.read_text() for path in (file, file.with_name("conftest.py")) if path.exists()]
        return any('scope="module"' in text for text in texts)

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0]
            if file in WAITING:
                return WAITING[0]
            return file if shares_fixtures(HERE.parent / file) else nodeid

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the faults, and put what takes longest first."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        path = item.path.relative_to(HERE).as_posix()
        ranks = [rank for rank, start in enumerate(LONGEST) if path.startswith(start)]
        return min(ranks, default=len(LONGEST)), item.get_closest_marker("slow") is None

    for item in items:
        if item.path.parent == HERE / "faults":
            item.add_marker(pytest.mark.faults)
    items.sort(key=place)


@pytest.fixture(scope="session")
def blood_cells() -> Path:
    """Return the folder of the real images, named by BLOODSTUDY_DATA or beside the clone; skip, but never in CI."""
    folder = Path(os.environ.get("BLOODSTUDY_DATA") or HERE.parent.parent / "shared" / "data" / "blood-cells")
    if not folder.is_dir():
        skip_but_in_ci(f"the real images are not at {folder}; set BLOODSTUDY_DATA to the unpacked Kaggle archive")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of decoded images that tests share: to draw smears takes seconds."""
    return shared_folder(tmp_path_factory, "images")


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


def dataset_of(
    rows: Sequence[tuple[str, str, str, str, str]], *, how: str = "known", split: str = "official", name: str = "folder"
) -> Dataset:
    """Return a data set of made-up rows (class, split, photograph, scene, content), images drawn from noise."""
    manifest = pd.DataFrame(rows, columns=["class", "split", "photograph", "scene", "sha256"])
    classes = tuple(sorted(set(manifest["class"])))
    manifest["label"] = [classes.index(label) for label in manifest["class"]]
    manifest.insert(0, "image", [f"{row[1]}/{row[0]}/{k:04d}.jpg" for k, row in enumerate(rows)])
    known = manifest[["photograph", "scene"]].assign(score=np.nan, margin=np.nan)
    images = np.random.default_rng(0).integers(20, 256, (len(rows), 4, 6, 3), dtype=np.uint8).view(np.memmap)
    quarantine = pd.DataFrame([("train/A/broken.jpg", "zero bytes")], columns=["image", "reason"])
    provenance = Provenance(known, how)
    return Dataset(name, classes, split, "f" * 16, images, manifest.drop(columns="class"), provenance, quarantine, ())


PLANTED = [  # one fault of each kind
    ("A", "train", "p1", "s1", "c1"),
    ("A", "train", "p1", "s1", "c2"),
    ("A", "train", "p2", "s2", "c3"),
    ("A", "test", "p1", "s1", "c4"),  # another copy of a photograph that training has
    ("A", "test", "p3", "s3", "c5"),
    ("A", "test", "p3", "s3", "c5"),  # the same bytes twice, on one side
    ("B", "train", "p4", "s4", "c6"),
    ("B", "train", "p5", "s5", "c7"),
    ("B", "test", "p6", "s4", "c8"),  # another photograph of a scene that training has
    ("B", "test", "p5", "s5", "c7"),  # the very bytes of a training image
    ("B", "test", "p7", "s3", "c9"),  # a scene that class A has too
    ("B", "test", "p8", "s6", "c10"),
]


@pytest.fixture
def faults() -> list[tuple[str, str, str, str, str]]:
    """Return the rows of `PLANTED`."""
    return PLANTED


@pytest.fixture
def planted() -> Callable[..., Dataset]:
    """Return a function that makes the data set of `PLANTED`, or of other rows."""
    return lambda rows=PLANTED, **options: dataset_of(rows, **options)
