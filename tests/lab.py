"""An extension as a user writes it: the text of the file, and the extension made known for a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.known import known
from bloodstudy.config.extension.source import find, load

TEXT = """
import keras

import bloodstudy as bs

bs.factor("stem_kernel", levels=bs.Whole(1, 11), neutral=3, doc="side of the first convolution's kernel, in pixels")
bs.factor(
    "loss_smoothing",
    levels=bs.Real(0, 0.5),
    neutral=0.0,
    hook="loss",
    doc="how far labels move towards equal shares",
    build=lambda level, context: keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=level),
)
bs.factor(
    "noise",
    levels=bs.Real(0, 0.5),
    neutral=0.0,
    hook="image",
    doc="standard deviation of what is added to each pixel",
    build=lambda level, context: keras.layers.GaussianNoise(level),
)


@bs.network("mine", reads=("stem_kernel", "width"))
def mine(factors, input_shape, classes):
    image = keras.Input(input_shape, dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(round(4 * factors.width), factors.stem_kernel, strides=2, activation="relu")(x)
    x = keras.layers.GlobalMaxPooling2D()(x)
    return keras.Model(image, keras.layers.Dense(classes, dtype="float32")(x))
"""

METRIC = """
@bs.metric("test_auc")
def auc(probabilities, labels):
    import numpy as np
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(np.eye(probabilities.shape[1])[labels], probabilities)
"""


def write(folder: Path, text: str = TEXT, name: str = "my_lab.py") -> Path:
    """Write an extension and return its file."""
    path = folder / name
    path.write_text(text)
    return path


def describe_here(path: Path) -> Extension:
    """Return what the extension at `path` declares, imported in this process: quick."""
    source = find(str(path))
    return Extension.from_dict(Extension.of(source, load(source)).to_dict())


@contextmanager
def extended(folder: Path, text: str = TEXT) -> Iterator[Extension]:
    """Make the extension of this text known for a block."""
    extension = describe_here(write(folder, text))
    with known([extension]):
        yield extension
