"""Write the answers of the studies into the pages that show them, between their marks.

    python experiments/answers.py

reads the table of answers in the report.md of each study, which `python -m bloodstudy.report` wrote, and puts one table
of them into README.md and experiments/README.md: a row a question, a column a study.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGES = (HERE.parent / "README.md", HERE / "README.md")
STUDIES = {  # column by folder
    "bccd": "on 340 cells of original photographs",
    "five_questions": "on the 12,444 copies of Kaggle",
}
BLOCK = re.compile(r"(?<=<!-- answers -->\n).*?(?=<!-- /answers -->)", re.DOTALL)


def main() -> None:
    for page in PAGES:
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")


def fill(text: str) -> str:
    """Return a page with the answers of today between its marks."""
    if not BLOCK.search(text):
        raise SystemExit("answers: the page has no marks, <!-- answers --> and <!-- /answers -->")
    return BLOCK.sub(lambda _: tabulate(), text)


def tabulate() -> str:
    """Return the table, and under it how far each study has come."""
    reports = {folder: (HERE / folder / "report.md").read_text(encoding="utf-8") for folder in STUDIES}
    answers = {folder: read_answers(report) for folder, report in reports.items()}
    rows = [f"| question | {' | '.join(STUDIES.values())} |", f"|---|{'---|' * len(STUDIES)}"]
    for question in dict.fromkeys(question for own in answers.values() for question in own):
        rows.append(f"| {question} | {' | '.join(own.get(question, '–') for own in answers.values())} |")
    states = [f"- {words}: {read_state(reports[folder])}" for folder, words in STUDIES.items()]
    return "\n".join([*rows, "", *states, ""])


def read_answers(report: str) -> dict[str, str]:
    """Return the answer to each question of a report."""
    table = report.split("\n## The answers\n", 1)[1].strip().split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {cells[0]: cells[1] for cells in rows}


def read_state(report: str) -> str:
    """Return how far a study has come and what its reference reaches: the first paragraph of its report."""
    return report.split("\n\n")[1]


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    main()
