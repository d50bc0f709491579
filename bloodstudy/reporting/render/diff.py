"""What a written report says, against what its trials give.

In: the report made anew and the texts that were written. Out: sentences, one a difference, that name the claim if a
number differs; none if all is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from bloodstudy.config.visible import visible
from bloodstudy.reporting.claims.ledger import MARK, Claim, unmark

NUMBER = r"([^\s|]{0,60})"  # whatever stands where a number is expected
AROUND = 40  # characters shown around a difference
PARTS = ("formula", "trials", "texts")


def compare_markdown(marked: str, claims: Sequence[Claim], written: str) -> list[str]:
    """Return what differs between the Markdown that the trials give, marked, and report.md."""
    expected, lines = marked.split("\n"), written.split("\n")
    matcher = SequenceMatcher(None, [unmark(line) for line in expected], lines, autojunk=False)
    differences = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        if b - a == d - c:
            for offset in range(b - a):
                differences += _compare_line(c + offset + 1, expected[a + offset], claims, lines[c + offset])
        else:
            given = unmark("\n".join(expected[a:b]))
            differences.append(_describe_place("report.md", c + 1, given, "\n".join(lines[c:d])))
    return differences


def _compare_line(number: int, marked: str, claims: Sequence[Claim], written: str) -> list[str]:
    literals = MARK.split(marked)
    pattern = NUMBER.join(map(re.escape, literals[::3]))
    if (match := re.fullmatch(pattern, written)) is None:
        return [_describe_place("report.md", number, unmark(marked), written)]
    differences = []
    for index, text, said in zip(literals[1::3], literals[2::3], match.groups(), strict=True):
        if said != text:
            what = f"report.md line {number} says {visible(said) or 'nothing'} where the trials give {text}"
            differences.append(f"{what}: {_name(claims[int(index)].name, claims[int(index)].formula)}")
    return differences


def compare_claims(expected: str, written: str) -> list[str]:
    """Return what differs between the claims.json that the trials give and the one that was written."""
    one, other = json.loads(expected), json.loads(written)
    differences = []
    if other.get("plan") != one["plan"]:
        differences.append(f"claims.json is of the plan {_brief(other.get('plan'))}; the trials are of {one['plan']}")
    kept = other.get("predictions") if isinstance(other.get("predictions"), dict) else {}
    for key in dict.fromkeys([*one["predictions"], *kept]):
        here, there = one["predictions"].get(key), kept.get(key)
        if here != there or key not in kept:
            said = f"claims.json says {_brief(there)} of the predictions of trial {visible(key)}"
            differences.append(f"{said}; those that it published have the hash {_brief(here)}")
    listed = other.get("claims") if isinstance(other.get("claims"), list) else []
    named = {claim["name"]: claim for claim in listed if isinstance(claim, dict) and isinstance(claim.get("name"), str)}
    wanted = {claim["name"]: claim for claim in one["claims"]}
    for name, claim in wanted.items():
        lacking = [f"claims.json lacks the claim {visible(name)}"]
        differences += _compare_claim(claim, named[name]) if name in named else lacking
    others = [visible(name) for name in named if name not in wanted]
    differences += [f"claims.json holds the claim {name}, which no trial makes" for name in others]
    if not differences and written != expected:
        differences.append("claims.json is not written as a report writes it, though its values are the same")
    return differences


def _compare_claim(expected: dict[str, Any], written: dict[str, Any]) -> list[str]:
    name = _name(expected["name"], expected["formula"])
    if not isinstance(said := written.get("value"), int | float | None) or said != expected["value"]:
        return [f"claims.json says {_brief(said)} where the trials give {_brief(expected['value'])}: {name}"]
    differing = [part for part in PARTS if written.get(part) != expected[part]]
    return [f"claims.json has other {part} than the trials give: {name}" for part in differing]


def compare_page(expected: str, written: str) -> list[str]:
    """Return what differs between the report.html that the trials give and the one that was written."""
    if expected == written:
        return []
    one, other = expected.split("\n"), written.split("\n")
    at = _find_first(one, other)
    here, there = (lines[at] if at < len(lines) else "" for lines in (one, other))
    if "data:image" in here and re.sub('base64,[^"]*', "", here) == re.sub('base64,[^"]*', "", there):
        return [f"report.html line {at + 1} has another figure than the trials give"]
    return [_describe_place("report.html", at + 1, here, there)]


def _find_first(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the first place at which they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _describe_place(file: str, number: int, expected: str, written: str) -> str:
    at = _find_first(expected, written)
    start = max(0, at - AROUND)
    pieces = [text[start : at + AROUND] for text in (expected, written)]
    here, there = (repr(visible(piece)) if piece else "nothing" for piece in pieces)
    return f"{file} line {number} differs: expected {here}, found {there}"


def _name(name: str, formula: str) -> str:
    return f"claim {visible(name)} ({visible(formula)})"


def _brief(value: Any) -> str:
    text = visible(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else f"{text[:57]}..."
