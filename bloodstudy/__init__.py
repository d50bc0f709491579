"""bloodstudy: ablation studies of blood-cell image classifiers.

A *trial* trains one *arm* (one combination of levels) in one *block* (split and seed); a *question* compares arms with
a *reference*; a *study* is a list of questions on one data set. `docs/glossary.md` has all the words.
CONTRIBUTING.md draws the rooms of the package; each imports only what stands below it.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bloodstudy.config.extension.declare import data_source, factor, metric, network
    from bloodstudy.config.levels import Choice, Flag, Real, Whole
    from bloodstudy.reporting.frames import load_study

__all__ = ["Choice", "Flag", "Real", "Whole", "data_source", "factor", "load_study", "metric", "network"]
PACKAGE = Path(__file__).resolve().parent  # what lies beside the code is found from here
__version__ = "0.1.0"
_PLACES: dict[str, str] = dict.fromkeys(("Choice", "Flag", "Real", "Whole"), "config.levels")
_PLACES["load_study"] = "reporting.frames"
_PLACES |= dict.fromkeys(("data_source", "factor", "metric", "network"), "config.extension.declare")


def __getattr__(name: str) -> Any:
    """Return what extensions and notebooks call; imported only when it is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'bloodstudy' has no attribute {name!r}")
    return getattr(import_module(f"bloodstudy.{_PLACES[name]}"), name)
