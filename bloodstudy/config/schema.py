"""The configuration: every key, its type, its allowed values.

In: a composed configuration as plain containers. Out: frozen dataclasses, checked value by value, all problems found
before the first is reported. Nothing to the right of this module sees a `DictConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bloodstudy.config.factors import FACTORS, list_conflicts, list_untrainable, own_defaults, without_neutral
from bloodstudy.config.levels import is_number, is_whole
from bloodstudy.config.rules import RULES, check_value, unknown_key
from bloodstudy.config.weights import content_of
from bloodstudy.errors import UserError


@dataclass(frozen=True)
class Factors:
    """What a study varies: one level of every factor. `docs/factors.md` says what each means."""

    lr: float = 5e-4
    batch_size: int = 100
    epochs: int = 60
    optimizer: str = "adam"
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    ema: float = 0.0
    label_smoothing: float = 0.0
    class_weight: str = "none"
    early_stopping: int = 0
    dropout: float = 0.0
    conv_dropout: float = 0.0
    pooling: str = "max"
    padding: str = "same"
    kernel_size: int = 3
    activation: str = "relu"
    initializer: str = "glorot_uniform"
    augment: str = "none"
    width: float = 1.0
    depth: int = 4
    head: str = "flatten"
    backbone: str = "MobileNetV3Small"
    weights: str = "none"  # or imagenet, or the path of a file with the hash of its content
    frozen: str | int = "none"
    norm: str = "lrn"
    colour: str = "gray"
    image_size: tuple[int, int] = (120, 160)  # height, width in pixels
    precision: str = "auto"
    engine: str = "tensorflow"
    seed: int = 0
    own: Mapping[str, Any] = field(default_factory=dict)  # levels of the factors that extensions declare

    @property
    def levels(self) -> dict[str, Any]:
        """The level of every factor, the user's own included."""
        levels = asdict(self)
        own = levels.pop("own")
        return levels | own

    @property
    def named(self) -> dict[str, Any]:
        """The levels that have a part in what a trial is: all but those at which a factor changes nothing."""
        return without_neutral(self.levels | {"weights": content_of(self.weights)})

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__.get("own", {})  # not there yet while it is unpickled
        if name in own:
            return own[name]
        raise AttributeError(f"there is no factor {name!r}")


@dataclass(frozen=True)
class ModelChoice:
    """Which network: a name from `bloodstudy.model`, the user's own included."""

    name: str = "reference"


@dataclass(frozen=True)
class DataChoice:
    """Which images, how they are divided and what is refused."""

    name: str = "smear"
    root: str | None = None  # folder of the images; None: BLOODSTUDY_DATA, then the download (kaggle, bccd)
    split: str = "auto"  # auto: the official split if the data has one, otherwise random
    split_seed: int = 0
    test_share: float = 0.2  # of each class, for split=random and grouped
    folds: int = 5  # for split=grouped_kfold: as many test sets, each scene in one of them
    fold: int = 0  # which of them tests: 0 to folds - 1
    validation_share: float = 0.0  # of the training images of each class; never trained on
    measured_share: float = 1.0  # of the training images of each class, on which train accuracy is measured
    task: str = "subtype"
    view: str = "field"  # bccd: the whole field, or the cropped white cell
    photographs: int = 4  # smear: training photographs a class
    copies: int = 30  # smear: augmented copies of a photograph
    draw_seed: int = 0  # smear: seed of the drawing
    max_refused: float = 0.01  # share of files; the run stops if more than this and more than 10 are refused
    max_bytes: int = 50_000_000  # a larger file is refused unread
    max_pixels: int = 50_000_000  # a larger image is refused from its header


@dataclass(frozen=True)
class Places:
    """Where things are written; never part of a trial's identity."""

    runs_dir: str = "runs"
    reports_dir: str = "reports"
    cache_dir: str | None = None  # None: the user's cache folder


@dataclass(frozen=True)
class Control:
    """What a command does with what it finds; never part of a trial's identity."""

    name: str | None = None  # of a sweep: its run folder, its report and its run in MLflow; None: scratch
    seeds: int | None = None  # how many, from 0 on; None: as many as the study or the question says
    repetitions: int | None = None  # of a study by folds, how many this command is about; None: all
    design: str = "auto"  # of a study: folds, fixed; auto: as it says, else folds if photographs are known
    looks: tuple[int, ...] | None = None  # repetitions at which it decides; None: as the study says
    first_repetition: int | None = None  # of a study: a later one has blocks that were not seen; None: as it says
    margin: float | None = None  # of a study: a difference that is too small to matter; None: as it says
    budget: str | None = None  # that ends a study at the last look that fits: 300 (trainings), or 6h
    detect: float | None = None  # with plan_only: a difference for which looks are proposed
    plan_only: bool = False  # print the plan with its cost and stop
    together: int = 16  # trials that engine=fused trains side by side, at the most
    save_model: bool = False  # keep each trained network, in its run folder and in MLflow
    retry: str = "none"  # trials that have a result already
    on_code_change: str = "refuse"  # if other code, Keras or TensorFlow has trained some of the trials: or warn
    restore: str | None = None  # a package whose trials are put back first
    fail_on_leak: bool = False  # an audit: exit code 1 if the split leaks


@dataclass(frozen=True)
class Settings:
    """One whole configuration, checked."""

    factors: Factors
    model: ModelChoice
    data: DataChoice
    places: Places
    control: Control


# Keys whose numbers may be typed without a point, and are the same level with one.
_FRACTIONS = {one.name for one in fields(Factors) if one.type == "float"} | {
    "data.validation_share",
    "data.measured_share",
}


def unfold(settings: Settings) -> dict[str, Any]:
    """Return settings as the nested plain containers that `settings` reads back: factors and control at the root."""
    factors = settings.factors.levels | {"image_size": list(settings.factors.image_size)}
    nouns = {"model": asdict(settings.model), "data": asdict(settings.data)}
    return factors | nouns | asdict(settings.places) | asdict(settings.control)


def defaults() -> dict[str, Any]:
    """Return the schema: every key with its default, as nested plain containers."""
    return unfold(Settings(Factors(own=own_defaults()), ModelChoice(), DataChoice(), Places(), Control()))


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def settings(content: Mapping[str, Any]) -> Settings:
    """Check a whole composed configuration and return it; raises UserError with every problem in it."""
    flat = flatten(content)
    problems = [unknown_key(key) for key in flat if key not in RULES]
    problems += [f"{key}: missing from the configuration" for key in RULES if key not in flat]
    problems += [text for key in RULES if key in flat and (text := check_value(key, flat[key]))]
    fold, folds = flat.get("data.fold"), flat.get("data.folds")
    if is_whole(fold) and is_whole(folds) and fold >= folds >= 2:
        problems.append(f"data.fold: expected 0 to {folds - 1}, one less than data.folds; received {fold!r}.")
    if not problems and flat["early_stopping"] and not flat["data.validation_share"]:
        problems.append("early_stopping: it needs validation images; write data.validation_share=0.2 with it.")
    if not problems and flat["early_stopping"] and flat["ema"]:
        problems.append(
            "ema: after the last epoch the averaged weights are to be measured, with early_stopping those of the best "
            "epoch; expected one of the two."
        )
    problems += [*list_conflicts(flat), *list_untrainable(flat)] if not problems else []
    if problems:
        raise UserError(*problems)

    def part(kind: type, prefix: str = "") -> Any:
        return kind(**{one.name: flat[prefix + one.name] for one in fields(kind)})

    flat["image_size"] = tuple(flat["image_size"])
    flat["looks"] = flat["looks"] and tuple(flat["looks"])
    flat["budget"] = None if flat["budget"] is None else str(flat["budget"])
    real = {name for name, factor in FACTORS.items() if factor.extension and factor.levels.plain["kind"] == "Real"}
    flat |= {key: float(value) for key, value in flat.items() if key in _FRACTIONS | real and is_number(value)}
    flat["own"] = {name: flat[name] for name in own_defaults()}
    choices = part(ModelChoice, "model."), part(DataChoice, "data.")
    return Settings(part(Factors), *choices, part(Places), part(Control))


def level_of(settings: Settings, key: str) -> Any:
    """Return the level of a key that arms vary: a factor, `model`, `data` or `data.*`."""
    if key in ("model", "data"):
        return getattr(settings, key).name
    noun, _, field = key.rpartition(".")
    return getattr(getattr(settings, noun or "factors"), field)
