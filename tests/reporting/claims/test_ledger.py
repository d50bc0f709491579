import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.config.visible import visible
from bloodstudy.reporting.claims.ledger import MARK, Ledger, round_value, to_json, unmark
from bloodstudy.reporting.render.markdown import code, fence, plain, table, template

MEAN = {"name": "arm/lr=0.1/test_accuracy/mean", "formula": "mean over seeds of test_accuracy", "trials": ["a", "b"]}


def test_a_number_is_told_once_and_printed_in_several_forms():
    ledger = Ledger(trials={"b": None, "a": None})
    marked = f"{ledger.add(0.91249, '.3f', **MEAN)}, or {ledger.add(0.91249, '.1%', **MEAN)}"
    assert unmark(marked) == "0.912, or 91.2%"
    assert [found.groups() for found in MARK.finditer(marked)] == [("0", "0.912"), ("0", "91.2%")]
    (claim,) = ledger.claims
    assert (claim.value, claim.texts, claim.trials) == (0.91249, ("0.912", "91.2%"), ("b", "a"))


@pytest.mark.parametrize("other", [{"value": 0.5}, {"formula": "another"}, {"trials": ["a"]}])
def test_two_numbers_of_one_name_are_a_defect(other):
    ledger = Ledger()
    ledger.add(0.25, ".3f", **MEAN)
    with pytest.raises(ValueError, match="two claims of one name"):
        ledger.add(other.pop("value", 0.25), ".3f", **MEAN | other)


def test_a_trial_that_was_not_planned_is_a_defect():
    with pytest.raises(ValueError, match="no planned trial has the key 'b'"):
        Ledger(trials={"a": None}).add(0.25, ".3f", **MEAN)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_a_dash(value):
    ledger = Ledger()
    assert unmark(ledger.add(value, "+.3f", **MEAN)) == "–"
    assert ledger.claims[0].value is None
    assert json.loads(to_json(ledger))["claims"][0]["value"] is None


@pytest.mark.parametrize(("value", "form", "text", "kept"), [
    (22_476_123, ",d", "22,476,123", 22_476_123),
    (3.0, "d", "3", 3),
    (-0.0, "+.3f", "+0.000", 0),
    (0.1 + 0.2, ".17g", "0.29999999999999999", 0.3),
    (0.0125 - 1e-17, "+.3f", "+0.013", 0.0125),
    (1234.5678, ".3f", "1234.568", 1234.57),
    (-1.38778e-17, "+.3f", "+0.000", 0),
])  # fmt: skip
def test_counts_are_exact_and_the_last_digits_of_a_sum_change_no_text(value, form, text, kept):
    ledger = Ledger()
    assert unmark(ledger.add(value, form, **MEAN)) == text
    assert ledger.claims[0].value == kept == round_value(value)


def test_marks_stand_in_tables_and_templates():
    ledger = Ledger()
    cell = ledger.add(0.5, "+.3f", **MEAN)
    marked = table(["arm", "effect"], [[code("a|b"), cell]], right=["effect"])
    others = dict.fromkeys(("arms", "differences", "unfinished", "accuracy", "splits", "several_seeds"), "")
    text = template("trials.md.j2").render(trials=marked, no_ops=cell, **others)
    assert len(MARK.findall(text)) == 2
    assert "| <code>a&#124;b</code> | +0.500 |" in unmark(text)


@given(st.text(st.sampled_from("\ue000\ue001\ue0020123456789.| \n`") | st.characters(), max_size=30))
def test_no_text_of_a_user_forges_a_mark(text):
    for shown in (visible(text), plain(text), code(text), fence(text)):
        assert not set(shown) & set("\ue000\ue001\ue002")


def test_claims_json_is_that_of_the_ledger():
    ledger = Ledger("smoke", "0123", {"a": "ff", "b": None})
    ledger.add(0.25, ".3f", **MEAN)
    content = json.loads(to_json(ledger))
    assert content.pop("claims") == [
        {**MEAN, "trials": ["a", "b"], "value": 0.25, "texts": ["0.250"]},
    ]
    assert content == {"format": 1, "study": "smoke", "plan": "0123", "predictions": {"a": "ff", "b": None}}
