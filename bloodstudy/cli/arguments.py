"""Which stored study a command is about.

In: the words after a command that trains nothing: `study=NAME runs_dir=FOLDER reports_dir=FOLDER` and keys of its own.
Out: the checked values, and a `StudyLocation`: the study that was named, or the one planned last. Plain text and not
Hydra's grammar: nothing is composed or swept here, and a file may be called anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from bloodstudy.config.rules import RULES, STUDY, Rule, check_value, unknown_key
from bloodstudy.config.schema import Places
from bloodstudy.config.yaml_files import named
from bloodstudy.errors import UserError, nearest
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.run_folder import StudyLocation, list_studies

KEYS = {"study": STUDY} | {name: RULES[name] for name in ("runs_dir", "reports_dir")}


def read_keys(arguments: list[str], usage: str, more: Mapping[str, Rule] | None = None) -> dict[str, str]:
    """Return the value of each key that was typed; raises UserError with all that the command cannot use.

    `usage` begins with the line that says how the command is typed; `more` are the keys that it alone has.
    """
    line = usage.splitlines()[0]
    command = line.split()[2].removeprefix("bloodstudy.")
    rules = KEYS | dict(more or {})
    if options := [word for word in arguments if word.startswith("-")]:
        raise UserError(f"{' '.join(options)}: a {command} has no such option. Type: {line}")
    typed, problems, others = {}, [], []
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals:
            problems.append(f"cannot read {word!r}: expected key=value. Type: {line}")
        elif key in typed:
            problems.append(f"{key!r} is given twice; give it once")
        elif key in rules:
            typed[key] = _unquote(value)
            problems.append(check_value(key, typed[key], rules))
        elif key == "name":
            problems.append(f"{word}: here the sweep of that name is study={value}")
        elif key in RULES or key in ("model", "data", "question"):
            others.append(word)
        else:
            problems.append(unknown_key(key, tuple(rules)))
    if others:
        problems.append(
            f"{' '.join(others)}: a {command} shows what was run, so it takes no factors, model or data; expected "
            f"{', '.join(f'{key}=' for key in rules)}. To train something else: python -m bloodstudy.run"
        )
    if problems := [problem for problem in problems if problem]:
        raise UserError(*problems)
    return typed


def find_study(typed: Mapping[str, str]) -> StudyLocation:
    """Return the study of `typed`, or the one planned last; raises UserError if a named one has no plan.

    If nothing was ever run it is the study of plain runs, and reading its plan says so.
    """
    places = Places(**{name: typed[name] for name in asdict(Places()) if name in typed})
    planned = list_studies(Path(places.runs_dir))
    name = typed.get("study")
    if name and name not in planned and name in named("study"):
        raise UserError(
            f"study={name}: nothing of it was run in {places.runs_dir} yet. Begin it, or look at its plan with "
            f"plan_only=true: python -m bloodstudy.run -m study={name}{_runs_dir_of(places)}"
        )
    if name and planned and name not in planned:
        raise UserError(
            f"study: expected one of {', '.join(planned)}, which {places.runs_dir} holds; received {name!r}."
            + nearest(name, planned)
        )
    return StudyLocation(name or (planned[0] if planned else SCRATCH), places)


def _runs_dir_of(places: Places) -> str:
    return "" if places.runs_dir == Places().runs_dir else f" runs_dir={places.runs_dir}"


def _unquote(value: str) -> str:
    # Hydra needs quotes around some paths, so who has typed them for `run` types them here too.
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
