"""What was typed, checked before anything runs.

In: the overrides of a command line. Out: one checked job a combination, or one an arm and seed of the study or the
questions asked for, in the order in which they will run. Hydra by itself stops at the first bad override and never
looks at the values of a sweep; here each override and each swept value is judged alone, then each combination, and all
problems are reported together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodstudy import model
from bloodstudy.cli.hydra_options import judge_options
from bloodstudy.cli.launch import register
from bloodstudy.cli.overrides import (
    GROUPS,
    RECORD,
    TYPED_ALONE,
    first_levels,
    is_hydras,
    judge,
    parse,
    refuse_many,
    repeated,
    values_of,
    write,
)
from bloodstudy.cli.request import StudyRequest, read_request
from bloodstudy.cli.unread import list_replaced_factors, list_unread, list_unread_factors
from bloodstudy.config import schema
from bloodstudy.config.levels import is_whole
from bloodstudy.config.weights import identify
from bloodstudy.config.yaml_files import conf_folder, judge_own_files, search_path
from bloodstudy.errors import UserError
from bloodstudy.study.arms import Arm
from bloodstudy.study.design import Design, DesignName
from bloodstudy.study.question import SCRATCH


@dataclass(frozen=True)
class RequestedTrial:
    """One combination of a sweep, or one arm with one seed: every level of it, and its settings, which are checked."""

    levels: dict[str, Any]
    settings: schema.Settings
    arm: Arm | None = None  # None: a plain sweep


@dataclass(frozen=True)
class RunRequest:
    """All jobs of one command; `swept` holds the levels of each key that was given several."""

    swept: dict[str, tuple[Any, ...]]
    jobs: tuple[RequestedTrial, ...]
    hydras: tuple[str, ...] = ()  # what was typed for Hydra itself, such as its launcher
    study: StudyRequest | None = None  # None: a plain sweep
    seeds: int | None = None  # of the planned ones, those below it are what this command is about; None: all
    design: Design | None = None  # None: a plain sweep

    @property
    def name(self) -> str:
        """The name of its run folder: that of the study, or the one that was typed, or `scratch`."""
        if self.study and self.study.study:
            return self.study.study.name
        return self.jobs[0].settings.control.name or SCRATCH


def check(overrides: list[str], multirun: bool, exempt: Collection[str] = ()) -> RunRequest:
    """Return the jobs that `overrides` ask for; raises UserError with every problem found.

    A key that nothing reads is one, unless it is `exempt`.
    """
    parsed, problems = parse(overrides)
    problems += judge_own_files(GROUPS)
    hydras = [override for override in parsed if is_hydras(override)]
    refuse_many(math.prod(len(values_of(override)) for override in parsed), "the product of all levels")
    study, levels, conflicts = read_request([override for override in parsed if not is_hydras(override)], multirun)
    if study is not None:
        refuse_many(_count_trials(levels, study), f"{len(study.arms):,} arms in all blocks")
    with _hydra():
        for override in levels:
            problems += judge(override, multirun)
        problems += judge_options(hydras) + conflicts + repeated(parsed)
        if study is not None:
            for place, written in study.written():
                problems += [f"{place}: {problem}" for problem in _judge_written(written)]
        if problems:
            raise UserError(*problems)
        typed = tuple(override.input_line or "" for override in hydras)
        request = _combine(levels, typed) if study is None else _arrange(levels, typed, study)
    asked = [(job.levels, job.settings.data, job.settings.data.split) for job in request.jobs]
    unread = list_unread(asked, exempt)
    unread += list_replaced_factors([(job.levels, job.settings.factors) for job in request.jobs])
    if unread := unread + list_unread_factors([(job.levels, job.settings.model.name) for job in request.jobs]):
        raise UserError(*unread)
    return request


def _judge_written(levels: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with overrides that stand in a file, as if they had been typed."""
    parsed, problems = parse([write(key, value) for key, value in levels.items()])
    hydras = [f"{o.key_or_group}: a file of ours sets no option of Hydra" for o in parsed if is_hydras(o)]
    unfit = [f"{o.key_or_group}: only the command line sets it" for o in parsed if o.key_or_group in TYPED_ALONE]
    return problems + hydras + unfit + [problem for override in parsed for problem in judge(override, False)]


@contextmanager
def _hydra() -> Iterator[None]:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        _base.cache_clear()
        yield


def _combine(overrides: list[Override], hydras: tuple[str, ...]) -> RunRequest:
    levels = {override.key_or_group: values_of(override) for override in overrides}
    combinations = [dict(zip(levels, each, strict=True)) for each in itertools.product(*levels.values())]
    jobs = map(RequestedTrial, combinations, _check_all(combinations, hydras))
    swept = {o.key_or_group: tuple(values_of(o)) for o in overrides if o.is_sweep_override()}
    return RunRequest(swept, tuple(jobs), hydras)


def _arrange(overrides: list[Override], hydras: tuple[str, ...], study: StudyRequest) -> RunRequest:
    """Return one job an arm and block: all arms of the first block, then all of the next: answers come early."""
    typed = first_levels(overrides)
    design = study.settle(typed)
    wanted, planned = _count_repetitions(typed, design)
    blocks = design.blocks(planned)
    levels = [{**study.common, **typed, **arm.levels, **block.levels} for block in blocks for arm in study.arms]
    jobs = map(RequestedTrial, levels, _check_all(levels, hydras), [*study.arms] * len(blocks))
    last = design.blocks(wanted)[-1].seed
    return RunRequest({}, tuple(jobs), hydras, study, last + 1, design)


def _count_repetitions(typed: Mapping[str, Any], design: Design) -> tuple[int, int]:
    """Return how many repetitions the command is about, and how many are planned."""
    named = typed.get("repetitions" if design.name == DesignName.FOLDS else "seeds")
    wanted = named if is_whole(named) else design.planned
    return wanted, max(wanted, design.planned)


def _count_trials(overrides: list[Override], study: StudyRequest) -> int:
    typed = first_levels(overrides)
    try:
        design = study.settle(typed)
        return _count_repetitions(typed, design)[1] * design.folds * len(study.arms)
    except (TypeError, ValueError):  # what was typed is no value of its key, which is said later
        return 0


def _check_all(combinations: list[dict[str, Any]], hydras: tuple[str, ...]) -> list[schema.Settings]:
    """Return the settings of each combination of levels; raises UserError with the problems of all."""
    settings, problems, models = [], {}, model.names()  # once: to ask for plug-ins takes some milliseconds
    for levels in combinations:
        try:
            settings.append(_check_one(levels, hydras, models))
        except UserError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise UserError(*problems)
    return settings


def _check_one(levels: dict[str, Any], hydras: tuple[str, ...], models: Collection[str]) -> schema.Settings:
    groups = tuple(f"{key}={value}" for key, value in levels.items() if key in GROUPS)
    typed = {key: value for key, value in levels.items() if key not in GROUPS}
    settings = schema.settings(_base(groups, hydras) | typed)
    weights = identify(settings.factors.weights)
    settings = replace(settings, factors=replace(settings.factors, weights=weights))
    if settings.model.name not in models:
        raise UserError(f"model.name: expected one of {', '.join(models)}; received {settings.model.name!r}")
    # How many classes there are, the data will say: two are the fewest.
    if problems := model.check(settings.model.name, settings.factors, classes=2):
        raise UserError(*problems)
    return settings


@lru_cache(maxsize=64)
def _base(groups: tuple[str, ...], hydras: tuple[str, ...]) -> dict[str, Any]:
    # One composition for each choice of groups serves all their levels: composing takes 0.1 s, a large sweep minutes.
    try:
        composed = compose("config", [*groups, *hydras, *search_path()])
        content: dict[str, Any] = OmegaConf.to_container(composed, resolve=False)  # type: ignore[assignment]
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        first_lines = " ".join(line.strip() for line in str(error).splitlines()[:8] if line.strip())
        raise UserError(f"the configuration cannot be composed: {first_lines}") from error
    return {key: value for key, value in schema.flatten(content).items() if key != RECORD}  # that is a job's alone
