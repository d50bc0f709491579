# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Read a study
#
# A finished study as tidy frames: the trials, the paired effects, the verdicts. It reads the study that was planned last
# in `runs` (or in the folder that the environment variable `BLOODSTUDY_RUNS` names); without one, run
# `python -m bloodstudy.run -m study=smoke` first, which takes some minutes.

# %%
import os
from pathlib import Path

import pandas as pd
import seaborn as sns

from bloodstudy import analysis
from bloodstudy.study.run_folder import list_studies

runs = Path(os.environ.get("BLOODSTUDY_RUNS", "../runs"))
study = next(iter(list_studies(runs)), "scratch")
sweep = analysis.load_study(runs, study)
judged = analysis.analyse_study(sweep)
repetitions = f"{judged.complete} of {judged.repetitions.count} repetitions"
print(f"{study}: {len(sweep.trials)} trials, {repetitions}, {judged.family} tested arms")

# %% [markdown]
# ## The trials

# %%
sweep.trials[["arm", "seed", "outcome", "train_accuracy", "test_accuracy", "accuracy_gap", "parameters"]].round(3)

# %% [markdown]
# ## The verdicts
# Each arm against its reference, within the same blocks: effects in points. The interval on test accuracy is the one that
# decides, over all arms and looks together; beside it stands the 95 % interval for these photographs.


# %%
def tell(effect):
    return f"{100 * effect.mean:+.1f} [{100 * effect.low:+.1f}, {100 * effect.high:+.1f}]"


pd.DataFrame(
    {
        "arm": comparison.pair.arm,
        "blocks": len(comparison.seeds),
        "train": tell(comparison.effects["train_accuracy"]),
        "test": tell(comparison.test),
        "gap": tell(comparison.effects["accuracy_gap"]),
        "test, these photographs": "[{:+.1f}, {:+.1f}]".format(*(100 * end for end in comparison.these)),
        "verdict": comparison.verdict.text,
    }
    for comparison in judged.comparisons
)

# %% [markdown]
# ## Every paired difference
# A point is one block: an arm's test accuracy minus its reference's.

# %%
points = pd.concat(
    [100 * comparison.points["test_accuracy"].rename(comparison.pair.arm) for comparison in judged.comparisons], axis=1
)
axes = sns.stripplot(points, orient="h", color="0.3")
axes.axvline(0, color="0.6")
axes.set_xlabel("difference of test accuracy to the reference, points")

# %% [markdown]
# The whole answer, with figures and words: `python -m bloodstudy.report`.
