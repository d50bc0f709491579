"""The networks and the augmentation: from factors to an uncompiled Keras model, and to a function on batches.

In: `Factors`, the image shape, the number of classes. Out: a model that takes uint8 images (N, H, W, C) and gives
float32 logits (N, classes), and an `Augmenter` for the training batches. Importing this package imports no Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodstudy.config.schema import Factors
from bloodstudy.model.registry import build, check, names
from bloodstudy.model.shapes import smallest_size

if TYPE_CHECKING:
    from bloodstudy.model.augment import Augmenter

__all__ = ["augmenters", "build", "check", "names", "smallest_size"]


def augmenters(factors: Factors, classes: int) -> list[Augmenter]:
    """Return what `factors.augment` does to a training batch, [] for `none`; imports Keras."""
    if factors.augment == "none":
        return []
    from bloodstudy.model.augment import Augmenter

    return [Augmenter.of(factors.augment, channels=3 if factors.colour == "rgb" else 1, classes=classes)]
