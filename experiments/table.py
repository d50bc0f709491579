"""Print the verdicts of a study as the Markdown table that stands in the README.

    python experiments/table.py experiments/five_questions

reads effects.csv in that folder, which `python -m bloodstudy.report` wrote. One row an arm, in the order of the
questions: the differences to the reference in points of accuracy with their 95 % intervals over seeds, and the verdict.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bloodstudy.analysis.comparisons.comparison import RESPONSES
from bloodstudy.reporting.claims.ledger import NONE


def main(folder: Path) -> None:
    print("\n".join(tabulate(pd.read_csv(folder / "effects.csv"))))


def tabulate(effects: pd.DataFrame) -> list[str]:
    """Return the lines of the table of the arms that are tested."""
    rows = ["| question | arm | train | test | gap | verdict |", "|---|---|---:|---:|---:|---|"]
    tested = effects[effects["role"] == "confirmatory"]
    for (question, arm), own in tested.groupby(["questions", "arm"], sort=False):
        found = own.set_index("response")
        cells = [_tell(found.loc[response]) for response in RESPONSES]
        rows.append(f"| {str(question).replace('_', ' ')} | `{arm}` | {' | '.join(cells)} | {_verdict(found)} |")
    return rows


def _tell(effect: pd.Series) -> str:
    if pd.isna(effect["effect"]):  # no pair of trials learnt
        return NONE
    mean, low, high = (f"{100 * value:+z.1f}" for value in effect[["effect", "low", "high"]])
    return f"{mean} [{low}, {high}]"


def _verdict(found: pd.DataFrame) -> str:
    test = found.loc["test_accuracy"]
    words = [f"**{test['word']}**"]
    if pd.notna(test["second_word"]):
        words.append(f"for new photographs: {test['second_word']}")
    if test["failed"]:
        words.append(f"{test['failed']} of {test['seeds'] + test['failed']} trials diverged or stayed at chance")
        if test["seeds"]:
            words.append(f"effects over the other {test['seeds']}")
    return "; ".join(words)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1], "effects.csv").is_file():
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
