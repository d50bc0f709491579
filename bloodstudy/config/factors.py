"""The table of factors: what a study can vary, and its levels. docs/factors.md says what each means.

A factor is a row here, a field of `schema.Factors` with its default, a line of conf/config.yaml and a row of the docs;
tests hold the four together. Rules, trial keys and the estimate of times are made from the rows. At its neutral level,
if it has one, a factor changes nothing and has no part in a trial's key: keys stay what they were before there was it.
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
    neutral: Any = ALWAYS  # the level at which it changes nothing
    timed: bool = True  # whether it changes how long a batch takes


_ROWS = (
    Factor("lr", Real(above=0), timed=False),
    Factor("batch_size", Whole(1)),
    Factor("epochs", Whole(1), timed=False),
    Factor("optimizer", Choice("adam", "adamw", "nadam", "rmsprop", "sgd", "momentum")),
    Factor("schedule", Choice("constant", "cosine", "linear"), neutral="constant", timed=False),
    Factor("warmup", Real(0, below=1), neutral=0.0, timed=False),
    Factor("weight_decay", Real(0, 1), neutral=0.0),
    Factor("clip_norm", Real(0), neutral=0.0),
    Factor("ema", Real(0, below=1), neutral=0.0),
    Factor("label_smoothing", Real(0, below=1), neutral=0.0),
    Factor("class_weight", Choice("none", "balanced"), neutral="none"),
    Factor("early_stopping", Whole(0), neutral=0, timed=False),
    Factor("precision", Choice("auto", "float32", "bfloat16")),
    Factor("seed", Whole(0, 2**32 - 1), timed=False),
    Factor("dropout", Real(0, below=1)),
    Factor("conv_dropout", Real(0, below=1)),
    Factor("augment", Choice("none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment")),
    Factor("pooling", Choice("max", "average", "overlap", "strided", "none")),
    Factor("padding", Choice("valid", "same")),
    Factor("kernel_size", Whole(1, 11), neutral=3),
    Factor("activation", Choice("relu", "gelu", "elu", "leaky_relu"), neutral="relu"),
    Factor("initializer", Choice("glorot_uniform", "he_normal", "orthogonal"), neutral="glorot_uniform", timed=False),
    Factor("width", Real(above=0, high=16)),
    Factor("depth", Whole(1)),
    Factor("head", Choice("flatten", "average")),
    Factor("norm", Choice("lrn", "batch", "none")),
    Factor("colour", Choice("rgb", "gray")),
    Factor("image_size", size()),
)
FACTORS: Mapping[str, Factor] = {factor.name: factor for factor in _ROWS}


def level_in(levels: Mapping[str, Any], name: str) -> Any:
    """Return the level of a factor among those that have a part in what a trial is; None of one that is not known."""
    neutral = FACTORS[name].neutral if name in FACTORS else ALWAYS
    return levels.get(name, None if neutral is ALWAYS else neutral)


def without_neutral(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the levels that have a part in what a trial is: all but neutral ones."""
    return {name: level for name, level in levels.items() if name not in FACTORS or FACTORS[name].neutral != level}
