"""Random changes to training batches, by Keras's own preprocessing layers, a pure function of a seed.

In: uint8 images (B, H, W, C), one-hot labels (B, classes), a seed. Out: both again, in the same types. No state is kept
or shared, so a resumed epoch sees the batches that it would have seen, and a background thread may call it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

Drawn = Any  # what a layer of Keras draws for a batch: arrays and sizes by name
CHOSEN = 2  # operations that randaugment applies to a batch


@dataclass(frozen=True)
class Augmenter:
    """One level of the factor `augment`: call it on a batch; `docs/factors.md` gives the ranges.

    `mixes_labels` says whether the labels that come back differ from those given (mixup alone).
    """

    level: str
    classes: int
    steps: tuple[Any, ...]

    @classmethod
    def of(cls, level: str, channels: int, classes: int) -> Augmenter:
        """Return the augmenter of `level` for images with `channels` channels (1 or 3)."""
        steps = _STEPS[level] + (_COLOUR_STEPS.get(level, []) if channels == 3 else [])
        return cls(level, classes, tuple(make() for make in steps))

    @property
    def mixes_labels(self) -> bool:
        """Whether labels come back as mixtures, which need a categorical, not a sparse, cross-entropy."""
        return self.level == "mixup"

    def __call__(self, images: np.ndarray, one_hot: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return changed images, uint8, and labels, float32; the same for the same arguments, whatever came before."""
        if self.mixes_labels and one_hot.shape[1:] != (self.classes,):
            raise ValueError(f"mixup needs one-hot labels (batch, {self.classes}); received shape {one_hot.shape}")
        generator = keras.random.SeedGenerator(seed_of_layers(seed), name="augment")
        steps = self.steps
        if self.level == "randaugment":
            chosen = np.random.default_rng(int(_words(seed)[1])).integers(len(steps), size=CHOSEN)
            steps = [steps[index] for index in chosen]
        tensor = ops.convert_to_tensor(images)
        tensor, labels = self.change(tensor, one_hot, self.draw(tensor, generator, steps), steps)
        return np.asarray(ops.convert_to_numpy(tensor)), np.asarray(ops.convert_to_numpy(labels), dtype="float32")

    def draw(self, images: Any, generator: keras.random.SeedGenerator, steps: Any = None) -> list[Drawn]:
        """Return what is drawn for a batch of this shape by a generator that was made of `seed_of_layers`.

        This and `change` can be parts of a compiled program, but for randaugment, whose `steps` are chosen outside.
        """
        steps = self.steps if steps is None else steps
        return [step.get_random_transformation(images, training=True, seed=generator) for step in steps]

    def change(self, images: Any, one_hot: Any, drawn: Sequence[Drawn], steps: Any = None) -> Any:
        """Return the same as a call, as tensors, from tensors and what was drawn."""
        steps = self.steps if steps is None else steps
        match self.level:
            case "mixup":
                images = steps[0].transform_images(images, drawn[0])
                one_hot = steps[0].transform_labels(ops.convert_to_tensor(one_hot, dtype="float32"), drawn[0])
            case "affine":
                images = _resample_once(images, drawn)
            case _:
                for step, own in zip(steps, drawn, strict=True):
                    images = step.transform_images(ops.cast(images, step.compute_dtype), own)
        return _as_uint8(images), one_hot


def _words(seed: int) -> np.ndarray:
    return np.random.SeedSequence(seed).generate_state(2, np.uint32)


def seed_of_layers(seed: int) -> int:
    """Return the seed, 0 to 2^31 - 1, of the generator that all layers draw from if an augmenter is given `seed`."""
    return int(_words(seed)[0] >> 1)


def _resample_once(images: Any, drawn: Sequence[Drawn]) -> Any:
    """Apply rotation, shift, zoom and shear as one transform: four in turn would blur and take longer."""
    # In double precision where that can be had. A compiled program of JAX knows arrays of its own alone.
    xp: Any = ops if keras.backend.backend() == "jax" else np
    keys = ("rotation_matrix", "translations", "height_zoom", "shear_factor")
    rotation, shift, zoom, shear = (_plain(one[key]) for one, key in zip(drawn, keys, strict=True))
    count, height, width = images.shape[:3]
    last = xp.concatenate([xp.zeros((count, 2)), xp.ones((count, 1))], axis=1)
    turned = xp.reshape(xp.concatenate([rotation, last[:, 2:]], axis=1), (count, 3, 3))
    # About the middle of the image: shear and zoom, then the shift in pixels.
    rows = [xp.stack([zoom[:, 0], shear[:, 0]], axis=1), xp.stack([shear[:, 1], zoom[:, 0]], axis=1)]
    linear, middle = xp.stack(rows, axis=1), xp.array([(width - 1) / 2, (height - 1) / 2])
    moved = middle - xp.matmul(linear, middle) - shift
    others = xp.stack([*(xp.concatenate([linear[:, i], moved[:, i : i + 1]], axis=1) for i in (0, 1)), last], axis=1)
    matrices = xp.reshape(xp.matmul(turned, others), (count, 9))
    return ops.image.affine_transform(
        ops.cast(images, "float32"),
        ops.convert_to_tensor(matrices[:, :8] / matrices[:, 8:], dtype="float32"),
        interpolation="bilinear",
        fill_mode="constant",
        fill_value=0,
    )


def _plain(drawn: Any) -> Any:
    if keras.backend.backend() == "jax":
        return ops.cast(drawn, "float32")
    return np.asarray(ops.convert_to_numpy(drawn), "float64")


def _as_uint8(images: Any) -> Any:
    if keras.backend.standardize_dtype(images.dtype) == "uint8":
        return images
    return ops.cast(ops.round(ops.clip(images, 0, 255)), "uint8")


# The seed of a layer is never used, since each call brings its own generator; without one Keras would draw it from
# Python's global generator. The dtype is given because Keras's default is the policy of the calling thread.
_EXACT = {"seed": 0, "dtype": "float32"}
_BLACK = {**_EXACT, "fill_mode": "constant", "fill_value": 0.0}


_ROTATION = partial(layers.RandomRotation, 20 / 360, **_BLACK)
_SHIFT = partial(layers.RandomTranslation, 0.1, 0.1, **_BLACK)
_SHEAR = partial(layers.RandomShear, 0.1, 0.1, **_BLACK)

_STEPS: dict[str, list[Callable[[], Any]]] = {
    # One layer with both directions would draw one coin for the two: never a mirror image, only half turns.
    "flip": [partial(layers.RandomFlip, mode, seed=0, dtype="uint8") for mode in ("horizontal", "vertical")],
    "rotate": [_ROTATION],
    "shift": [_SHIFT],
    "affine": [_ROTATION, _SHIFT, partial(layers.RandomZoom, 0.1, **_BLACK), _SHEAR],
    # A pair, since a lone number would only ever raise the contrast.
    "colour": [
        partial(layers.RandomBrightness, 0.2, **_EXACT),
        partial(layers.RandomContrast, (0.2, 0.2), **_EXACT),
    ],
    "mixup": [partial(layers.MixUp, alpha=0.2, **_EXACT)],
    # The operations of `keras.layers.RandAugment`, with our ranges. That layer computes all eleven twice and keeps two,
    # so here two are drawn and those two computed. Its equalization is left out: it takes one histogram of the whole
    # batch.
    "randaugment": [
        _ROTATION,
        _SHIFT,
        _SHEAR,
        partial(layers.RandomBrightness, 0.3, **_EXACT),
        partial(layers.RandomContrast, (0.3, 0.3), **_EXACT),
        partial(layers.RandomSharpness, 1.0, **_EXACT),
        partial(layers.RandomPosterization, (4, 8), **_EXACT),
        partial(layers.Solarization, addition_factor=0.1, threshold_factor=1.0, **_EXACT),
        partial(layers.AutoContrast, dtype="float32"),
    ],
}
# What follows on images in colour; grey ones have no colour to change. Saturation 0.4 to 0.6 multiplies by 0.67 to 1.5;
# its range is 0 to 1 whatever that of the images.
_COLOUR_STEPS: dict[str, list[Callable[[], Any]]] = {
    "colour": [partial(layers.RandomSaturation, (0.4, 0.6), value_range=(0, 1), **_EXACT)],
    "randaugment": [partial(layers.RandomColorDegeneration, 0.5, **_EXACT)],
}
