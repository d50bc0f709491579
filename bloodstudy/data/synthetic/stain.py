"""The look of one drawn photograph: its stains, its plate, its lamp and its camera.

In: a generator, then layers of stain thickness. Out: uint8 colours by the Beer-Lambert law, light = plate * exp(-sum of
stain thickness * absorbance). Nothing here knows the class of the white cell, so the look cannot betray it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

# Absorbance of (red, green, blue) light at thickness 1, read off photographs of Wright-stained smears.
ABSORBANCE = {
    "red": (0.09, 0.30, 0.29),
    "nucleus": (0.80, 1.32, 0.15),
    "pink": (0.06, 0.21, 0.06),
    "blue": (0.36, 0.34, 0.07),
    "granules": (0.12, 0.76, 0.42),
}


@dataclass(frozen=True)
class Look:
    """What one photograph's preparation and camera do to every cell on it."""

    plate: tuple[float, float, float]  # light of the empty plate, 0 to 1
    absorbance: dict[str, np.ndarray]  # stain -> (3,)
    slope: tuple[float, float]  # change of light across the width and the height
    vignette: float  # loss of light in the corners
    blur_px: float  # radius of the box that stands for a lens out of focus
    noise: float  # standard deviation, grey levels of 255


def choose_look(rng: Generator) -> Look:
    """Draw a look: stain strength and hue, white balance, uneven light, focus and noise."""
    light = rng.uniform(0.82, 0.89)
    balance = 1 + rng.normal(0, 0.015, 3)
    strength, hue = rng.uniform(0.88, 1.18), rng.normal(0, 1)
    tint = np.array([1 - 0.08 * hue, 1.0, 1 + 0.16 * hue])  # orange to pink red cells, blue to purple nuclei
    absorbance = {
        stain: np.array(value) * strength * rng.uniform(0.9, 1.1) * np.clip(tint, 0.6, 1.4)
        for stain, value in ABSORBANCE.items()
    }
    return Look(
        plate=tuple(light * balance * np.array([0.985, 1.0, 0.985])),
        absorbance=absorbance,
        slope=(rng.normal(0, 0.03), rng.normal(0, 0.03)),
        vignette=rng.uniform(0.0, 0.08),
        blur_px=rng.uniform(0.2, 1.4),
        noise=rng.uniform(1.5, 3.5),
    )


def develop(layers: dict[str, np.ndarray], look: Look, rng: Generator) -> np.ndarray:
    """Return the uint8 (height, width, 3) photograph of `layers` (stain -> thickness, each (height, width))."""
    height, width = next(iter(layers.values())).shape
    y, x = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)[None, :]
    lamp = 1 + look.slope[0] * x + look.slope[1] * y - look.vignette * (x * x + y * y)
    light = np.empty((height, width, 3), np.uint8)
    depth, part = np.empty((height, width)), np.empty((height, width))
    for channel in range(3):
        depth.fill(0)
        for stain, layer in layers.items():
            depth -= np.multiply(layer, look.absorbance[stain][channel], out=part)
        np.exp(depth, out=depth)
        depth *= np.multiply(lamp, 255 * look.plate[channel], out=part)
        light[..., channel] = np.minimum(depth, 255, out=depth)
    blurred = Image.fromarray(light).filter(ImageFilter.BoxBlur(look.blur_px))
    grain = look.noise * rng.standard_normal(light.shape, dtype=np.float32)
    return np.clip(np.asarray(blurred) + grain + 0.5, 0, 255).astype(np.uint8)
