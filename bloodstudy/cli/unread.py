"""Keys that were typed, or stand in a file of one's own, and that none of the trials asked for reads.

In: the levels, the data and the split of each trial. Out: a sentence for each such key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bloodstudy.cli.overrides import GROUPS
from bloodstudy.config import schema
from bloodstudy.config.extension.known import is_read
from bloodstudy.config.factors import FACTORS, list_replaced
from bloodstudy.config.readers import find_unread
from bloodstudy.config.yaml_files import conf_folder, is_global, named, read_yaml
from bloodstudy.study.arms import spell


def list_unread(
    asked: Sequence[tuple[Mapping[str, Any], schema.DataChoice, str]], exempt: Collection[str] = ()
) -> list[str]:
    """Return a sentence for each key that no trial reads; of each trial are given levels, data, and split or `auto`."""
    choices = [tuple(str(levels.get(group)) for group in GROUPS) for levels, _, _ in asked]
    of_files = {choice: _keys_of_files(choice) for choice in set(choices)}
    keys = [{*levels, *of_files[choice]} - set(exempt) for choice, (levels, _, _) in zip(choices, asked, strict=True)]
    problems = []
    for key in sorted(set().union(*keys)):
        chosen = [(data, split) for own, (_, data, split) in zip(keys, asked, strict=True) if key in own]
        problems.append(find_unread(key, chosen))
    return [problem for problem in problems if problem]


def list_replaced_factors(asked: Sequence[tuple[Mapping[str, Any], schema.Factors]]) -> list[str]:
    """Return a sentence for each factor that is varied where a user's own factor has taken its place."""
    varied: dict[tuple[str, str], set[str]] = {}
    for levels, factors in asked:
        for key, owner in list_replaced(factors.levels).items():
            if key in levels:
                varied.setdefault((key, owner), set()).add(spell(levels[key]))
    return [
        f"{key} changes nothing beside {owner}, which is in its place; leave one of them out"
        for (key, owner), several in varied.items()
        if len(several) > 1
    ]


def list_unread_factors(asked: Sequence[tuple[Mapping[str, Any], str]]) -> list[str]:
    """Return a sentence for each factor that is varied in vain; of each trial are given levels and model.

    It is, if a model that does not read it is trained with several levels of it, or if no model reads it at all.
    """
    problems = []
    for key in sorted({key for levels, _ in asked for key in levels} & FACTORS.keys()):
        varied = {model: {spell(levels.get(key)) for levels, one in asked if one == model} for _, model in asked}
        unread = [model for model in varied if not is_read(model, key)]
        problems += [
            f"{key} changes nothing in model={model}, which does not read it; leave it out, or choose another model"
            for model in unread
            if len(varied[model]) > 1 or len(unread) == len(varied)
        ]
    return problems


def _keys_of_files(choice: Sequence[str]) -> set[str]:
    """Return the keys that the user's own files set, of the model and the data that are chosen."""
    keys: set[str] = set()
    for group, name in zip(GROUPS, choice, strict=True):
        path = named(group).get(name)
        if path is not None and not path.is_relative_to(conf_folder()):
            keys |= {*schema.flatten(read_yaml(path), "" if is_global(path) else f"{group}.")}
    return keys
