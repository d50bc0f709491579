"""The plan of a study, as it stands in its file: what was decided before the first trial.

In: the content of a plan. Out: a frozen `Plan` with its questions, arms and trials, its digest, and its text. Whoever
reads a plan has it checked: ValueError, in words for people, for what is none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from bloodstudy import files
from bloodstudy.config.extension.extension import Extension, OwnMetric
from bloodstudy.errors import UserError
from bloodstudy.study.arms import Role
from bloodstudy.study.design import DesignName, Repetitions
from bloodstudy.study.planned import PlannedArm, PlannedQuestion, PlannedResponse, PlannedTrial
from bloodstudy.study.record import read_record, rename
from bloodstudy.study.seal import seal, unseal
from bloodstudy.study.stored_rules import MAX_TRIALS, check_plan

FILE = "plan.yaml"
DROPPED = "trials"  # how an amendment begins that says how many results it leaves behind
LATE = "this plan itself"  # how an amendment begins that says when it was made
TURN = ".turn"  # beside the plan: a number that is larger in each plan written later, whatever the clock says
MAX_VALUES = 500_000  # in its file: a hundred a trial
STUDY_DECIDES = (
    "title",
    "questions",
    "arms",
    "setting",
    "precision",
    "design",
    "folds",
    "looks",
    "seeds",
    "budget",
    "response",
)  # what an amendment changes
FIELDS = {"judged": "evaluated_on", "setting": "common", "lr_strip": "lr_grid"}  # by their names in a plan's file


@dataclass(frozen=True)
class Plan:
    """What was decided before the first trial. A plain sweep has no questions, and decides nothing else."""

    study: str
    command: str
    swept: Mapping[str, Sequence[Any]]
    trials: tuple[PlannedTrial, ...]
    bloodstudy: str | None = None  # version
    question: str | None = None  # all sentences
    precision: str | None = None
    seeds: Sequence[int] = ()
    title: str | None = None
    looks: Sequence[int] = ()  # numbers of repetitions at which it decides
    common: Mapping[str, Any] = field(default_factory=dict[str, Any])  # levels that all its trials share
    questions: tuple[PlannedQuestion, ...] = ()
    arms: Mapping[str, PlannedArm] = field(default_factory=dict[str, PlannedArm])
    extensions: Sequence[Mapping[str, Any]] = ()  # what the trials' own factors and networks are, with their text
    amendments: Sequence[str] | None = None
    hash: str | None = None
    design: DesignName | None = None  # None: planned before there were designs, or a plain sweep
    folds: int = 1  # blocks of a repetition
    budget: str | None = None  # that ends it at the last look that fits: trainings, or hours of training
    response: PlannedResponse | None = None  # None: verdicts are about test accuracy

    @classmethod
    def from_dict(cls, content: Any) -> Plan:
        """Return the plan whose file holds `content`."""
        plan = read_record(cls, rename(unseal(content), FIELDS))
        check_plan(plan)
        return plan

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the plan's file."""
        content: dict[str, Any] = {"study": self.study, "command": self.command, "bloodstudy": self.bloodstudy}
        swept = {key: list(levels) for key, levels in self.swept.items()}
        content |= {"question": self.question, "swept": swept, "precision": self.precision}
        content["seeds"] = list(self.seeds)
        if self.questions:
            content |= {
                "title": self.title,
                **({"design": str(self.design), "folds": self.folds} if self.design else {}),
                "looks": list(self.looks),
                **({"budget": self.budget} if self.budget else {}),
                **({"response": asdict(self.response)} if self.response else {}),
                "setting": dict(self.common),
                "questions": [question.to_dict() for question in self.questions],
                "arms": {name: arm.to_dict() for name, arm in self.arms.items()},
            }
        content["trials"] = [trial.to_dict() for trial in self.trials]
        content |= {"extensions": [dict(one) for one in self.extensions]} if self.extensions else {}
        content |= {"amendments": list(self.amendments)} if self.amendments is not None else {}
        content |= {"hash": self.hash} if self.hash is not None else {}
        unset = ("bloodstudy", "precision", "seeds", "looks")  # a plan that was never complete lacks them
        return {name: value for name, value in content.items() if value or name not in unset}

    @property
    def trainings_paid(self) -> int | None:
        """The trainings that its budget pays; None without one, or while hours are not turned into trainings yet."""
        number = (self.budget or "").partition(" ")[0]
        return int(number) if number.isdecimal() else None

    @property
    def digest(self) -> str:
        """Sixteen hex digits over what the plan decides: two plans with the same ones are the same study."""
        content = self.to_dict()
        decided = {name: content[name] for name in (*STUDY_DECIDES, "trials") if name in content}
        return hashlib.sha256(json.dumps(decided, sort_keys=True, default=list).encode()).hexdigest()[:16]

    @cached_property
    def repetitions(self) -> Repetitions:
        """Its seeds by repetition, with its looks. A plan that declared no design decides once, at its last seed."""
        seeds = tuple(sorted({trial.seed for trial in self.trials}))
        if self.design is None:
            last = self.looks[-1] if self.looks else len(seeds)
            return Repetitions(DesignName.FIXED, seeds, 1, (min(last, len(seeds)),))
        return Repetitions(self.design, seeds, self.folds, tuple(self.looks))

    @cached_property
    def own(self) -> tuple[Extension, ...]:
        """The extensions of its trials."""
        return tuple(map(Extension.from_dict, self.extensions))

    @cached_property
    def metrics(self) -> dict[str, OwnMetric]:
        """The metrics of its extensions, by name."""
        return {metric.name: metric for one in self.own for metric in one.metrics}

    @property
    def responds_by(self) -> str:
        """The name of the response that verdicts are about."""
        return self.response.name if self.response else "test_accuracy"

    @property
    def response_words(self) -> str:
        """That response as a sentence has it."""
        return self.responds_by if self.response else "test accuracy"

    @property
    def neutral(self) -> dict[str, Any]:
        """The level of each factor of an extension at which it changes nothing and is not stored."""
        return {factor.name: factor.neutral for one in self.own for factor in one.factors if factor.hook}

    @property
    def keys(self) -> list[str]:
        """The keys of the planned trials, each once."""
        return list(dict.fromkeys(trial.key for trial in self.trials))

    @property
    def portions(self) -> list[list[PlannedTrial]]:
        """The planned trials as they are launched: one repetition after another, a plain sweep all at once."""
        if not self.questions:
            return [list(self.trials)]
        places = self.repetitions
        by_seed = sorted(self.trials, key=lambda trial: trial.seed)
        return [list(portion) for _, portion in groupby(by_seed, lambda trial: places.place(trial.seed)[0])]

    def role_of(self, arm: str, question: PlannedQuestion) -> Role:
        """Return the role of an arm in a question: the reference of one may be tested in another."""
        return question.roles.get(arm, self.arms[arm].role)

    def write(self, folder: Path) -> None:
        """Publish the plan in the folder of its study, as the last one of those beside it.

        Raises UserError if no command could read it again.
        """
        if len(self.trials) > MAX_TRIALS:
            raise UserError(
                f"{folder / FILE} would hold {len(self.trials):,} trials; expected at most {MAX_TRIALS:,}. Use another "
                "runs_dir"
            )
        files.write_text(folder / FILE, self.dump())
        files.write_text(folder / TURN, f"{1 + max(map(read_turn, folder.parent.glob('*')), default=0)}\n")

    def dump(self) -> str:
        """Return the text of the plan's file; the same plan always gives the same text."""
        return yaml.dump(seal(self.to_dict()), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def read_turn(folder: Path) -> int:
    """Return when the plan of a study was written, counted in plans; 0 if nothing tells."""
    try:
        return int((folder / TURN).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


class _Dumper(yaml.SafeDumper):
    """The safe dumper without anchors: a plan says the same thing in several places, and a person reads it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(list(value)))
