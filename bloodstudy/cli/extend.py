"""`extend=`: which extensions a command brings, before anything else of what was typed is judged.

In: overrides. Out: the others, and the extensions that were named, described. An extension is code, so that it is typed
and stands in no file that could come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from bloodstudy.config.extension.describe import describe
from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.source import find
from bloodstudy.errors import UserError

KEY = "extend"


def read_extensions(overrides: Sequence[str]) -> tuple[list[str], list[Extension]]:
    """Return the overrides without `extend=`, and the extensions that it names; raises UserError if one is none."""
    typed = [text for text in overrides if text.partition("=")[0] == KEY]
    others = [text for text in overrides if text not in typed]
    if not typed:
        return others, []
    if len(typed) > 1:
        raise UserError(f"{' '.join(typed)}: give it once; for several write extend=[ONE,OTHER]")
    try:
        override = OverridesParser.create().parse_override(typed[0])
    except HydraException as error:
        raise UserError(
            f"cannot read {typed[0]!r}: expected extend=FILE, a folder or an installed extension"
        ) from error
    if override.is_sweep_override():
        raise UserError(f"{typed[0]}: {KEY} is not swept; for several write extend=[ONE,OTHER]")
    value = override.value()
    names = value if isinstance(value, list) else [value]
    paths = [name for name in names if isinstance(name, str) and name]
    if not names or len(paths) < len(names):
        raise UserError(f"{typed[0]}: expected extend=FILE, a folder or an installed extension; received {value!r}")
    sources = [find(name) for name in paths]
    if len({source.digest for source in sources}) < len(sources):
        raise UserError(f"{typed[0]}: the same extension is given twice")
    return others, [describe(source) for source in sources]
