"""What reviewers' lists ask, and where this report answers it: the content of checklist.md.

In: the Markdown of a report. Out: a table of one row a topic, with the numbers of CLAIM 2024 and of TRIPOD+AI, links to
the sections that the report has, and what only its authors can say. Nothing is ticked: whether an answer is enough is
for people to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.render.markdown import plain, table

HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
HEADER = ("asked", "CLAIM 2024", "TRIPOD+AI", "in this report", "for its authors to say")
BEFORE = """\
# Reviewers' lists

What two lists ask of a paper, and where [the report](report.md) says it: CLAIM 2024, for artificial intelligence in
medical imaging ([Tejani and others](https://doi.org/10.1148/ryai.240300)), and TRIPOD+AI, for models that predict
([Collins and others](https://doi.org/10.1136/bmj-2023-078378)). The numbers are those of their items, the words are not
theirs. Nothing is ticked here: whether an answer is enough is for people to judge. Read the lists themselves.
"""


@dataclass(frozen=True)
class Topic:
    """What a list asks for."""

    asks: str
    claim: str = ""  # items of CLAIM 2024
    tripod: str = ""  # items of TRIPOD+AI
    where: Sequence[str] = ()  # headings of a report, each by its first words
    says: str = ""  # what stands there
    authors: str = ""  # what no tool knows


def read_topics() -> list[Topic]:
    """Return the topics in the order of a paper."""
    return [Topic(**fields) for fields in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))]


def write_checklist(report: str) -> str:
    """Return the content of checklist.md, beside a report whose Markdown is `report`."""
    headings = HEADING.findall(report)
    rows = [
        [topic.asks, topic.claim or NONE, topic.tripod or NONE, _find(topic, headings), topic.authors or NONE]
        for topic in read_topics()
    ]
    return f"{BEFORE}\n{table(HEADER, rows)}\n"


def _find(topic: Topic, headings: Sequence[str]) -> str:
    """Return links to those of the topic's sections that the report has, and what stands there."""
    if not topic.where:
        return NONE
    found = [heading for words in topic.where for heading in headings if heading.startswith(words)]
    links = [f"[{plain(heading.replace('`', ''))}](report.md#{_anchor(heading)})" for heading in dict.fromkeys(found)]
    return f"{', '.join(links)}: {topic.says}" if links else "not in this report"


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
