"""The streams of batches, for training and for measuring.

In: the memory-mapped images, their labels and rows. Out: Keras `PyDataset`s. Each training batch is a function
of (seed, epoch, position) alone, so that training can stop after any epoch and go on with the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np

Augmenter = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]


class Feed(keras.utils.PyDataset):
    """Shuffled batches of (images uint8 (B, H, W, C), labels one-hot float32 (B, classes)).

    Args:
        images: all images, uint8 (N, H, W, C), memory-mapped or not.
        one_hot: all labels, float32 (N, classes).
        rows: indices of the training images.
        batch_size: images a batch; the last one of an epoch may be smaller.
        seed: of the trial; fixes the order and the augmentation.
        augmenters: each maps (images, labels, seed) to new ones, in turn.
    """

    def __init__(
        self,
        images: np.ndarray,
        one_hot: np.ndarray,
        rows: np.ndarray,
        batch_size: int,
        seed: int,
        augmenters: Sequence[Augmenter] = (),
    ) -> None:
        super().__init__()
        self.images, self.one_hot, self._rows = images, one_hot, rows
        self._batch_size, self._seed, self._augmenters = batch_size, seed, augmenters
        self.start_epoch(0)

    @property
    def class_weights(self) -> dict[int, float]:
        """The weight of each class at which all classes weigh alike, and the images 1 in the mean."""
        counts = self.one_hot[self._rows].sum(axis=0)
        return {k: float(len(self._rows) / (len(counts) * count)) for k, count in enumerate(counts) if count}

    def start_epoch(self, epoch: int) -> None:
        """Draw the order of `epoch`; called before its first batch is asked for."""
        self._epoch = epoch
        self._order = np.random.default_rng([self._seed, epoch]).permutation(self._rows)

    def list_whole(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows, int32 (batches, B), of all batches of `epoch`, and the seed of each, uint32 (batches,).

        The last batch is filled up from the beginning of the same epoch. The others are what `__getitem__` gives.
        """
        self.start_epoch(epoch)
        rows = np.resize(self._order, len(self) * self._batch_size).reshape(len(self), -1)
        seeds = [self._seed_of(position) for position in range(len(self))]
        return np.sort(rows, axis=1).astype("int32"), np.array(seeds, "uint32")

    def _seed_of(self, position: int) -> int:
        drawn = np.random.SeedSequence([self._seed, self._epoch, position]).generate_state(1)[0]
        return int(drawn) & 0x7FFFFFFF

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        start = position * self._batch_size
        # Reading in ascending order keeps a memory map's disk access sequential; the batch's own order is free.
        rows = np.sort(self._order[start : start + self._batch_size])
        images, labels = self.images[rows], self.one_hot[rows]
        for augmenter in self._augmenters:
            images, labels = augmenter(images, labels, self._seed_of(position))
        return images, labels


class Gallery(keras.utils.PyDataset):
    """Images in their order, in large batches: what a model is measured on.

    Args:
        images: all images, uint8 (N, H, W, C), memory-mapped or not.
        rows: indices of the wanted ones, ascending; None: all.
        one_hot: all labels, float32 (N, classes); None: the batches hold images alone.
        batch_size: images a batch.
        layers: what the images are put through, in turn, with seed 0: the user's own.
    """

    def __init__(
        self,
        images: np.ndarray,
        rows: np.ndarray | None = None,
        one_hot: np.ndarray | None = None,
        batch_size: int = 256,
        layers: Sequence[Augmenter] = (),
    ) -> None:
        super().__init__()
        self._layers = layers
        self._images, self._one_hot, self._batch_size = images, one_hot, batch_size
        self._rows = np.arange(len(images)) if rows is None else rows

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, position: int) -> tuple[np.ndarray, ...]:
        start = position * self._batch_size
        rows = self._rows[start : start + self._batch_size]
        images = self._images[rows]
        labels = np.zeros((len(rows), 1), "float32") if self._one_hot is None else self._one_hot[rows]
        for layer in self._layers:
            images = layer(images, labels, 0)[0]
        return (images,) if self._one_hot is None else (images, labels)
