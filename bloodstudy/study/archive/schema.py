"""What the members of a package must say.

In: bytes that anyone may have written. Out: plain containers; ValueError or TypeError, in words for people, where they
are not what a plan, a result, a history or a configuration is. Nothing in them is executed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import yaml

from bloodstudy.config.rules import STUDY
from bloodstudy.config.yaml_files import UnanchoredLoader
from bloodstudy.study.plan import digest
from bloodstudy.study.trial import make_key

FORMAT = 1
KEY = "[0-9a-f]{16}"
OUTCOMES = ("finished", "diverged", "failed", "out_of_memory", "interrupted")
PLAN = {"study": str, "command": str, "swept": dict, "trials": list}  # what is relied on; other keys are taken along
PLANNED = {"key": str, "arm": str, "seed": int, "levels": dict, "data": dict, "judged": str}
RESULT = {"key": str, "study": str, "arm": str, "model": str, "factors": dict, "data": dict, "outcome": str}
RESULT |= {"cost": dict, "params": dict, "tags": dict, "versions": dict}
# What a report reads beside these, whatever it holds.
STUDY_PLAN, QUESTION = ("arms", "precision", "seeds"), ("name", "sentence", "factor", "reference", "arms", "margin")
RESULT_HAS = {"": ("reason", "git_commit", "processor"), "factors": ("lr", "precision", "seed")}
RESULT_HAS |= {"data": ("name", "task", "view", "split", "fingerprint", "counts", "classes", "notes", "refused")}
DAMAGE = (ValueError, TypeError, RecursionError, yaml.YAMLError, csv.Error)  # what the functions here raise


def read_manifest(content: bytes) -> tuple[dict[str, dict[str, Any]], str]:
    """Return bytes and SHA-256 of each member, by name, and the study."""
    about = _expect(_read_json(content), dict)
    if about.get("format") != FORMAT:
        raise ValueError(f"expected format {FORMAT}; received {about.get('format')!r}. Another version made it")
    if not isinstance(about.get("study"), str) or not STUDY.accepts(about["study"]):
        raise ValueError(f"study: expected {STUDY.expected}; received {about.get('study')!r}")
    for said in _expect(about.get("members"), dict).values():
        if not isinstance(said, dict) or not isinstance(said.get("bytes"), int) or "sha256" not in said:
            raise ValueError("expected bytes and sha256 of each member")
    return about["members"], about["study"]


def read_plan(content: bytes, study: str) -> dict[str, Any]:
    """Return the plan of `study`."""
    plan = _read_yaml(content)
    _expect_fields(plan, PLAN)
    if plan["study"] != study:
        raise ValueError(f"it is the plan of the study {plan['study']!r}; expected {study!r}")
    if not plan["trials"]:
        raise ValueError("it holds no trials")
    for trial in plan["trials"]:
        _expect_fields(trial, PLANNED)
        if not re.fullmatch(KEY, trial["key"]):
            raise ValueError(f"expected a trial key of 16 hex digits; received {trial['key']!r}")
        if lacking := plan["swept"].keys() - trial["levels"].keys():
            raise ValueError(f"trial {trial['key']} has no level of {', '.join(sorted(map(str, lacking)))}")
    if plan.get("questions"):
        _expect_names(plan, STUDY_PLAN)
        for question in _expect(plan["questions"], list):
            _expect_names(question, QUESTION)
    for levels in plan["swept"].values():
        _expect(levels, list)
    json.dumps(plan, allow_nan=False)  # YAML knows dates and sets too, which a plan has none of
    if "hash" in plan and plan["hash"] != (own := digest(plan)):
        raise ValueError(f"it was changed after it was made: its hash is {own}, and it says {plan['hash']!r:.40}")
    return plan


def check_result(content: bytes, key: str, study: str) -> None:
    """Refuse what is no result of the trial `key` of `study`."""
    result = _read_json(content)
    _expect_fields(result, RESULT)
    for part, names in RESULT_HAS.items():
        _expect_names(result[part] if part else result, names)
    if (result["key"], result["study"]) != (key, study):
        raise ValueError(f"it is the result of trial {result['key']!r} of the study {result['study']!r}")
    if result["outcome"] not in OUTCOMES:
        raise ValueError(f"outcome: expected one of {', '.join(OUTCOMES)}; received {result['outcome']!r}")
    _expect_fields(result["cost"], {"wall_seconds": float, "attempts": int})
    if (own := make_key(result["factors"], result["model"], result["data"])) != key:
        raise ValueError(f"its factors, model and data are those of the trial {own}")


def check_history(content: bytes) -> None:
    """Refuse what is no table of numbers, one row an epoch."""
    header, *rows = csv.reader(io.StringIO(content.decode()), strict=True)
    if "epoch" not in header or not all(re.fullmatch("[a-z_]+", name) for name in header):
        raise ValueError(f"expected columns such as epoch and fit_loss; received {', '.join(header)}")
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} numbers a row; received {len(row)}")
        for cell in row:
            float(cell or "nan")


def check_configuration(content: bytes) -> None:
    """Refuse what is no configuration of a trial."""
    _expect(_read_yaml(content), dict)


def check_json(content: bytes) -> None:
    """Refuse what is no JSON."""
    _read_json(content)


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected a {kind.__name__}; received a {type(value).__name__}")
    return value


def _expect_fields(content: Any, fields: dict[str, type]) -> None:
    for name, kind in fields.items():
        value = _expect(content, dict).get(name)
        kinds = (int, float) if kind is float else kind
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"{name}: expected a {kind.__name__}; received {value!r:.80}")


def _expect_names(content: Any, names: tuple[str, ...]) -> None:
    if lacking := [name for name in names if name not in _expect(content, dict)]:
        raise ValueError(f"it lacks {', '.join(lacking)}")


def _read_yaml(content: bytes) -> Any:
    # PyYAML's own loader, though a tenth as fast as libyaml's: that one crashes on a text that is nested deeply.
    return yaml.load(content.decode(), Loader=UnanchoredLoader)


def _read_json(content: bytes) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(content, parse_constant=refuse)
