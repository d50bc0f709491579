"""What a written report says, against what its trials give.

In: the report made anew and the texts that were found. Out: sentences, one a difference, that name the claim where a
number differs; none where all is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from bloodstudy.reporting.claims.ledger import MARK, Claim, unmark
from bloodstudy.reporting.render.markdown import visible

NUMBER = r"([^\s|]{0,60})"  # whatever stands where a number is expected
AROUND = 40  # characters shown around a difference
PARTS = ("formula", "trials", "texts")


def compare_markdown(marked: str, claims: Sequence[Claim], found: str) -> list[str]:
    """Return what differs between the Markdown that the trials give, marked, and report.md."""
    expected, lines = marked.split("\n"), found.split("\n")
    matcher = SequenceMatcher(None, [unmark(line) for line in expected], lines, autojunk=False)
    differences = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        if b - a == d - c:
            for offset in range(b - a):
                differences += _compare_line(c + offset + 1, expected[a + offset], claims, lines[c + offset])
        else:
            differences.append(
                _describe_place("report.md", c + 1, unmark("\n".join(expected[a:b])), "\n".join(lines[c:d]))
            )
    return differences


def _compare_line(number: int, marked: str, claims: Sequence[Claim], found: str) -> list[str]:
    literals = MARK.split(marked)
    pattern = NUMBER.join(map(re.escape, literals[::3]))
    if (match := re.fullmatch(pattern, found)) is None:
        return [_describe_place("report.md", number, unmark(marked), found)]
    differences = []
    for index, text, said in zip(literals[1::3], literals[2::3], match.groups(), strict=True):
        if said != text:
            what = f"report.md line {number} says {visible(said) or 'nothing'} where the trials give {text}"
            differences.append(f"{what}: {_name(claims[int(index)].name, claims[int(index)].formula)}")
    return differences


def compare_claims(expected: str, found: str) -> list[str]:
    """Return what differs between the claims.json that the trials give and the one that was found."""
    one, other = json.loads(expected), json.loads(found)
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
        differences += (
            _compare_claim(claim, named[name]) if name in named else [f"claims.json lacks the claim {visible(name)}"]
        )
    differences += [
        f"claims.json holds the claim {visible(name)}, which no trial makes" for name in named if name not in wanted
    ]
    if not differences and found != expected:
        differences.append("claims.json is not written as a report writes it, though its values are the same")
    return differences


def _compare_claim(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    name = _name(expected["name"], expected["formula"])
    if not isinstance(said := found.get("value"), int | float | None) or said != expected["value"]:
        return [f"claims.json says {_brief(said)} where the trials give {_brief(expected['value'])}: {name}"]
    return [f"claims.json has other {part} than the trials give: {name}" for part in PARTS
            if found.get(part) != expected[part]]  # fmt: skip


def compare_page(expected: str, found: str) -> list[str]:
    """Return what differs between the report.html that the trials give and the one that was found."""
    if expected == found:
        return []
    one, other = expected.split("\n"), found.split("\n")
    at = next(
        (i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    here, there = (lines[at] if at < len(lines) else "" for lines in (one, other))
    if "data:image" in here and re.sub('base64,[^"]*', "", here) == re.sub('base64,[^"]*', "", there):
        return [f"report.html line {at + 1} has another figure than the trials give"]
    return [_describe_place("report.html", at + 1, here, there)]


def _describe_place(where: str, number: int, expected: str, found: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), min(len(expected), len(found))
    )
    start = max(0, at - AROUND)
    here, there = (
        repr(visible(text[start : at + AROUND])) if text[start:] else "nothing" for text in (expected, found)
    )
    return f"{where} line {number} differs: expected {here}, found {there}"


def _name(name: str, formula: str) -> str:
    return f"claim {visible(name)} ({visible(formula)})"


def _brief(value: Any) -> str:
    text = visible(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else f"{text[:57]}..."
