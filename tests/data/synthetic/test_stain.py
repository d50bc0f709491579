from dataclasses import replace

import numpy as np
import pytest

from bloodstudy.data.synthetic import stain

LOOK = stain.Look((0.8, 0.7, 0.6), {"red": np.array([0.1, 0.5, 1.0])}, (0.0, 0.0), 0.0, 0.0, 0.0)


@pytest.mark.parametrize("thickness", [0.0, 1.0, 2.0])
def test_light_falls_with_thickness_by_the_law_of_beer_and_lambert(thickness):
    image = stain.develop({"red": np.full((4, 6), thickness)}, LOOK, np.random.default_rng(0))
    assert (image.shape, image.dtype) == ((4, 6, 3), np.uint8)
    light = 255 * np.array(LOOK.plate) * np.exp(-thickness * LOOK.absorbance["red"])
    assert np.abs(image - light).max() <= 1  # floors twice


def test_corners_lose_light_and_noise_is_the_generators():
    plain = stain.develop({"red": np.zeros((21, 21))}, replace(LOOK, vignette=0.5), np.random.default_rng(0))
    assert (plain[0, 0] < plain[10, 10]).all()
    noisy = [
        stain.develop({"red": np.zeros((9, 9))}, replace(LOOK, noise=3.0), np.random.default_rng(k)) for k in (1, 1, 2)
    ]
    assert (noisy[0] == noisy[1]).all()
    assert (noisy[0] != noisy[2]).any()


def test_a_look_is_the_same_for_a_seed_and_knows_every_stain():
    first, second, other = (stain.choose_look(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.plate == second.plate != other.plate
    assert set(first.absorbance) == set(stain.ABSORBANCE)
