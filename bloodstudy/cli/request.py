"""What a command asks for by name: a study, or questions; and the arms that answer it.

In: the overrides that were typed. Out: a `StudyRequest`, the other overrides, and a sentence for each that cannot be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hydra.core.override_parser.types import Override

from bloodstudy.cli.overrides import first_levels, values_of
from bloodstudy.cli.response import list_unfit
from bloodstudy.config.yaml_files import named as list_named
from bloodstudy.errors import UserError
from bloodstudy.study.arms import Arm, Role, expand, name_arm
from bloodstudy.study.design import FOLDS, LOOKS, MARGINS, Design, DesignName
from bloodstudy.study.question import SCRATCH, Question, Study, read_question, read_study

SEEDS = 6  # for questions that name no number: below it, no statement is made
OWNED = ("data.split", "data.folds", "data.fold", "data.split_seed", "data.measured_share", "seed")  # by design=folds
OF_STUDIES = ("design", "looks", "repetitions", "first_repetition", "margin", "budget", "detect")
WITH_PHOTOGRAPHS = ("smear", "kaggle", "bccd")  # data of which photographs or scenes are known
MAX_CONFIRMATORY = 16  # arms: with more, hardly any number of seeds tells one from the reference


@dataclass(frozen=True)
class StudyRequest:
    """The questions of one command, and the study that they belong to; None: they are asked by themselves."""

    study: Study | None
    questions: tuple[Question, ...]

    @cached_property
    def common(self) -> dict[str, Any]:
        """What all trials share: the study's reference, or what the questions bring themselves."""
        if self.study:
            return dict(self.study.reference)
        return {key: value for question in self.questions for key, value in question.common.items()}

    @property
    def responses(self) -> list[str | None]:
        """The metrics that are declared as response, of the study or of each question; None: test accuracy."""
        return [self.study.response] if self.study else [question.response for question in self.questions]

    @property
    def response(self) -> str | None:
        """The metric that the verdicts are about."""
        return next(filter(None, self.responses), None)

    @cached_property
    def arms(self) -> list[Arm]:
        return expand(self.questions)

    def settle(self, typed: Mapping[str, Any]) -> Design:
        """Return the design of the study, with what was `typed` on the command line.

        Without a word on it: by folds, if the study says nothing of seeds or splits and its photographs are known.
        """
        study, count = self.study, None
        wanted = typed.get("design") or "auto"
        if wanted == "auto":
            wanted = study.design if study else "auto"
        seeds = study.seeds if study else max((q.seeds or 0 for q in self.questions), default=0) or None
        if wanted == "auto":
            names = {*self.common, *typed}.union(*(question.varied for question in self.questions))
            data = str(typed.get("data", self.common.get("data", "smear")))
            apart = (
                study is None
                or study.seeds
                or self.response
                or names & {*OWNED, "seeds"}
                or data not in WITH_PHOTOGRAPHS
            )
            wanted = DesignName.FIXED if apart else DesignName.FOLDS
        name = DesignName(wanted)
        if name == DesignName.FIXED:
            count = seeds or (None if study else SEEDS)
        own = study.looks if study and study.design in ("auto", name) else ()  # looks of folds are none of seeds
        looks = typed.get("looks") or own or ((count,) if count else LOOKS[name])
        first = typed.get("first_repetition")
        if first is None:
            first = study.first_repetition if study else 0
        if name == DesignName.FIXED:
            return Design(name, 1, tuple(looks), first, count)
        folds, measured = (study.folds, study.measured_share) if study else (FOLDS, 1.0)
        return Design(name, folds, tuple(looks), first, count, measured)

    def margin(self, question: Question, typed: float | None, design: Design) -> float:
        """Return how large a difference may be and not matter."""
        return typed or question.margin or (self.study.margin if self.study else None) or MARGINS[design.name]

    def written(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the overrides that stand in files, each after its place."""
        if self.study:
            yield f"study {self.study.name}, reference", self.study.reference
        for question in self.questions:
            yield f"question {question.name}, common", question.common
            yield f"question {question.name}, reference", question.reference
        for arm in self.arms:
            yield f"question {arm.questions[0]}, arm {arm.name!r}", arm.levels


def read_request(
    overrides: Sequence[Override], multirun: bool
) -> tuple[StudyRequest | None, list[Override], list[str]]:
    """Return what the command asks for by name, the other overrides, and what is wrong; a wrong file is a UserError."""
    named = [override for override in overrides if override.key_or_group in ("study", "question")]
    others = [override for override in overrides if override not in named]
    if not named:
        problem = "seeds: counts the seeds of a study or a question; for a plain sweep write seed=0,1,2"
        problems = [problem for override in others if override.key_or_group == "seeds"]
        keys = [override.key_or_group for override in others if override.key_or_group in OF_STUDIES]
        decides = "a plain sweep decides nothing; it belongs to study=NAME or question=NAME"
        return None, others, problems + [f"{key}: {decides}" for key in keys] + _judge_name(others)
    if problems := [problem for override in named if (problem := _refuse(override, multirun))]:
        raise UserError(*problems)
    if len(named) > 1:
        lines = " ".join(str(override.input_line) for override in named)
        raise UserError(
            f"{lines}: expected one study, or questions as in question=pooling,dropout; a study brings its own"
        )
    names = [str(name) for name in values_of(named[0])]
    study = read_study(names[0]) if named[0].key_or_group == "study" else None
    request = StudyRequest(study, tuple(map(read_question, study.questions if study else names)))
    problems = _conflicts(request, others, str(named[0].input_line)) + _judge_name(others, study)
    return request, others, problems


def _judge_name(others: Sequence[Override], study: Study | None = None) -> list[str]:
    """Return why a sweep cannot have the name that was typed, if one was."""
    typed = next((override for override in others if override.key_or_group == "name"), None)
    name = values_of(typed)[0] if typed else None
    if typed is None or name is None:
        return []
    if study is not None:
        return [f"{typed.input_line}: study={study.name} has its own name; leave one of them out"]
    if name == SCRATCH:
        return [f"{typed.input_line}: the name of all sweeps without one; leave it out, or choose another name"]
    if name in list_named("study"):
        return [f"{typed.input_line}: {name!r} is a study; choose another name, or run the study: -m study={name}"]
    return []


def _judge_design(request: StudyRequest, typed: Mapping[str, Any]) -> list[str]:
    """Return what cannot go with the design."""
    design, problems = request.settle(typed), []
    if typed.get("detect") is not None and not typed.get("plan_only"):
        problems.append("detect: proposes looks before anything is trained; write plan_only=true with it")
    problems += list_unfit(request.responses, design.name)
    if design.name == DesignName.FIXED:
        study, chosen = request.study, typed.get("design") == DesignName.FIXED  # then they wait for folds
        if study and not chosen and (study.folds != FOLDS or study.measured_share != 1):
            problems.append(
                f"study {study.name}: folds and measured_share belong to design=folds; its design is fixed, since it "
                "says something of seeds or splits, or the photographs of its data are not known. Leave them out"
            )
        if typed.get("repetitions") is not None:
            problems.append("repetitions: belongs to design=folds; of a fixed design a repetition is a seed: seeds=N")
        return problems
    if typed.get("seeds") is not None:
        problems.append("seeds: belongs to design=fixed; with design=folds write repetitions=N")
    if (count := typed.get("repetitions")) is not None and count > design.looks[-1]:
        problems.append(
            f"repetitions={count}: the last look of this study is at {design.looks[-1]}; declare more looks"
        )
    varied = {*request.common, *typed}.union(*(question.varied for question in request.questions))
    problems += [
        f"{key}: design=folds divides the images and chooses the seeds itself; leave it out, or write design=fixed"
        for key in OWNED
        if key in varied and key != "seed"  # which no study takes
    ]
    return problems


def _refuse(override: Override, multirun: bool) -> str | None:
    kind, text = override.key_or_group, override.input_line
    values = values_of(override)
    if isinstance(values[0], list):
        several = ",".join(map(str, values[0]))
        return f"{text}: for the union of several questions write -m question={several}, without brackets"
    if kind == "study" and len(values) > 1:
        return f"{text}: expected one study at a time"
    if len(set(map(str, values))) < len(values):
        return f"{text}: the same question is given twice"
    if not multirun:
        return f"{text}: a {kind} is many trials; write -m before it, as in: -m {text}"
    return None


def _conflicts(request: StudyRequest, others: Sequence[Override], text: str) -> list[str]:
    problems = []
    with suppress(TypeError, ValueError):  # if what was typed is no value of its key, which is said elsewhere
        problems += _judge_design(request, first_levels(others))
    varied: dict[str, str] = {key: question.name for question in request.questions for key in sorted(question.varied)}
    for override in others:
        key = override.key_or_group
        if key == "seed":
            problems.append(
                f"{override.input_line}: {text} takes seeds 0, 1, 2, ... in turn; write seeds=N, their number"
            )
        elif override.is_sweep_override():
            problems.append(f"{override.input_line}: {text} is the sweep; to add levels, write a question of your own")
        elif key in varied:
            problems.append(
                f"{key}: the question {varied[key]} varies it itself; leave it out, or leave the question out"
            )
    for key in {key for question in request.questions for key in question.common} if not request.study else ():
        values = {repr(question.common[key]) for question in request.questions if key in question.common}
        if len(values) > 1:
            problems.append(f"{key}: the questions set it to {' and '.join(sorted(values))}; ask them one at a time")
    problems += [
        f"two arms are called {name!r}; a name stands for one arm, so rename one of them"
        for name, count in Counter(arm.name for arm in request.arms).items()
        if count > 1
    ]
    named: dict[str, list[str]] = {}
    for question in request.questions:
        for name, levels in question.arms.items():
            every = {**question.reference, **levels}
            named.setdefault(name_arm(dict(sorted(every.items()))), []).append(name)
    problems += [
        f"the arms {' and '.join(map(repr, different))} have the same levels, and are one arm; expected one name for it"
        for names in named.values()
        if len(different := list(dict.fromkeys(names))) > 1
    ]
    tested = [arm for arm in request.arms if Role.CONFIRMATORY in map(arm.role_in, arm.questions)]
    if len(tested) > MAX_CONFIRMATORY:
        problems.append(
            f"{text}: {len(tested)} arms are to be tested; expected at most {MAX_CONFIRMATORY}. Ask fewer questions, "
            "or move levels to `exploratory`, which are shown and not tested"
        )
    return problems
