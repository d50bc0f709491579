"""Print the verdicts of a study as the Markdown table that stands in the README.

    python experiments/table.py experiments/five_questions

reads effects.csv in that folder, which `python -m bloodstudy.report` wrote. One row an arm, in the order of the
questions: the differences to the reference in points of accuracy, of test with the interval that decides, of train and
gap with a descriptive 95 % interval, and the verdict with the look at which it fell if there were several.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bloodstudy.analysis.comparisons.comparison import RESPONSES
from bloodstudy.reporting.claims.ledger import NONE

IMPLIED = ("equivalent", "improves", "not worse")  # that say themselves that an arm is not worse


def main(folder: Path) -> None:
    print("\n".join(tabulate(pd.read_csv(folder / "effects.csv"))))


def tabulate(effects: pd.DataFrame) -> list[str]:
    """Return the lines of the table of the arms that are tested."""
    rows = ["| question | arm | train | test | gap | verdict |", "|---|---|---:|---:|---:|---|"]
    tested = effects[effects["role"] == "confirmatory"]
    several = tested["look"].nunique() > 1
    for (question, arm), own in tested.groupby(["questions", "arm"], sort=False):
        found = own.set_index("response")
        cells = [_tell(found.loc[response]) for response in RESPONSES]
        rows.append(
            f"| {str(question).replace('_', ' ')} | `{arm}` | {' | '.join(cells)} | {_verdict(found, several)} |"
        )
    return rows


def _tell(effect: pd.Series) -> str:
    if pd.isna(effect["effect"]):  # no pair of trials learnt
        return NONE
    mean, low, high = (f"{100 * value:+z.1f}" for value in effect[["effect", "low", "high"]].astype(float))
    return mean if pd.isna(effect["low"]) else f"{mean} [{low}, {high}]"


def _verdict(found: pd.DataFrame, several: bool) -> str:
    test = found.loc["test_accuracy"]
    words = [f"**{test['verdict']}**"]
    if several and pd.notna(test["look"]) and not str(test["verdict"]).startswith("open"):
        words[0] += f" (look {test['look']:.0f})"
    if test["not_worse"] == "yes" and test["verdict"] not in IMPLIED:
        words.append("not worse")
    if test["dead"]:
        words.append(f"{test['dead']} trials diverged or learnt nothing")
        if test["blocks"]:
            words.append(f"effects over the other {test['blocks']}")
    return "; ".join(words)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "effects.csv").is_file():
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
