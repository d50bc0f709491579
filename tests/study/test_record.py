from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from bloodstudy.study.outcome import Outcome
from bloodstudy.study.record import read_record, rename


@dataclass(frozen=True)
class Part:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Whole:
    count: int
    outcome: Outcome
    parts: tuple[Part, ...] = ()
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    certain: bool | None = None


def test_a_record_has_the_types_of_its_fields_and_passes_over_what_it_does_not_know():
    content = {"count": 3, "outcome": "failed", "parts": [{"name": "a", "share": 1}], "more": 1}
    whole = read_record(Whole, content | {"notes": {"a": ["b"]}})
    assert whole == Whole(3, Outcome.FAILED, (Part("a", 1.0),), {"a": ["b"]})
    assert isinstance(whole.parts[0].share, float)
    assert whole.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"count": "3"}, r"^count: expected a valid integer; received '3'$"),
        ({"count": True}, r"^count: expected a valid integer; received True$"),
        ({"count": 3.5}, r"^count: expected a valid integer.*; received 3\.5$"),
        ({"outcome": "splendid"}, r"^outcome: expected 'finished', .+; received 'splendid'$"),
        ({"parts": [{"name": "a"}, {}]}, r"^parts\.1\.name is missing$"),
        ({"parts": "a"}, r"^parts: expected a valid array; received 'a'$"),
        ({"notes": {"a": "b"}}, r"^notes\.a: expected .+; received 'b'$"),
        ({"certain": "yes"}, r"^certain: expected a valid boolean; received 'yes'$"),
        ({"count": float("nan")}, "Out of range float values"),
        ({"when": date(2026, 1, 1)}, "expected plain values; .+ not JSON serializable"),
    ],
)
def test_the_first_value_that_is_wrong_is_named(changes, told):
    with pytest.raises(ValueError, match=told):
        read_record(Whole, {"count": 3, "outcome": "failed"} | changes)


@pytest.mark.parametrize("content", [None, 3, "text", [], ["count"]])
def test_what_is_no_mapping_is_no_record(content):
    with pytest.raises(ValueError, match="expected an object; received"):
        read_record(Whole, content)


def test_stored_names_are_replaced_in_lists_of_records_and_nowhere_else():
    stored = {"judged": 1, "levels": {"judged": 2}, "trials": [{"judged": 3}], "other": None}
    renamed = rename(stored, {"judged": "evaluated_on"})
    assert renamed == {"evaluated_on": 1, "levels": {"judged": 2}, "trials": [{"evaluated_on": 3}], "other": None}
