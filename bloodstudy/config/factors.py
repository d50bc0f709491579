"""The table of factors: what a study can vary, its levels, defaults and meaning.

A factor is a row here and a field of `schema.Factors`. Rules, `--help`, trial keys, MLflow parameters, the estimate of
times and the list in docs/factors.md follow from the table. A factor with a neutral level changes nothing at that level
and has then no part in a trial's key, so that keys stay what they were before there was such a factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloodstudy.config.levels import Choice, Real, Rule, Whole, size

ALWAYS = object()  # of a factor that is part of every trial's key


@dataclass(frozen=True)
class Factor:
    """One row: what people may vary."""

    name: str
    levels: Rule
    doc: str  # one line, for --help and the docs
    neutral: Any = ALWAYS  # the level at which it changes nothing
    timed: bool = True  # whether it changes how long a batch takes


_SEED = Whole(0, 2**32 - 1)
_ROWS = (
    Factor("lr", Real(above=0), "learning rate of the optimizer", timed=False),
    Factor("batch_size", Whole(1), "images a step"),
    Factor("epochs", Whole(1), "passes over the training images", timed=False),
    Factor("optimizer", Choice("adam", "adamw", "nadam", "rmsprop", "sgd", "momentum"), "Keras's, with its defaults"),
    Factor(
        "schedule", Choice("constant", "cosine", "linear"), "the learning rate over all steps: as it is, or to zero by "
        "half a cosine or in a line", neutral="constant", timed=False,
    ),
    Factor(
        "warmup", Real(0, below=1), "share of all steps over which the learning rate rises in a line", neutral=0.0,
        timed=False,
    ),
    Factor(
        "weight_decay", Real(0, 1), "decoupled, of all weights; 0: the optimizer's own, which is none but for adamw "
        "(0.004)", neutral=0.0,
    ),
    Factor("clip_norm", Real(0), "largest norm of the gradient of all weights; 0: not clipped", neutral=0.0),
    Factor("ema", Real(0, below=1), "momentum of the mean of the weights that is measured; 0: none", neutral=0.0),
    Factor("label_smoothing", Real(0, below=1), "of the loss", neutral=0.0),
    Factor(
        "class_weight", Choice("none", "balanced"), "of the loss: each image alike, or each class", neutral="none"
    ),
    Factor(
        "early_stopping", Whole(0), "epochs without a lower validation loss, after which training ends with the best "
        "weights; 0: never", neutral=0, timed=False,
    ),
    Factor("precision", Choice("auto", "float32", "bfloat16"), "of all layers but the logits"),
    Factor("seed", _SEED, "order of the images, initial weights, dropout and augmentation", timed=False),
    Factor("dropout", Real(0, below=1), "share of dense units silenced in training"),
    Factor("conv_dropout", Real(0, below=1), "share of convolution outputs silenced in training"),
    Factor(
        "augment", Choice("none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment"),
        "new random copies every epoch",
    ),
    Factor("pooling", Choice("max", "average", "overlap", "strided", "none"), "how a block halves the image"),
    Factor("padding", Choice("valid", "same"), "of the convolutions"),
    Factor("kernel_size", Whole(1, 11), "side of each block's convolution, in pixels", neutral=3),
    Factor(
        "activation", Choice("relu", "gelu", "elu", "leaky_relu"), "after convolutions and hidden dense layers",
        neutral="relu",
    ),
    Factor(
        "initializer", Choice("glorot_uniform", "he_normal", "orthogonal"), "of all kernels", neutral="glorot_uniform",
        timed=False,
    ),
    Factor("width", Real(above=0, high=16), "multiplies the number of filters and of dense units"),
    Factor("depth", Whole(1), "number of convolution blocks"),
    Factor("head", Choice("flatten", "average"), "how feature maps become a vector"),
    Factor("norm", Choice("lrn", "batch", "none"), "after convolution blocks"),
    Factor("colour", Choice("rgb", "gray"), "three channels, or their luma"),
    Factor("image_size", size(), "height, width in pixels"),
)  # fmt: skip
FACTORS: Mapping[str, Factor] = {factor.name: factor for factor in _ROWS}


def level_in(levels: Mapping[str, Any], name: str) -> Any:
    """Return the level of a factor among those that have a part in what a trial is; None of one that is not known."""
    neutral = FACTORS[name].neutral if name in FACTORS else ALWAYS
    return levels.get(name, None if neutral is ALWAYS else neutral)


def without_neutral(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the levels that have a part in what a trial is: all but neutral ones."""
    return {name: level for name, level in levels.items() if name not in FACTORS or FACTORS[name].neutral != level}
