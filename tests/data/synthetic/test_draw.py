"""The drawn data set: repeatable, laid out as promised, and not to be had by colour alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.synthetic.draw import (
    CLASSES,
    SPLITS,
    Transform,
    augment_copy,
    draw,
    draw_photograph,
    photograph_number,
)

CHOICE = DataChoice(photographs=1, copies=3, draw_seed=5)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    draw(folder, CHOICE)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def drawn(folder: Path, **changes: int) -> dict[str, bytes]:
    draw(folder, replace(CHOICE, **changes))
    return content(folder)


def test_same_seed_draws_the_same_bytes_and_another_seed_does_not(small: Path, tmp_path: Path) -> None:
    first = content(small)
    assert drawn(tmp_path / "again") == first
    other = drawn(tmp_path / "other", draw_seed=6)
    assert other.keys() == first.keys()
    assert not any(other[name] == first[name] for name in first)


def test_more_photographs_and_copies_leave_the_earlier_ones_as_they_were(small: Path, tmp_path: Path) -> None:
    first, more = content(small), drawn(tmp_path, photographs=2, copies=4)
    del first["photographs.csv"]
    assert first.items() < more.items()


def test_layout_counts_and_table_agree_and_a_photograph_has_one_split_and_class(small: Path) -> None:
    table = pd.read_csv(small / "photographs.csv")
    on_disk = {path.relative_to(small).as_posix() for path in small.rglob("*.jpeg")}
    assert set(table["image"]) == on_disk
    assert table["image"].is_unique
    assert (table["image"].str.split("/").str[0] == table["split"]).all()
    assert (table["image"].str.split("/").str[1] == table["class"]).all()
    assert all(photograph in image for photograph, image in zip(table["photograph"], table["image"], strict=True))
    counts = table.groupby(["split", "class"]).size()
    assert counts.to_dict() == {(split, kind): 3 * n for split, n in (("train", 1), ("test", 2)) for kind in CLASSES}
    assert (table.groupby("photograph")[["split", "class"]].nunique() == 1).to_numpy().all()
    assert set(table["photograph"].value_counts()) == {3}


@given(st.lists(st.tuples(st.sampled_from(SPLITS), st.sampled_from(CLASSES), st.integers(0, 500)), unique=True))
def test_photograph_numbers_are_unique(places: list[tuple[str, str, int]]) -> None:
    assert len({photograph_number(*place) for place in places}) == len(places)


def test_progress_counts_photographs(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    draw(tmp_path, replace(CHOICE, copies=1), lambda *step: steps.append(step))
    assert steps == [("drawing", k, 12) for k in range(1, 13)]


def test_an_interrupt_ends_what_is_drawn_and_not_all_of_it(tmp_path: Path) -> None:
    def interrupt(what: str, done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(tmp_path, DataChoice(photographs=40, copies=1), interrupt)
    assert len([*tmp_path.rglob("*.jpeg")]) < 40, "of 480"


def test_copies_are_colour_jpegs_of_the_kaggle_size_with_black_borders(small: Path) -> None:
    table = pd.read_csv(small / "photographs.csv")
    for name, angle_deg in zip(table["image"], table["angle_deg"], strict=True):
        with Image.open(small / name) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (320, 240), "RGB")
            black = (np.asarray(image).max(axis=2) < 16).mean()
        assert black < 0.45
        if abs(angle_deg) > 5:
            assert black > 0.02


@pytest.mark.parametrize("cell_class", CLASSES)
def test_the_white_cell_is_the_darkest_thing_on_a_light_plate(cell_class: str) -> None:
    photograph = draw_photograph(cell_class, np.random.default_rng(3))
    assert (photograph.shape, photograph.dtype) == ((480, 640, 3), np.uint8)
    grey = photograph.mean(axis=2)
    assert np.percentile(grey, 75) > 150
    dark = grey < 125
    assert 0.005 < dark.mean() < 0.2
    red, green, blue = photograph[dark].mean(axis=0)
    assert blue > red > green  # purple


@settings(max_examples=25, deadline=None)
@given(
    st.builds(Transform, st.floats(-20, 20), st.floats(-20, 20), st.floats(-15, 15), st.booleans(), st.booleans()),
    st.floats(-50, 50),
    st.floats(-40, 40),
)
def test_backward_undoes_flip_turn_and_shift(transform: Transform, x: float, y: float) -> None:
    flipped = complex(-x if transform.flip_x else x, -y if transform.flip_y else y)
    there = flipped * np.exp(1j * np.radians(transform.angle_deg)) + complex(transform.dx_px, transform.dy_px)
    to_x, to_y = there.real + 160, there.imag + 120
    a, b, c, d, e, f = transform.backward()
    assert (a * to_x + b * to_y + c - 160, d * to_x + e * to_y + f - 120) == pytest.approx((x, y), abs=1e-9)


def test_a_marked_point_lands_where_the_transform_says() -> None:
    photograph = np.zeros((480, 640, 3), np.uint8)
    photograph[160:170, 400:410] = 255
    for seed in range(6):
        copy, transform = augment_copy(photograph, np.random.default_rng(seed))
        y, x = np.argwhere(copy[..., 0] > 100).mean(axis=0) + 0.5
        a, b, c, d, e, f = transform.backward()
        assert (a * x + b * y + c, d * x + e * y + f) == pytest.approx((202.5, 82.5), abs=0.6)


def features(folder: Path, size: tuple[int, int]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return split -> (images, 3 * size) mean colours and the labels."""
    table = pd.read_csv(folder / "photographs.csv")
    found = {}
    for split, rows in table.groupby("split"):
        images = [Image.open(folder / name).resize(size, Image.Resampling.BOX) for name in rows["image"]]
        found[str(split)] = np.stack([np.asarray(image, float).ravel() for image in images]), rows["class"].to_numpy()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_colour_and_thumbnails_do_not_give_the_class_away(seed: int, tmp_path: Path) -> None:
    draw(tmp_path, DataChoice(photographs=4, copies=30, draw_seed=seed))
    for size in ((1, 1), (8, 8)):
        sides = features(tmp_path, size)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000)).fit(*sides["train"])
        assert model.score(*sides["test"]) < 0.60, size
