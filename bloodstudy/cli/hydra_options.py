"""Hydra's own options: what of them a run obeys. What it would silently ignore is refused with the reason.

In: options that begin with a dash, overrides of keys that begin with `hydra`. Out: a sentence for each that cannot be.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from hydra import compose
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bloodstudy.config.yaml_files import search_path
from bloodstudy.errors import nearest

OWN_FILES = "the configuration is bloodstudy's own; expected key=value, or model=NAME with conf/model/NAME.yaml here"
_REFUSED = {  # Hydra's name of an option -> why it has no part in a run
    "config_name": OWN_FILES,
    "config_path": OWN_FILES,
    "config_dir": OWN_FILES,
    "experimental_rerun": "the same command, typed again, goes on from the finished trials",
}
_LAUNCHER = "hydra/launcher"
_OBEYED = (
    _LAUNCHER, "hydra.launcher.", "hydra.verbose",
    "hydra/job_logging", "hydra.job_logging.", "hydra/hydra_logging", "hydra.hydra_logging.",
)  # fmt: skip
_WHY_NOT = {
    "hydra.mode": "write -m for a sweep, and leave it out for one trial",
    "hydra/sweeper": "the sweeper is bloodstudy's own, which plans all trials before the first; choose hydra/launcher",
    "hydra.sweeper": "the sweeper has no parameters; type the levels, as in -m lr=1e-2,1e-3",
    "hydra.job.env_set": "what is typed is kept in the plan; set it in the environment of the command",
    "hydra.run": "runs_dir=FOLDER says where results go",
    "hydra.sweep": "runs_dir=FOLDER says where results go",
    "hydra.searchpath": "conf/ of this folder is searched already",
}


def judge_flags(typed: argparse.Namespace) -> list[str]:
    """Return a sentence for each option with a dash that a run would not obey."""
    problems = [
        f"--{name.replace('_', '-')}: {reason}" for name, reason in _REFUSED.items() if getattr(typed, name) is not None
    ]
    if typed.run and typed.multirun:
        problems.append("--run and -m: expected one of them; -m makes a sweep")
    if typed.cfg and typed.multirun:
        problems.append("--cfg and -m: it shows the configuration of one trial; leave -m out")
    if typed.cfg is None and (typed.resolve or typed.package):
        problems.append("--resolve and --package: they show a part of --cfg job; expected that with them")
    return problems


def judge_options(overrides: Sequence[Override]) -> list[str]:
    """Return a sentence for each override of Hydra's own keys that a run would not obey.

    Needs an initialised Hydra. The choice of a launcher is judged with its options, which only it knows.
    """
    problems = [problem for override in overrides if (problem := _refuse(override))]
    options = [o for o in overrides if o.key_or_group.startswith("hydra.launcher.")]
    if problems or not options:
        return problems
    chosen = [str(o.input_line) for o in overrides if o.key_or_group == _LAUNCHER]
    try:
        known: Any = OmegaConf.to_container(
            compose("config", [*chosen, *search_path()], return_hydra_config=True).hydra.launcher, resolve=False
        )
    except (HydraException, OmegaConfBaseException):
        return []  # an unknown launcher, or a damaged file of one: what composes the whole says so
    names = sorted(name for name in known if not name.startswith("_"))
    return [problem for option in options if (problem := _judge_option(option, names, chosen))]


def _refuse(override: Override) -> str | None:
    key, text = override.key_or_group, override.input_line
    if "_target_" in str(text):
        return f"{text!r}: configuration runs no code; leave out what ends in _target_"
    if key.startswith(_OBEYED):
        return None
    reasons = [reason for name, reason in _WHY_NOT.items() if key == name or key.startswith(f"{name}.")]
    advice = reasons[0] if reasons else f"of Hydra's own keys a run reads {_LAUNCHER} and hydra.launcher alone"
    return f"{text!r}: {advice}"


def _judge_option(option: Override, names: Sequence[str], chosen: Sequence[str]) -> str | None:
    name = option.key_or_group.split(".")[2]
    if name in names:
        return None
    if not chosen:
        return (
            f"{option.input_line!r}: no launcher is chosen, and its options go with one; "
            f"write {_LAUNCHER}=joblib, submitit_local, slurm or ray_cluster with it"
        )
    expected = f"expected one of {', '.join(names)}.{nearest(name, names)}"
    return f"{option.input_line!r}: {chosen[0]} has no option {name!r}; {expected}"
