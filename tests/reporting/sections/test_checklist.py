"""What reviewers' lists ask: every item once at least, each link to a section that is there."""

import re
from pathlib import Path

from bloodstudy.reporting.sections.checklist import read_topics, write_checklist

ROOT = Path(__file__).parents[3]

REPORT = ROOT / "experiments" / "bccd" / "report.md"
SUB = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef", 20: "abc", 23: "ab", 27: "abc"}


def items(field):
    return {item for topic in read_topics() for item in getattr(topic, field).split(", ") if item}


def test_every_item_of_both_lists_is_there():
    tripod = {f"{number}{letter}" for number in range(1, 28) for letter in SUB.get(number, [""])}
    assert items("claim") == {str(number) for number in range(1, 45)}
    assert items("tripod") == tripod


def test_each_link_leads_to_a_section_of_the_report():
    report = REPORT.read_text("utf-8")
    headings = {
        re.sub(r"[^a-z0-9_ -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in report.splitlines()
        if line.startswith("##")
    }
    page = write_checklist(report)
    links = re.findall(r"report\.md#([^)]*)\)", page)
    assert len(links) >= 30
    assert set(links) <= headings
    assert "not in this report" not in page, "a whole study has all sections that the topics name"


def test_a_section_that_a_report_lacks_is_not_linked():
    page = write_checklist("# A study\n\n## The answers\n")
    assert "[The answers](report.md#the-answers)" in page
    assert page.count("report.md#") == 2
    assert "not in this report" in page


def test_no_topic_is_left_without_a_word():
    for topic in read_topics():
        assert topic.says or topic.authors, topic.asks
        assert bool(topic.says) == bool(topic.where), topic.asks
