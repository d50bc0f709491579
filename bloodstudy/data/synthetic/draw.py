"""The embedded data set `smear`: synthetic stained blood smears, few photographs with several augmented copies each.

In: how many photographs a class, how many copies, a seed. Out: folders {train,test}/<CLASS>/ of 240 x 320 JPEG files,
and `photographs.csv`, which says which photograph each copy comes from and how it was moved.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence, default_rng
from PIL import Image

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening.listing import Progress, show_nothing
from bloodstudy.data.synthetic.cells import platelet, red_cell, white_cell
from bloodstudy.data.synthetic.stain import choose_look, develop
from bloodstudy.files import explained, make_folder, write_text

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
SPLITS = ("train", "test")
PHOTOGRAPH_SIZE = (480, 640)  # height, width in pixels, as the microscope's camera gives them
COPY_SIZE = (240, 320)
QUALITY = 92


@dataclass(frozen=True)
class Transform:
    """How a copy was made from its photograph at half size: flipped, then turned about its centre, then shifted."""

    angle_deg: float  # clockwise as seen
    dx_px: float  # to the right, pixels of the copy
    dy_px: float  # downwards
    flip_x: bool  # left and right exchanged
    flip_y: bool  # top and bottom exchanged

    def backward(self) -> tuple[float, float, float, float, float, float]:
        """Return (a, b, c, d, e, f): the copy's (x, y) shows the half-size photograph's (ax + by + c, dx + ey + f)."""
        height, width = COPY_SIZE
        centre_x, centre_y = width / 2, height / 2
        cos, sin = np.cos(np.radians(self.angle_deg)), np.sin(np.radians(self.angle_deg))
        sign_x, sign_y = (-1 if self.flip_x else 1), (-1 if self.flip_y else 1)
        to_x, to_y = centre_x + self.dx_px, centre_y + self.dy_px
        a, b, d, e = sign_x * cos, sign_x * sin, -sign_y * sin, sign_y * cos
        return a, b, centre_x - a * to_x - b * to_y, d, e, centre_y - d * to_x - e * to_y


def _meet(layer: np.ndarray, patch: np.ndarray, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the views of `layer` and `patch` that cover each other; the patch, partly inside, is centred at (x, y)."""
    left, top = int(x) - patch.shape[1] // 2, int(y) - patch.shape[0] // 2
    rows = slice(max(top, 0), min(top + patch.shape[0], layer.shape[0]))
    columns = slice(max(left, 0), min(left + patch.shape[1], layer.shape[1]))
    return layer[rows, columns], patch[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def _scatter(keep_out: tuple[float, float, float], radius: float, rng: Generator) -> list[tuple[float, float]]:
    """Return red-cell centres: as crowded and as clumped as the photograph's own draw says, clear of the white cell."""
    height, width = PHOTOGRAPH_SIZE
    wanted, clumped, nearest = rng.integers(10, 42), rng.uniform(0.0, 0.8), rng.uniform(0.75, 1.5) * radius
    centres: list[tuple[float, float]] = []
    for _ in range(12 * int(wanted)):
        if len(centres) == wanted:
            break
        if centres and rng.random() < clumped:
            near = centres[rng.integers(len(centres))]
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(1.1, 1.9) * radius
            x, y = near[0] + reach * np.cos(angle), near[1] + reach * np.sin(angle)
        else:
            x, y = rng.uniform(-radius, width + radius), rng.uniform(-radius, height + radius)
        if not (-radius < x < width + radius and -radius < y < height + radius):
            continue
        clear = np.hypot(x - keep_out[0], y - keep_out[1]) > keep_out[2] + 0.75 * radius
        if clear and all((x - a) ** 2 + (y - b) ** 2 > nearest**2 for a, b in centres):
            centres.append((x, y))
    return centres


def draw_photograph(cell_class: str, rng: Generator) -> np.ndarray:
    """Draw one field of view: uint8 (480, 640, 3), crowded red cells, platelets, one white cell of `cell_class`."""
    height, width = PHOTOGRAPH_SIZE
    look, zoom = choose_look(rng), rng.uniform(0.95, 1.25)
    cell = white_cell(cell_class, zoom, rng)
    # Within this ellipse the cell's centre stays in every copy, however it is turned and shifted.
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1)
    x, y = width * (0.5 + 0.29 * reach * np.cos(angle)), height * (0.5 + 0.25 * reach * np.sin(angle))
    layers = {stain: np.zeros(PHOTOGRAPH_SIZE) for stain in ("red", *cell.stains)}
    radius, pallor = zoom * rng.uniform(38, 46), rng.uniform(0.15, 0.75)
    for at in _scatter((x, y, cell.body.shape[0] / 2.7), radius, rng):
        target, patch = _meet(layers["red"], red_cell(radius * rng.uniform(0.88, 1.12), pallor, rng), *at)
        target += patch * rng.uniform(0.85, 1.15)
    np.tanh(layers["red"] / 2, out=layers["red"])
    layers["red"] *= 2  # a stack lets more light through than its sum says
    target, body = _meet(layers["red"], cell.body, x, y)
    target *= 1 - body
    for _ in range(int(rng.integers(1, 12))):
        patch = platelet(zoom * rng.uniform(5, 11), rng) * rng.uniform(0.3, 0.7)
        target, patch = _meet(layers["nucleus"], patch, rng.uniform(0, width), rng.uniform(0, height))
        target += patch
    for stain, thickness in cell.stains.items():
        target, patch = _meet(layers[stain], thickness, x, y)
        target += patch
    return develop(layers, look, rng)


def _half(photograph: np.ndarray) -> Image.Image:
    return Image.fromarray(photograph).reduce(photograph.shape[0] // COPY_SIZE[0])


def augment_copy(photograph: np.ndarray, rng: Generator) -> tuple[np.ndarray, Transform]:
    """Return a copy, uint8 (240, 320, 3), flipped, turned and shifted at random over black, and how it was moved.

    `photograph` is uint8 (480, 640, 3), or already halved to (240, 320, 3); colours stay as they are.
    """
    transform = Transform(
        angle_deg=round(rng.uniform(-20, 20), 3),
        dx_px=round(rng.uniform(-20, 20), 3),
        dy_px=round(rng.uniform(-15, 15), 3),
        flip_x=bool(rng.random() < 0.5),
        flip_y=bool(rng.random() < 0.5),
    )
    half = _half(photograph)
    size = (COPY_SIZE[1], COPY_SIZE[0])
    moved = half.transform(size, Image.Transform.AFFINE, transform.backward(), Image.Resampling.BILINEAR)
    return np.asarray(moved), transform


def photograph_number(split: str, cell_class: str, position: int) -> int:
    """Number a photograph uniquely over all folders, whatever the number of photographs drawn."""
    return (position * len(CLASSES) + CLASSES.index(cell_class)) * len(SPLITS) + SPLITS.index(split)


def _copies(number: int, cell_class: str, copies: int, seed: int) -> Iterator[tuple[bytes, Transform]]:
    """Yield the JPEG bytes and the transform of each copy; every photograph and every copy has its own generator."""
    sources = SeedSequence(seed, spawn_key=(number,)).spawn(copies + 1)
    photograph = np.asarray(_half(draw_photograph(cell_class, default_rng(sources[0]))))
    for source in sources[1:]:
        copy, transform = augment_copy(photograph, default_rng(source))
        stream = io.BytesIO()
        Image.fromarray(copy).save(stream, "JPEG", quality=QUALITY)
        yield stream.getvalue(), transform


def draw(folder: Path, choice: DataChoice, progress: Progress = show_nothing) -> None:
    """Write the data set under `folder`: so many training photographs a class, and twice as many for the test.

    Photographs, copies and seed are those of `choice`; `progress` counts photographs. The same choice gives the same
    bytes; more photographs or more copies leave the earlier ones as they were. Raises MachineError if the folder
    cannot be written.
    """
    counts = {"train": choice.photographs, "test": 2 * choice.photographs}
    tasks = [(split, kind, k) for split in SPLITS for kind in CLASSES for k in range(counts[split])]

    def write(task: tuple[str, str, int]) -> list[dict[str, object]]:
        split, kind, _ = task
        number = photograph_number(*task)
        photograph = f"photograph-{number:03d}"
        rows = []
        for k, (content, transform) in enumerate(_copies(number, kind, choice.copies, choice.draw_seed)):
            image = f"{split}/{kind}/{photograph}_copy-{k:02d}.jpeg"
            with explained(folder / image):
                (folder / image).write_bytes(content)
            rows.append({"image": image, "photograph": photograph, "class": kind, "split": split, **asdict(transform)})
        return rows

    for split in SPLITS:
        for kind in CLASSES:
            make_folder(folder / split / kind)
    rows: list[dict[str, object]] = []
    with ThreadPoolExecutor(2) as pool:
        try:
            for done, some in enumerate(pool.map(write, tasks), start=1):
                rows += some
                progress("drawing", done, len(tasks))
        except BaseException:  # an interrupt, too, ends what is being drawn and not all of it
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    write_text(folder / "photographs.csv", pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
