"""What was typed, checked before anything runs.

In: the overrides of a command line. Out: one checked job a combination, in the order in which Hydra will run them.
Hydra by itself stops at the first bad override and never looks at the values of a sweep; here each override and each
swept value is judged alone, then each combination, and all problems are reported together.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodstudy import config, model
from bloodstudy.errors import UserError
from bloodstudy.overrides import GROUPS, is_hydras, judge, parse, repeated, values_of


@dataclass(frozen=True)
class Job:
    """One combination of a sweep: the levels typed for it and the whole checked configuration."""

    levels: dict[str, Any]
    settings: config.Settings


@dataclass(frozen=True)
class Sweep:
    """All jobs of one command; `swept` holds the levels of each key that was given several."""

    swept: dict[str, tuple[Any, ...]]
    jobs: tuple[Job, ...]


def conf_folder() -> Path:
    """Return the folder of the configuration: the wheel's own, or the clone's."""
    package = Path(__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def search_path() -> list[str]:
    """Return the override that adds the working folder's own `conf`, where there is another one."""
    own = Path("conf").resolve()
    return [f"hydra.searchpath=['file://{own}']"] if own.is_dir() and own != conf_folder() else []


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Split a command line into Hydra's own options and the overrides."""
    parser = get_args_parser()
    parser.prog = "python -m bloodstudy"
    return parser.parse_args(arguments)


def launch(task: Callable[[DictConfig], Any], arguments: list[str]) -> None:
    """Give the command line to Hydra, which composes each job and hands it to `task` through the chosen launcher."""
    sys.argv[1:] = [*arguments, *search_path()]
    GlobalHydra.instance().clear()
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(task)()


def register() -> None:
    """Make the schema, and the models that plug-ins add, known to Hydra."""
    store = ConfigStore.instance()
    store.store("schema", config.defaults())
    shipped = {file.stem for file in (conf_folder() / "model").glob("*.yaml")}
    for name in model.names():
        if name not in shipped:
            store.store(group="model", name=name, package="_global_", node={"model": {"name": name}})


def check(overrides: list[str], multirun: bool) -> Sweep:
    """Return the jobs that `overrides` ask for; raises UserError with every problem found."""
    parsed, problems = parse(overrides)
    with _hydra():
        for override in parsed:
            problems += judge(override, multirun)
        problems += repeated(parsed)
        if problems:
            raise UserError(*problems)
        return _combine([o for o in parsed if not is_hydras(o)], [o for o in parsed if is_hydras(o)])


@contextmanager
def _hydra() -> Iterator[None]:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        _base.cache_clear()
        yield


def _combine(own: list[Override], hydras: list[Override]) -> Sweep:
    keys = [override.key_or_group for override in own]
    levels = [values_of(override) for override in own]
    hydra_lines = tuple(o.input_line or "" for o in hydras if not o.is_sweep_override())
    jobs, problems = [], {}
    for combination in itertools.product(*levels):
        chosen = dict(zip(keys, combination, strict=True))
        try:
            jobs.append(Job(chosen, _settle(chosen, hydra_lines)))
        except UserError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise UserError(*problems)
    swept = {o.key_or_group: tuple(values_of(o)) for o in own if o.is_sweep_override()}
    return Sweep(swept, tuple(jobs))


def _settle(chosen: dict[str, Any], hydra_lines: tuple[str, ...]) -> config.Settings:
    groups = tuple(f"{key}={value}" for key, value in chosen.items() if key in GROUPS)
    content = copy.deepcopy(_base(groups, hydra_lines))
    for key, value in chosen.items():
        if key not in GROUPS:
            *path, last = key.split(".")
            node = content
            for part in path:
                node = node[part]
            node[last] = value
    settled = config.settings(content)
    if settled.model.name not in model.names():
        known = ", ".join(model.names())
        raise UserError(f"model.name: expected one of {known}; received {settled.model.name!r}")
    problems = model.check(settled.model.name, settled.factors, classes=2)  # how many there are, the data will say
    if problems:
        raise UserError(*problems)
    return settled


@lru_cache(maxsize=64)
def _base(groups: tuple[str, ...], hydra_lines: tuple[str, ...]) -> dict[str, Any]:
    # One composition for each choice of groups serves all their levels: composing takes 0.1 s, a large sweep minutes.
    try:
        composed = compose("config", [*groups, *hydra_lines, *search_path()])
        return OmegaConf.to_container(composed, resolve=False)  # type: ignore[return-value]
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        raise UserError(f"the configuration cannot be composed: {_first_lines(error)}") from error


def _first_lines(error: Exception) -> str:
    return " ".join(line.strip() for line in str(error).splitlines()[:8] if line.strip())
