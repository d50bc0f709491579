"""What a checked configuration leads to: its images, and the trial on them.

In: settings. Out: the images, screened, decoded and split; and the trial, with all that decides its numbers resolved.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from bloodstudy import data
from bloodstudy.cli import terminal
from bloodstudy.config import schema
from bloodstudy.errors import UserError
from bloodstudy.execution import result_record
from bloodstudy.study import trial
from bloodstudy.training import resolve_precision

DIVIDED_BY = ("split_seed", "test_share", "folds", "fold", "validation_share", "measured_share")


def load_data(settings: schema.Settings) -> data.Dataset:
    """Return the images of `settings`, screened, decoded and split; kept for the next trial of this process."""
    return _load(settings.data, settings.factors.colour, settings.factors.image_size, settings.places.cache_dir)


def forget_data() -> None:
    """Let go of all images, so that a command sees files as they are now."""
    _load.cache_clear()
    _screen.cache_clear()


@cache
def _load(choice: schema.DataChoice, colour: str, image_size: tuple[int, int], cache_dir: str | None) -> data.Dataset:
    # A study by folds divides the same images forty times.
    return _screen(undivided(choice), colour, image_size, cache_dir).divide(choice)


def undivided(choice: schema.DataChoice) -> schema.DataChoice:
    """Return what is equal for all choices of the same images, however they are divided."""
    usual = schema.DataChoice()
    return replace(choice, **{name: getattr(usual, name) for name in DIVIDED_BY})


@cache
def _screen(
    choice: schema.DataChoice, colour: str, image_size: tuple[int, int], cache_dir: str | None
) -> data.Undivided:
    folder = Path(cache_dir) if cache_dir else None
    with terminal.stages(choice.name) as progress:
        return data.screen(choice, colour=colour, image_size=image_size, cache_dir=folder, progress=progress)


def make_trial(settings: schema.Settings, images: data.Dataset, study: str, arm: str = "") -> trial.Trial:
    """Return the trial of `settings` on `images`, as part of `study`; the plan names its arm."""
    factors = settings.factors
    factors = replace(factors, precision=resolve_precision(factors.precision, {factors.engine}))
    identity = trial.identify(settings.data, images.split, images.fingerprint, images.provenance.digest)
    return trial.Trial(study, arm, settings.model.name, factors, identity)


def refuse_leaks(images: data.Dataset, declared: bool) -> None:
    """Raise UserError if a study would be judged on scenes that it was trained on, and nobody `declared` that.

    If scenes are unknown, images that are byte for byte the same tell.
    """
    if images.split != "official" or declared:
        return
    found = result_record.audit(images)
    leaking, how = found["test_images_leaking"], "show a scene that is in training"
    if leaking is None:
        leaking, how = found["duplicates_across"], "repeat the bytes of a training image"
    if leaking:
        raise UserError(
            f"data.split: of the official split's {len(images.rows('test')):,} test images {leaking:,} {how}, which "
            "flatters a model; expected data.split=official_clean, which judges without them, or data.split=official "
            "typed out (or in the study's reference), to reproduce such a result"
        )
