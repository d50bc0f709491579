"""What the members of a package must say.

In: bytes that anyone may have written. Out: records; an exception of `DAMAGE`, in words for people, if they are not
what a plan, a result, a history or a configuration is. Nothing in them is executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloodstudy.config.rules import STUDY
from bloodstudy.config.yaml_files import parse_yaml
from bloodstudy.study.plan import MAX_VALUES, Plan
from bloodstudy.study.record import read_record
from bloodstudy.study.result import Result
from bloodstudy.study.stored_rules import KEY

FORMAT = 1
DAMAGE = (ValueError, TypeError, RecursionError)  # what the functions here raise
OF_TRIAL = ("config.yaml", "history.csv", "attempts.json", "predictions.bin", "result.json")  # the last one counts
MAX_BYTES = {  # of a member, by its last name: some tenfold of what the largest study that may be planned needs
    "manifest.json": 16_000_000, "plan.yaml": 8_000_000, "looks.json": 4_000_000, "requirements.lock": 4_000_000,
    "config.yaml": 100_000,
    "history.csv": 4_000_000, "attempts.json": 100, "result.json": 4_000_000, "predictions.bin": 32_000_000,
    "column": 16_000_000,
}  # fmt: skip
NAMES = re.compile(
    rf"manifest\.json|plan\.yaml|looks\.json|requirements\.lock|columns/[0-9a-f]{{64}}\.json|trials/{KEY}/"
    rf"(?:{'|'.join(map(re.escape, OF_TRIAL))})"
)


@dataclass(frozen=True)
class Member:
    """What the manifest says of a member."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What the package says of itself."""

    format: int
    study: str
    members: Mapping[str, Member]  # all but the manifest itself, by name


def max_bytes(name: str) -> int:
    """Return how many bytes the member `name` may have."""
    return MAX_BYTES["column" if name.startswith("columns/") else name.rpartition("/")[2]]


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest."""
    manifest = read_record(Manifest, _read_json(content))
    if manifest.format != FORMAT:
        raise ValueError(f"expected format {FORMAT}; received {manifest.format}. Another version made it")
    if not STUDY.accepts(manifest.study):
        raise ValueError(f"study: expected {STUDY.expected}; received {manifest.study!r}")
    return manifest


def read_plan(content: bytes, study: str) -> Plan:
    """Return the plan of `study`."""
    plan = Plan.from_dict(parse_yaml(content, MAX_VALUES))
    if plan.study != study:
        raise ValueError(f"it is the plan of the study {plan.study!r}; expected {study!r}")
    if plan.hash is not None and plan.hash != plan.digest:
        raise ValueError(f"it was changed after it was made: its hash is {plan.digest}, and it says {plan.hash!r:.40}")
    return plan


def read_result(content: bytes) -> Result:
    """Return the result."""
    return Result.from_dict(_read_json(content))


def check_result(content: bytes, key: str, study: str) -> None:
    """Refuse what is no result of the trial `key` of `study`."""
    result = read_result(content)
    if (result.key, result.study) != (key, study):
        raise ValueError(f"it is the result of trial {result.key!r} of the study {result.study!r}")
    if result.own_key != key:
        raise ValueError(f"its factors, model and data are those of the trial {result.own_key}")


def check_configuration(content: bytes) -> None:
    """Refuse what is no configuration of a trial."""
    if not isinstance(parse_yaml(content, MAX_VALUES), dict):
        raise ValueError("expected key: value, one a line")


def check_attempts(content: bytes) -> None:
    """Refuse what is no number of attempts."""
    read_record(int, _read_json(content))


def _read_json(content: bytes) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(content, parse_constant=refuse)
