"""Each measured number of a report as a claim: what it is, how it comes about, of which trials.

In: values with their formulas, added while the report is rendered. Out: their texts between marks, which `unmark` takes
away again for report.md, which `html` makes links of and by which `verify` finds them; and the content of claims.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace

WriteNumber = Callable[[str, float, str], str]  # what it is, its value, its format; returns the text
FORMAT = 1
NONE = "–"  # what is printed where there is no number
# Private-use characters: `markdown.visible` and `markdown.fence` let none through, so that no name can forge a mark.
_OPEN, _BETWEEN, _CLOSE = "\ue000", "\ue001", "\ue002"
MARK = re.compile(f"{_OPEN}([0-9]+){_BETWEEN}([^{_OPEN}{_BETWEEN}{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True)
class Claim:
    """One number of a report."""

    name: str  # a path that stays, such as effect/pooling=average/test_accuracy/mean
    formula: str  # one line, by which a reader gets it from the trials' predictions
    trials: tuple[str, ...]  # keys, in the order of the plan
    value: float | None  # six significant digits, whole numbers exactly; None where there is no finite one
    texts: tuple[str, ...]  # as it is printed


class Ledger:
    """The claims of one report while it is rendered.

    Args:
        study: its name.
        plan: the hash of its plan; None for plain runs and sweeps.
        trials: the planned trials by key, in the order of the plan, each with the hash of its stored predictions (None
            where it has none). Without them a claim may name any trial.
    """

    def __init__(
        self, study: str = "", plan: str | None = None, trials: Mapping[str, str | None] | None = None
    ) -> None:
        self.study, self.plan, self.trials = study, plan, dict(trials or {})
        self._places = {key: place for place, key in enumerate(self.trials)}
        self._claims: dict[str, Claim] = {}
        self._indices: dict[str, int] = {}

    @property
    def claims(self) -> list[Claim]:
        """The claims, in the order in which they were first added."""
        return list(self._claims.values())

    def add(self, value: float, form: str, *, name: str, formula: str, trials: Iterable[str]) -> str:
        """Return `value` formatted with `form`, marked as the claim `name`; a dash where it is no finite number.

        The text is Markdown: it goes into sentences and tables as it is, never through `plain` or `code`. The same name
        may be added again, in another form too.

        Args:
            value: the number, NaN where there is none.
            form: a format such as "+.3f", ".1%" or ",d".
            name: a path that stays the same, whatever else the report says.
            formula: one line.
            trials: the keys of the trials that it comes from, in any order.

        Raises:
            ValueError: another value, formula or other trials have this name already, or a trial is not planned.
        """
        text = _write(value, form)
        claim = Claim(name, " ".join(formula.split()), self._sort(trials), round_value(value), (text,))
        known = self._claims.setdefault(name, claim)
        if replace(known, texts=claim.texts) != claim:
            raise ValueError(f"two claims of one name: {known} and {claim}")
        if text not in known.texts:
            self._claims[name] = replace(known, texts=(*known.texts, text))
        index = self._indices.setdefault(name, len(self._indices))
        return f"{_OPEN}{index}{_BETWEEN}{text}{_CLOSE}"

    def _sort(self, trials: Iterable[str]) -> tuple[str, ...]:
        different = dict.fromkeys(trials)
        if not self._places:
            return tuple(different)
        if unknown := [key for key in different if key not in self._places]:
            raise ValueError(f"no planned trial has the key {unknown[0]!r}")
        return tuple(sorted(different, key=self._places.__getitem__))


def unmark(text: str) -> str:
    """Return `text` without its marks: what is written to report.md."""
    return MARK.sub(r"\2", text)


def to_json(ledger: Ledger) -> str:
    """Return the content of claims.json."""
    head = {"format": FORMAT, "study": ledger.study, "plan": ledger.plan, "predictions": ledger.trials}
    content = head | {"claims": [asdict(claim) for claim in ledger.claims]}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    return "\n".join(line if line.isprintable() else _escape(line) for line in text.split("\n")) + "\n"


def _escape(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def write_number(what: str, value: float, form: str) -> str:
    """Return a number that is no claim."""
    return format(value, form)


ROUNDING = 1e-12  # what sums of fractions differ by that are equal


def round_value(value: float) -> float | None:
    """Return `value` to six significant digits, a whole number as it is; None where it is not finite."""
    value = float(value) + 0.0  # which makes -0.0 a plain 0
    if not math.isfinite(value):
        return None
    if abs(value) < ROUNDING:
        return 0.0
    return value if value.is_integer() else float(f"{value:.6g}")


def _write(value: float, form: str) -> str:
    value = 0.0 if abs(value) < ROUNDING else float(value)
    if not math.isfinite(value):
        return NONE
    # Twelve digits: sums that another machine adds up in another order must not print differently at a tie.
    value = value if value.is_integer() else float(f"{value:.12g}")
    return format(int(value) if form.endswith("d") and value.is_integer() else value, form)
