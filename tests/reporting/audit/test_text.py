"""Sentences that are true of their numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.data.quality.findings import find
from bloodstudy.reporting.audit.text import (
    count,
    describe_audit,
    describe_duplicates,
    describe_intervals,
    describe_leak,
    describe_multi_label,
    share,
)


@pytest.mark.parametrize(("number", "told"), [(0, "no image"), (1, "1 image"), (2, "2 images"), (2487, "2,487 images")])
def test_counting(number, told):
    assert count(number, "image") == told


@given(st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_share_is_called_none_or_all_only_where_it_is(pair):
    part, whole = pair
    told = share(part, whole)
    assert ("(0.0 %)" in told) == (part == 0)
    assert ("(100.0 %)" in told) == (part == whole)


def test_a_report_tells_a_leak_and_what_the_test_is_worth(planted):
    text = describe_audit(find(planted()).summary(), "folder")
    assert text.startswith("3 of 7 (42.9 %) test images show a scene that training shows too")
    assert "1 scene stands under two classes; exact duplicates across the split: 1." in text
    assert "worth 5 independent photographs, 1.8 in the class with the fewest" in text


def test_a_report_does_not_call_the_unknown_clean(planted):
    text = describe_audit(find(planted(how="unknown")).summary(), "folder")
    assert "not known" in text
    assert "`python -m bloodstudy.audit data=folder` looks" in text
    assert "No test image" not in text


def test_a_clean_split_is_said_to_be_clean_beside_the_random_one(planted):
    clean = [("A", "train", "p1", "s1", "c1"), ("A", "test", "p2", "s2", "c2"), ("B", "train", "p3", "s3", "c3"),
             ("B", "test", "p4", "s4", "c4")]  # fmt: skip
    drawn = [("A", "train", "p1", "s1", "c1"), ("A", "test", "p1", "s1", "c2"), ("B", "train", "p3", "s3", "c3"),
             ("B", "test", "p4", "s4", "c4")]  # fmt: skip
    found, random = find(planted(clean)), find(planted(drawn, split="random"))
    assert describe_leak(found, random) == (
        "The official split keeps every known scene on one side. "
        "A random split of the same images leaks on 1 of 2 (50.0 %)."
    )
    assert describe_audit(found.summary(), "folder").startswith(
        "No test image shows a scene that training shows too; no"
    )


def test_duplicates_are_counted_beyond_the_first(planted):
    text = describe_duplicates(find(planted()).summary())
    assert text == "2 files repeat the bytes of another; across the split: 1, across classes: 0."


def test_both_intervals_are_told_and_the_worst_case_is_named(planted):
    text = describe_intervals(find(planted()))
    assert "the worst case" in text
    assert "worth 5.4" in text
    unknown = planted([("A", "train", "", "", "c1"), ("A", "test", "", "", "c2")], how="unknown")
    assert "is not known" in describe_intervals(find(unknown))


def test_data_without_a_table_of_labels_say_so():
    assert describe_multi_label(None, "smear").startswith("Not applicable")
    assert describe_multi_label(None, "kaggle").startswith("Not known")
    assert describe_multi_label({"p": "A, B"}, "kaggle").startswith("1 photograph")
