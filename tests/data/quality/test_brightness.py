"""Brightness without the border: made-up images of known light."""

import dataclasses

import numpy as np
import pytest

from bloodstudy.data.quality.brightness import BLACK, measure_brightness, summarise_brightness


def lit(planted, levels, channels=3):
    """Return a data set whose image k has the level `levels[k]` everywhere."""
    dataset = planted()
    images = np.zeros((len(levels), 10, 8, channels), np.uint8) + np.array(levels, np.uint8)[:, None, None, None]
    manifest = dataset.manifest.head(len(levels))
    return dataclasses.replace(dataset, images=images, manifest=manifest)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_border_does_not_count_as_dark(planted, channels):
    dataset = lit(planted, [200, 100], channels)
    dataset.images[0, :5] = BLACK
    measured = measure_brightness(dataset)
    assert measured["brightness"].tolist() == [200, 100]
    assert measured["border"].tolist() == [0.5, 0]
    assert measured["class"].tolist() == ["A", "A"]


def test_a_dark_colour_is_no_border(planted):
    dataset = lit(planted, [0])
    dataset.images[..., 2] = 60  # blue
    assert measure_brightness(dataset)["brightness"].tolist() == [20]


def test_an_all_black_image_has_no_brightness(planted):
    dataset = lit(planted, [0, 90, 110])
    measured = measure_brightness(dataset)
    assert measured["brightness"].isna().tolist() == [True, False, False]
    table = summarise_brightness(measured, ("train", "test"))
    assert table.loc[0, ["class", "split", "images", "mean"]].tolist() == ["A", "train", 3, 100]
    assert table.loc[0, "border"] == pytest.approx(1 / 3)


def test_more_images_than_are_read_at_a_time_and_the_order_of_the_splits(planted):
    rows = [("A", "test" if k % 3 else "train", "p", "s", f"c{k}") for k in range(700)]
    dataset = planted(rows)
    measured = measure_brightness(dataset)
    assert np.allclose(measured["brightness"], dataset.images.mean(axis=(1, 2, 3)))
    assert summarise_brightness(measured, ("train", "test"))["split"].tolist() == ["train", "test"]
