"""Plans and results made up for tests: what a test does not name has a usual value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bloodstudy.study.arms import Role
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedArm, PlannedQuestion, PlannedTrial
from bloodstudy.study.result import Cost, Result, ResultData

AUDIT = {  # what a report says of the images
    "provenance": "known", "test_images": 4, "test_images_leaking": 3, "test_share_leaking": 0.75, "label_conflicts": 0,
    "duplicates_across": 0, "unplaced": 0, "effective_test_photographs": 4.0, "effective_test_photographs_min": 2.0,
}  # fmt: skip


def plan_of(content: Mapping[str, Any]) -> Plan:
    """Return the plan of `content`, spelt as in its file; keys of trials may be any text."""
    data = {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16}
    usual = {"key": "k", "arm": "reference", "seed": 0, "levels": {}, "data": data, "judged": "official"}
    trials = []
    for trial in content.get("trials", ()):
        fields = usual | trial
        trials.append(PlannedTrial(evaluated_on=fields.pop("judged"), **fields))
    usual = {"name": "q", "sentence": "Is it?", "factor": None, "reference": "reference", "arms": [], "margin": 0.02}
    questions = []
    for question in content.get("questions") or ():
        fields = usual | question
        fields["roles"] = {arm: Role(role) for arm, role in fields.get("roles", {}).items()}
        fields["lr_grid"] = fields.pop("lr_strip", ())
        questions.append(PlannedQuestion(**fields))
    arms = {name: PlannedArm(Role(arm["role"]), arm.get("levels", {})) for name, arm in content.get("arms", {}).items()}
    named = {name: value for name, value in content.items() if name not in ("trials", "questions", "arms", "setting")}
    named = {"study": "scratch", "command": "run", "swept": {}, "common": content.get("setting", {})} | named
    return Plan(trials=tuple(trials), questions=tuple(questions), arms=arms, **named)


def result_of(content: Mapping[str, Any]) -> Result:
    """Return the result of `content`, spelt as in its file."""
    data = {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16}
    data |= {"counts": {}, "classes": [], "notes": [], "refused": 0} | content.get("data", {})
    usual = dict.fromkeys(("key", "study", "arm", "model"), "x")
    usual |= {name: {} for name in ("factors", "params", "tags", "versions")} | {"outcome": "finished"}
    cost = Cost(**{"wall_seconds": 1.0, "attempts": 1} | content.get("cost", {}))
    fields = usual | content
    return Result(**fields | {"data": ResultData(**data), "cost": cost, "outcome": Outcome(fields["outcome"])})
