"""Hydra's command line: its own options read, its configuration made known to it, its launcher given the jobs.

In: the words of a command line. Out: options and overrides; a task that runs for each job.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from bloodstudy import model
from bloodstudy.cli.hydra_options import judge_flags
from bloodstudy.cli.overrides import GROUPS, RECORD
from bloodstudy.config import schema
from bloodstudy.config.extension.known import DATA_SOURCES
from bloodstudy.config.yaml_files import conf_folder, named, search_path
from bloodstudy.errors import UserError


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Split a command line into Hydra's own options and the overrides; raises UserError for what a run ignores."""
    parser = get_args_parser()
    parser.prog = "python -m bloodstudy"
    typed = parser.parse_intermixed_args(arguments)  # an option may stand between overrides
    if problems := judge_flags(typed):
        raise UserError(*problems)
    return typed


def launch(task: Callable[[DictConfig], Any], arguments: list[str]) -> None:
    """Give the command line to Hydra, which composes each job and hands it to `task` through the chosen launcher."""
    overrides = read_arguments(arguments).overrides
    options = [word for word in arguments if word not in overrides]
    # Overrides in one piece and first: Hydra's own parser takes no option between them.
    sys.argv[1:] = [*overrides, *search_path(), *options]
    GlobalHydra.instance().clear()
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(task)()


def register() -> None:
    """Make the schema, and the models that plug-ins add, known to Hydra."""
    store = ConfigStore.instance()
    noun, key = RECORD.split(".")
    store.store("schema", schema.defaults() | {noun: {key: None}})
    for group in GROUPS:  # what an earlier command of this process may have left
        store.repo.pop(group, None)
    # A file of that name, of ours or of the user, says what is native to the network; Hydra would match the two.
    written = {*(file.stem for file in (conf_folder() / "model").glob("*.yaml")), *named("model")}
    for name in model.names():
        if name not in written:
            store.store(group="model", name=name, package="_global_", node={"model": {"name": name}})
    for name in DATA_SOURCES.keys() - named("data").keys():
        store.store(group="data", name=name, node={"name": name})
