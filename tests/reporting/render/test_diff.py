import json
import random
import re

import pytest

from bloodstudy.analysis import analyse_study
from bloodstudy.reporting.claims.ledger import Ledger, to_json, unmark
from bloodstudy.reporting.claims.study_claims import open_claims
from bloodstudy.reporting.render.diff import compare_claims, compare_markdown, compare_page
from bloodstudy.reporting.report import render


def told(*values):
    """Return a line a value, marked, and the claims."""
    ledger = Ledger("smoke", None, {"a": None})
    texts = [ledger.add(v, "+.3f", name=f"n/{k}", formula="f", trials=["a"]) for k, v in enumerate(values)]
    return "\n".join(f"| `arm {k}` | {text} |" for k, text in enumerate(texts)), ledger


def test_the_same_text_differs_in_nothing():
    marked, ledger = told(0.1, 0.2)
    assert compare_markdown(marked, ledger.claims, unmark(marked)) == []
    assert compare_claims(to_json(ledger), to_json(ledger)) == []


@pytest.mark.parametrize("said", ["+0.101", "-0.100", "+10.100", "0.100", "", "–", "~~"])
def test_another_number_is_told_by_its_claim(said):
    marked, ledger = told(0.1, 0.2)
    (sentence,) = compare_markdown(marked, ledger.claims, unmark(marked).replace("+0.100", said))
    assert sentence == f"report.md line 1 says {said or 'nothing'} where the trials give +0.100: claim n/0 (f)"


def test_words_lines_and_rows_that_differ_are_told_by_their_place():
    marked, ledger = told(0.1, 0.2, 0.3)
    text = unmark(marked)
    (words,) = compare_markdown(marked, ledger.claims, text.replace("arm 1", "arm 9"))
    assert words.startswith("report.md line 2 differs: expected '| `arm 1` | +0.200 |', found '| `arm 9`")
    (lost,) = compare_markdown(marked, ledger.claims, "\n".join(text.split("\n")[::2]))
    assert lost == "report.md line 2 differs: expected '| `arm 1` | +0.200 |', found nothing"
    (added,) = compare_markdown(marked, ledger.claims, text + "\nmore")
    assert added == "report.md line 4 differs: expected nothing, found 'more'"


def test_every_digit_of_a_report_counts(read_sweep):
    claims = open_claims(analyse_study(read_sweep({"lr": [0.1, 0.01], "seed": [0, 1, 2]}, outcomes={4: "diverged"})))
    ledger, marked = claims.ledger, render(claims, ["accuracy", "classes"])
    text, names = unmark(marked), {claim.name for claim in ledger.claims}
    digits = [match.start() for match in re.finditer(r"\d", text)]
    by_claim = 0
    for at in random.Random(5).sample(digits, 60):
        other = str((int(text[at]) + 1) % 10)
        (sentence,) = compare_markdown(marked, ledger.claims, text[:at] + other + text[at + 1 :])
        assert sentence.startswith(f"report.md line {text.count(chr(10), 0, at) + 1} ")
        if "claim" in sentence:
            by_claim += 1
            assert re.search(r"claim (.*?) \(", sentence)[1] in names
    assert by_claim >= 20


@pytest.mark.parametrize(("part", "value", "sentence"), [
    ("value", 0.3, "claims.json says 0.3 where the trials give 0.1: claim n/0 (f)"),
    ("value", None, "claims.json says null where the trials give 0.1: claim n/0 (f)"),
    ("value", "0.1", 'claims.json says "0.1" where the trials give 0.1: claim n/0 (f)'),
    ("formula", "g", "claims.json has other formula than the trials give: claim n/0 (f)"),
    ("trials", [], "claims.json has other trials than the trials give: claim n/0 (f)"),
    ("texts", ["+0.2"], "claims.json has other texts than the trials give: claim n/0 (f)"),
])  # fmt: skip
def test_every_part_of_a_claim_counts(part, value, sentence):
    _, ledger = told(0.1, 0.2)
    content = json.loads(to_json(ledger))
    content["claims"][0][part] = value
    assert compare_claims(to_json(ledger), json.dumps(content)) == [sentence]


def test_claims_that_are_lost_or_too_many_are_told():
    _, ledger = told(0.1, 0.2)
    content = json.loads(to_json(ledger))
    content["claims"][1]["name"] = "other"
    lacks, holds = compare_claims(to_json(ledger), json.dumps(content))
    assert (lacks, holds) == (
        "claims.json lacks the claim n/1",
        "claims.json holds the claim other, which no trial makes",
    )


@pytest.mark.parametrize("broken", [{"claims": None}, {"claims": [1, {"name": []}]}, {"predictions": 3}, {"plan": "x"}])
def test_a_file_of_another_shape_is_told_and_breaks_nothing(broken):
    _, ledger = told(0.1)
    assert compare_claims(to_json(ledger), json.dumps(json.loads(to_json(ledger)) | broken))


def test_the_hash_of_the_predictions_and_the_layout_count():
    _, ledger = told(0.1)
    (hashed,) = compare_claims(to_json(ledger), to_json(ledger).replace('"a": null', '"a": "ff"'))
    assert hashed == 'claims.json says "ff" of the predictions of trial a; those that it published have the hash null'
    assert len(compare_claims(to_json(ledger), to_json(ledger) + " ")) == 1


def test_a_page_is_compared_to_the_byte():
    page = '<p>one</p>\n<img alt="x" src="data:image/png;base64,AAAA">\n'
    assert compare_page(page, page) == []
    assert compare_page(page, page.replace("one", "two")) == [
        "report.html line 1 differs: expected '<p>one</p>', found '<p>two</p>'"
    ]
    assert compare_page(page, page.replace("AAAA", "AAAB")) == [
        "report.html line 2 has another figure than the trials give"
    ]
    assert len(compare_page(page, page + "x")) == 1
