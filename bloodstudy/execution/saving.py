"""What `save_model=true` cannot do is told before anything is trained.

In: the trials of a command. Out: a UserError, or a sentence about trials that were trained without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.config.extension.known import joined
from bloodstudy.errors import UserError
from bloodstudy.study.run_folder import TrialFolder
from bloodstudy.study.trial import Trial


def check(trials: Iterable[Trial]) -> None:
    """Raise UserError if a trial's network is not all that is between an image and its probabilities."""
    always = {own.name: own.neutral for one in joined() for own in one.factors if own.when == "always"}
    for trial in trials:
        for name, neutral in always.items():
            if trial.factors.own[name] != neutral:
                raise UserError(
                    f"save_model: the factor {name!r} changes images before the network is given them, when it is "
                    "measured too, and would not be saved with it. Leave save_model out"
                )


def tell_missing(finished: Collection[str], folder: Path) -> None:
    """Say how many trials that have a result keep no network."""
    if missing := [key for key in finished if not files.is_whole(TrialFolder(folder / key).model)]:
        terminal.say(
            f"save_model: {len(missing)} of {len(finished)} finished trials have kept no network; retry=all trains "
            "them again"
        )
