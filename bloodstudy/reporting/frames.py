"""A study as tidy frames, for notebooks and for statistics of one's own.

In: the name of a study and the folder of its runs. Out: what trials.csv, effects.csv and blocks.csv of its report hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bloodstudy.analysis import analyse_study
from bloodstudy.analysis import load_study as read_study
from bloodstudy.reporting.sections.exports import tabulate_blocks, tabulate_effects, tabulate_trials


@dataclass(frozen=True)
class Frames:
    """A study; accuracies and effects are fractions."""

    trials: pd.DataFrame  # one row a planned trial: arm, seed, outcome, accuracies
    effects: pd.DataFrame  # one row an arm and response: the difference to the reference, its interval, the verdict
    blocks: pd.DataFrame  # one row a trial, class and scene: n test images, of which `correct` were right


def load_study(study: str, runs_dir: str | Path = "runs") -> Frames:
    """Return a study that `python -m bloodstudy.run` has left in `runs_dir`, as far as it has come.

    Raises UserError if there is none of this name.
    """
    analysis = analyse_study(read_study(Path(runs_dir), study))
    return Frames(tabulate_trials(analysis), tabulate_effects(analysis), tabulate_blocks(analysis.sweep))
