"""What an extension calls to say what it brings. `bloodstudy.factor` and so on are these functions.

In: names, levels, functions. Out: the `Declared` that is being filled while an extension is imported. A declaration
that cannot be is a ValueError, in words for the author of the extension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from bloodstudy.config.extension.declared import Builder, DataSource, Declared, Metric, Network, filling
from bloodstudy.config.factors import FACTORS, HOOKS, OwnFactor
from bloodstudy.config.levels import Rule, is_name
from bloodstudy.config.rules import BUILT_IN, check_value
from bloodstudy.config.schema import Factors

NAME = re.compile("[a-z][a-z0-9_]{0,59}")
WHEN = ("train", "always")
NOUNS = ("model", "data", "study", "question", "extend")
# Columns of the table of trials and of the history that are no factors; a test holds it to those that a trial has.
COLUMNS = frozenset(
    (
        "accuracy_gap", "arm", "attempts", "data", "epoch", "epoch_seconds", "epochs_done", "evaluate_seconds",
        "failures", "fit_accuracy", "fit_loss", "fit_seconds", "fold", "images_per_second", "judged", "key", "model",
        "outcome", "parameters", "peak_memory_mb", "prediction_hash", "reason", "repetition", "resumed_after", "split",
        "test_accuracy", "test_accuracy_all", "test_images_all", "test_loss", "test_macro_f1", "threads",
        "together", "train_accuracy", "train_loss", "validation_accuracy", "validation_loss", "wall_seconds",
    )
)  # fmt: skip


def factor(
    name: str,
    *,
    levels: Rule,
    doc: str,
    neutral: Any = None,
    default: Any = None,
    hook: str | None = None,
    build: Builder | None = None,
    when: str = "train",
    timed: bool = True,
    ordered: bool = False,
) -> None:
    """Declare a factor.

    Args:
        name: the key by which it is typed.
        levels: `Real`, `Whole`, `Choice` or `Flag`.
        doc: what it is, in a few words, with its unit.
        neutral: the level at which it changes nothing; a hook is not built there.
        default: the level if none is typed; the neutral one if it is not given.
        hook: where it takes part: one of image, batch, block_end, head, optimizer, loss, schedule, callbacks,
            class_weight. None: networks read it, as `factors.<name>`.
        build: function(level, context) that returns what the hook needs.
        when: of image and batch: "train", or "always": when the model is measured too.
        timed: whether it changes how long a batch takes.
        ordered: of a `Choice`, whether its levels rise as they stand, so that a report draws a dose and its response.
            Numbers always do.
    """
    into = _open()
    _check_name(name, {**into.factors, **into.metrics})
    if name in BUILT_IN or name in NOUNS or hasattr(Factors, name):
        raise ValueError(f"factor {name!r}: bloodstudy has a key of this name; expected another name")
    if not isinstance(levels, Rule) or not levels.plain:
        raise ValueError(f"factor {name!r}, levels: expected Real, Whole, Choice or Flag; received {levels!r:.80}")
    if unreadable := [level for level in levels.levels if not is_name(level)]:
        raise ValueError(
            f"factor {name!r}, levels: {unreadable[0]!r:.80} is not read as a name if it is typed or stands in a file; "
            "expected words, such as 'none' or 'one'. Numbers are Whole or Real, a switch is Flag"
        )
    _check_hook(name, hook, build, when)
    default = neutral if default is None else default
    if default is None:
        raise ValueError(f"factor {name!r}: expected `neutral`, the level that changes nothing, or `default`")
    if hook and neutral is None:
        raise ValueError(f"factor {name!r}: a hook needs `neutral`, the level at which it is not built")
    for what, level in (("neutral", neutral), ("default", default)):
        if level is not None and (problem := check_value(what, level, {what: levels})):
            raise ValueError(f"factor {name!r}, {problem}")
    if not isinstance(doc, str) or not doc.strip():
        raise ValueError(f"factor {name!r}, doc: expected a few words on what it is; received {doc!r:.80}")
    if ordered and not levels.levels:
        raise ValueError(f"factor {name!r}, ordered: only names need it, in a Choice; received {levels.expected}")
    into.factors[name] = OwnFactor(
        name, levels, default, neutral, hook, when, doc.strip(), timed, ordered=bool(ordered)
    )
    if build is not None:
        into.builders[name] = build


def network(name: str, *, reads: Iterable[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a network: a function(factors, input_shape, classes) that returns a Keras model.

    `reads` names the factors that it reads; any other factor of a network's shape is refused beside it.
    """
    into = _open()
    _check_name(name, into.networks)
    if isinstance(reads, str) or not all(isinstance(one, str) for one in reads):
        raise ValueError(f"network {name!r}, reads: expected the names of factors; received {reads!r:.80}")

    def keep(build: Callable[..., Any]) -> Callable[..., Any]:
        into.networks[name] = Network(name, tuple(reads), build)
        return build

    return keep


def data_source(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare images: a function(root) that yields (path, label, side or None, photograph or None) of each.

    `path` lies in the folder `root`, side is train or test, for all images or for none. Images of one photograph share
    its name, so that no division puts them on both sides.
    """
    into = _open()
    _check_name(name, into.data_sources)

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        into.data_sources[name] = DataSource(name, function)
        return function

    return keep


def metric(name: str, *, higher_is_better: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a metric: a function(probabilities, labels) that returns a number from -1 to 1.

    It is given the test images of a trial: probabilities, float (N, classes), whose rows sum to 1, and the true
    classes, int (N,). Its number is shown beside accuracy, and a study can declare it as its response.
    """
    into = _open()
    _check_name(name, {**into.factors, **into.metrics})
    if is_taken(name) or name in FACTORS:
        raise ValueError(f"metric {name!r}: a trial has a number or a factor of this name; expected another name")
    if not isinstance(higher_is_better, bool):
        raise ValueError(
            f"metric {name!r}, higher_is_better: expected True or False; received {higher_is_better!r:.80}"
        )

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        into.metrics[name] = Metric(name, function, higher_is_better)
        return function

    return keep


def is_taken(name: str) -> bool:
    """Tell whether the table of trials has a column of this name, or could have one."""
    return name in COLUMNS or bool(re.fullmatch("test_recall_.*|.*_clean", name))


def _open() -> Declared:
    into = filling.get()
    if into is None:
        raise RuntimeError("this is declared in an extension, which a command reads: ... extend=FILE")
    return into


def _check_name(name: Any, taken: Iterable[str]) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"expected a name of small letters, digits and _, at most 60; received {name!r:.80}")
    if name in taken:
        raise ValueError(f"{name!r} is declared twice; expected each name once")


def _check_hook(name: str, hook: Any, build: Any, when: Any) -> None:
    if hook is not None and hook not in HOOKS:
        raise ValueError(f"factor {name!r}, hook: expected one of {', '.join(HOOKS)}; received {hook!r:.80}")
    if (hook is None) != (build is None):
        raise ValueError(f"factor {name!r}: expected `hook` and `build` together, or neither if networks read it")
    if build is not None and not callable(build):
        raise ValueError(f"factor {name!r}, build: expected a function of level and context; received {build!r:.80}")
    if when not in WHEN:
        raise ValueError(f"factor {name!r}, when: expected one of {', '.join(WHEN)}; received {when!r:.80}")
