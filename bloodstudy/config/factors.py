"""The table of factors: what a study can vary, and its levels. docs/factors.md says what each means.

A factor is a row here, a field of `schema.Factors` with its default, a line of conf/config.yaml and a row of the docs;
tests hold the four together. Rules, trial keys and the estimate of times are made from the rows. At its neutral level,
if it has one, a factor changes nothing and has no part in a trial's key: keys stay what they were before there was it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bloodstudy.config.levels import Choice, Real, Rule, Whole, layers, size, text

BLOCKS = ("reference", "compact")  # networks of blocks: a convolution, an activation, pooling
ALWAYS = object()  # of a factor that is part of every trial's key


@dataclass(frozen=True)
class Factor:
    """One row: what people may vary."""

    name: str
    levels: Rule
    neutral: Any = ALWAYS  # the level at which it changes nothing
    timed: bool = True  # whether it changes how long a batch takes
    read_by: tuple[str, ...] | None = None  # the built-in networks that read it; None: it is not about the network
    hook: str | None = None  # of a user's own: where it takes part
    default: Any = None  # of a user's own
    extension: str = ""  # digest of the user's own source


@dataclass(frozen=True)
class OwnFactor:
    """A factor of the user's own, as its extension declares it (bloodstudy.config.extension.declare)."""

    name: str
    levels: Rule
    default: Any
    neutral: Any  # None: it always counts
    hook: str | None
    when: str
    doc: str
    timed: bool
    extension: str = ""
    ordered: bool = False  # whether its levels, which are names, rise in their order

    @property
    def row(self) -> Factor:
        """It as a row of the table."""
        read_by = {None: (), "block_end": BLOCKS, "head": (*BLOCKS, "application")}.get(self.hook)
        return Factor(
            self.name,
            self.levels,
            neutral=self.neutral if self.hook else ALWAYS,
            timed=self.timed,
            read_by=read_by,
            hook=self.hook,
            default=self.default,
            extension=self.extension,
        )


# Hooks of which a trial has one at most, and the built-in factors that one of them would leave without effect.
SINGLE: Mapping[str, tuple[str, ...]] = {
    "head": (),
    "optimizer": ("schedule", "warmup", "weight_decay", "clip_norm", "ema"),
    "loss": ("label_smoothing",),
    "schedule": ("schedule", "warmup"),
    "class_weight": ("class_weight",),
}
# Factors without a neutral level that one of them takes the place of: they may be typed, and not varied.
REPLACED: Mapping[str, tuple[str, ...]] = {"optimizer": ("lr", "optimizer"), "schedule": ("lr",)}
# What is not written for engine=jax and engine=fused, beside hooks and networks of the user's own.
NOT_BY_JAX: Mapping[str, tuple[Any, ...]] = {
    "precision": ("bfloat16",),
    "augment": ("randaugment",),
    "class_weight": ("balanced",),
}
HOOKS = ("image", "batch", "block_end", "head", "optimizer", "loss", "schedule", "callbacks", "class_weight")
# Of keras.applications; a test holds the two together.
BACKBONES = (
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121", "DenseNet169",
    "DenseNet201", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
    "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "NASNetLarge", "NASNetMobile", "ResNet101",
    "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50", "ResNet50V2", "VGG16", "VGG19", "Xception",
)  # fmt: skip
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
    Factor("engine", Choice("auto", "tensorflow", "jax", "fused"), neutral="tensorflow"),
    Factor("seed", Whole(0, 2**32 - 1), timed=False),
    Factor("dropout", Real(0, below=1), read_by=(*BLOCKS, "application")),
    Factor("conv_dropout", Real(0, below=1), read_by=BLOCKS),
    Factor("augment", Choice("none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment")),
    Factor("pooling", Choice("max", "average", "overlap", "strided", "none"), read_by=BLOCKS),
    Factor("padding", Choice("valid", "same"), read_by=BLOCKS),
    Factor("kernel_size", Whole(1, 11), neutral=3, read_by=BLOCKS),
    Factor("activation", Choice("relu", "gelu", "elu", "leaky_relu"), neutral="relu", read_by=BLOCKS),
    Factor("initializer", Choice("glorot_uniform", "he_normal", "orthogonal"), "glorot_uniform", False, read_by=BLOCKS),
    Factor("width", Real(above=0, high=16), read_by=BLOCKS),
    Factor("depth", Whole(1), read_by=BLOCKS),
    Factor("head", Choice("flatten", "average"), read_by=BLOCKS),
    Factor("norm", Choice("lrn", "batch", "none"), read_by=BLOCKS),
    Factor("backbone", Choice(*BACKBONES), neutral="MobileNetV3Small", read_by=("application",)),
    Factor("weights", text("none, imagenet or a file of weights"), "none", False, read_by=("application",)),
    Factor("frozen", layers(), neutral="none", read_by=("application",)),
    Factor("colour", Choice("rgb", "gray")),
    Factor("image_size", size()),
)
FACTORS: dict[str, Factor] = {factor.name: factor for factor in _ROWS}


def join_own(factors: Iterable[OwnFactor]) -> None:
    """Add factors of the user's own to the table."""
    FACTORS.update({factor.name: factor.row for factor in factors})


def forget_own(names: Iterable[str]) -> None:
    """Take factors of the user's own out of the table."""
    for name in names:
        FACTORS.pop(name, None)


def own_defaults() -> dict[str, Any]:
    """Return the default level of each factor of the user's own."""
    return {factor.name: factor.default for factor in FACTORS.values() if factor.extension}


def list_conflicts(levels: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each place that two of these levels claim, a user's own and another one."""
    problems = []
    active = [FACTORS[name] for name, level in levels.items() if name in FACTORS and FACTORS[name].neutral != level]
    for hook, replaced in SINGLE.items():
        owners = [factor.name for factor in active if factor.hook == hook]
        hidden = [factor.name for factor in active if owners and factor.name in replaced]
        if len(owners) + len(hidden) > 1:
            problems.append(
                f"{' and '.join([*owners, *hidden])}: each would set the {hook} of the training; expected one of them"
            )
    return problems


def list_untrainable(levels: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each of these levels that their engine does not train; `model.name` is one of them."""
    engine = levels.get("engine")
    if engine not in ("jax", "fused"):
        return []
    own = [name for name, level in levels.items() if name in FACTORS and FACTORS[name].hook]
    own = [name for name in own if levels[name] != FACTORS[name].neutral]
    refused = [name for name, without in NOT_BY_JAX.items() if levels.get(name) in without]
    refused += ["ema"] if levels.get("ema") else []
    refused += ["model"] if levels.get("model.name", BLOCKS[0]) not in BLOCKS else []
    return [
        f"{name}: engine={engine} does not train {levels.get(name, levels.get('model.name'))!r}; expected another "
        "level, or engine=tensorflow."
        for name in [*refused, *own]
    ]


def list_replaced(levels: Mapping[str, Any]) -> dict[str, str]:
    """Return the factors that these levels leave without effect, each with the user's own factor in its place."""
    active = [FACTORS[name] for name, level in levels.items() if name in FACTORS and FACTORS[name].neutral != level]
    return {name: factor.name for factor in active for name in REPLACED.get(factor.hook or "", ())}


def level_in(levels: Mapping[str, Any], name: str, own: Mapping[str, Any]) -> Any:
    """Return the level of a factor among those that have a part in what a trial is; None of one that is not known.

    `own` has the neutral levels of the factors that extensions declare.
    """
    neutral = FACTORS[name].neutral if name in FACTORS else own.get(name, ALWAYS)
    return levels.get(name, None if neutral is ALWAYS else neutral)


def without_neutral(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the levels that have a part in what a trial is: all but neutral ones."""
    return {name: level for name, level in levels.items() if name not in FACTORS or FACTORS[name].neutral != level}
