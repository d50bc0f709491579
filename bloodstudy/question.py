"""A question of conf/question, written out as the sweep that answers it.

In: the words of a command line with `question=NAME` among them. Out: the same words with the question's own setting,
seeds and levels in its place, and the question. What is typed beside it wins over its setting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from bloodstudy.compose import conf_folder
from bloodstudy.design import spell
from bloodstudy.errors import UserError, nearest


@dataclass(frozen=True)
class Question:
    """One sentence ending in a question mark, and what is to be varied to answer it."""

    name: str
    sentence: str
    factor: str  # the key that is varied
    levels: tuple[Any, ...]  # the first is what the others are compared with
    seeds: int
    setting: dict[str, Any]  # what all its trials share


def expand(arguments: list[str]) -> tuple[list[str], Question | None]:
    """Return the command line without `question=NAME` but with its sweep, and the question; unchanged without one.

    Raises UserError where there is no such question, it is asked without -m, or its own factor is typed beside it.
    """
    asked = [word for word in arguments if word.startswith("question=")]
    if not asked:
        return arguments, None
    question = read_question(asked[0].removeprefix("question="))
    typed = {word.split("=")[0] for word in arguments if "=" in word and not word.startswith("-")}
    problems = []
    if len(asked) > 1:
        problems.append(f"{' '.join(asked)}: expected one question at a time")
    if not {"-m", "--multirun"} & set(arguments):
        problems.append(f"{asked[0]}: a question is answered by a sweep; write -m before it, as in: -m {asked[0]}")
    if question.factor in typed:
        problems.append(f"{question.factor}: {asked[0]} varies it itself; leave it out, or leave the question out")
    if problems:
        raise UserError(*problems)
    words = [f"{key}={spell(value)}" for key, value in question.setting.items() if key not in typed]
    if "seed" not in typed:
        words.append("seed=" + ",".join(str(seed) for seed in range(question.seeds)))
    words.append(f"{question.factor}=" + ",".join(spell(level) for level in question.levels))
    at = arguments.index(asked[0])
    return [*arguments[:at], *words, *arguments[at + 1 :]], question


def read_question(name: str) -> Question:
    """Return the question of conf/question/NAME.yaml, in the working folder or ours; UserError where it is wrong."""
    folders = [Path("conf", "question"), conf_folder() / "question"]
    found = {file.stem: file for folder in reversed(folders) for file in sorted(folder.glob("*.yaml"))}
    if name not in found:
        raise UserError(f"question: expected one of {', '.join(found)}; received {name!r}.{nearest(name, found)}")
    try:
        content = yaml.safe_load(found[name].read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{found[name]} cannot be read as YAML: {' '.join(str(error).split())}") from error
    expected = {field.name for field in fields(Question)} - {"name"}
    if not isinstance(content, dict) or set(content) != expected:
        received = ", ".join(map(str, content)) if isinstance(content, dict) else repr(content)
        raise UserError(f"{found[name]}: expected the keys {', '.join(sorted(expected))}; received {received}")
    if problems := _problems(content):
        raise UserError(*(f"{found[name]}: {problem}" for problem in problems))
    content["levels"] = tuple(content["levels"])
    return Question(name=name, **content)


def _problems(content: dict[str, Any]) -> list[str]:
    """Return what is wrong with the values; keys and levels themselves are judged as if they were typed."""
    problems = []
    if not str(content["sentence"]).endswith("?"):
        problems.append(f"sentence: expected one that ends in a question mark; received {content['sentence']!r}")
    if not isinstance(content["levels"], list) or len(content["levels"]) < 2:
        problems.append(f"levels: expected two or more; received {content['levels']!r}")
    if not isinstance(content["seeds"], int) or content["seeds"] < 1:
        problems.append(f"seeds: expected a whole number of at least 1; received {content['seeds']!r}")
    if not isinstance(content["setting"], dict):
        problems.append(f"setting: expected key: value, one a line; received {content['setting']!r}")
    return problems
