"""The numbers of a judged study, told as claims.

In: a `Judged` and the ledger of its report. Out: the marked text of each number, with its name, formula and trials.
Accuracies are told in per cent, effects in points (hundredths of accuracy).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bloodstudy.analysis import Comparison, Effect, StudyAnalysis
from bloodstudy.analysis.statistics.sign_flip import MOST_FLIPS
from bloodstudy.reporting.claims.ledger import NONE, Ledger
from bloodstudy.reporting.claims.sweep_claims import FORMULAS, SweepClaims

POINTS = "+z.2f"
PERCENT = ".1f"
P_VALUES = (".3g", ".6g", ".12g")  # the first under which a p does not look like alpha
RESPONSES = {"train": "train_accuracy", "test": "test_accuracy", "gap": "accuracy_gap"}
_PARTS = {
    "mean": "mean over seeds",
    "low": "lower end of the 95 % t interval over seeds",
    "high": "upper end of the 95 % t interval over seeds",
}
_TESTS = {
    "difference": "two-sided paired t-test over seeds of test_accuracy[arm] - test_accuracy[reference]",
    "equivalence": "larger p of two one-sided t-tests at -margin and +margin (TOST), test_accuracy",
    "not_worse": "one-sided paired t-test at -margin, test_accuracy",
    "beyond": "twice the smaller p of one-sided t-tests at +margin and -margin, test_accuracy",
}


@dataclass(frozen=True)
class StudyClaims:
    """A judged study whose numbers are told to a ledger."""

    analysis: StudyAnalysis
    ledger: Ledger

    @property
    def sweep(self) -> SweepClaims:
        """The numbers of its trials and arms alone, in the same ledger."""
        return SweepClaims(self.analysis.sweep, self.ledger)

    def points(self, comparison: Comparison, response: str, part: str = "mean") -> str:
        """Tell mean, low or high of the effect on a response, in points."""
        formula = f"100 * {_PARTS[part]} of {response}[arm] - {response}[reference]"
        return self._effect(comparison, response, 100 * getattr(_effect(comparison, response), part), part, formula)

    def interval(self, comparison: Comparison, response: str) -> str:
        """Tell the 95 % interval of the effect on a response, such as "[-6.20, -2.04]"."""
        if math.isnan(_effect(comparison, response).low):
            return NONE
        return f"[{self.points(comparison, response, 'low')}, {self.points(comparison, response, 'high')}]"

    def d_z(self, comparison: Comparison, response: str = "test_accuracy") -> str:
        """Tell the standardised paired effect."""
        formula = f"mean / standard deviation over seeds of {response}[arm] - {response}[reference]"
        return self._effect(comparison, response, _effect(comparison, response).d_z, "d_z", formula, "+z.2f")

    def wider(self, comparison: Comparison) -> str:
        """Tell the interval of the effect on test accuracy for new photographs."""
        effect = comparison.wider
        if math.isnan(effect.low):
            return NONE
        formula = (
            "100 * {} end of the 95 % interval of test_accuracy[arm] - test_accuracy[reference], seeds and "
            f"{self.analysis.unit}s random (variance components, Satterthwaite)"
        )
        low, high = (
            self._effect(comparison, "new_photographs", 100 * value, part, formula.format(word))
            for part, word, value in (("low", "lower", effect.low), ("high", "upper", effect.high))
        )
        return f"[{low}, {high}]"

    def p(self, comparison: Comparison, kind: str) -> str:
        """Tell a p-value, adjusted by Holm over the planned family; a dash where nothing was tested."""
        if not comparison.pair.tested:
            return NONE
        adjusted = comparison.verdict.adjusted
        formula = f"{_TESTS[kind]}; Holm over {self.analysis.family} arms"
        value = adjusted[kind] if adjusted and comparison.verdict.tested else math.nan
        form = choose_form(value, self.analysis.alpha)
        return self._effect(comparison, "test_accuracy", value, f"p_{kind}", formula, form)

    def flipped(self, comparison: Comparison) -> str:
        """Tell the p-value of the exact sign-flip test, adjusted by Holm over the planned family."""
        value = math.nan if comparison.verdict.flipped is None else comparison.verdict.flipped
        formula = (
            "two-sided exact sign-flip test over seeds of test_accuracy[arm] - test_accuracy[reference] (of more than "
            f"{MOST_FLIPS.bit_length() - 1} seeds {MOST_FLIPS:,} patterns, drawn); "
            f"Holm over {self.analysis.family} arms"
        )
        form = choose_form(value, self.analysis.alpha)
        return self._effect(comparison, "test_accuracy", value, "p_sign_flip", formula, form)

    def mean(self, comparison: Comparison, response: str, of: str) -> str:
        """Tell the mean of a response, in per cent, over the paired seeds; `of` is arm or reference."""
        frame = comparison.arm if of == "arm" else comparison.reference
        form = PERCENT if response != "accuracy_gap" else "+z.1f"
        formula = f"100 * mean over the paired seeds of {response}[{of}]"
        value = 100 * float(frame[response].to_numpy().mean()) if len(frame) else math.nan
        return self._effect(comparison, response, value, f"{of}_mean", formula, form)

    def seeds(self, comparison: Comparison) -> str:
        """Tell how many seeds are paired."""
        return self._effect(comparison, "", len(comparison.seeds), "seeds", "number of seeds that are paired", "d")

    def failing(self, comparison: Comparison, of: str = "arm") -> str:
        """Tell how many of the trials of arm or reference failed to train, such as "2 of 10"."""
        training = comparison.training if of == "arm" else comparison.reference_training
        name = comparison.pair.arm if of == "arm" else comparison.pair.reference
        keys, path = self.keys(name), f"arm/{name}"
        if not comparison.pair.tested:  # it may stand at other seeds, and beside another reference at others again
            path = f"effect/{comparison.pair.arm}/to {comparison.pair.reference}/{of}"
        failing = self.ledger.add(
            len(training.failing), "d", name=f"{path}/failing", trials=keys,
            formula="number of seeds whose trial diverged or stayed at chance",
        )  # fmt: skip
        trials = self.ledger.add(
            training.trials, "d", name=f"{path}/looked_at", formula="number of trials looked at", trials=keys
        )
        return f"{failing} of {trials}"

    def count_of(self, comparison: Comparison, part: str, value: float, formula: str) -> str:
        """Tell a whole number that belongs to a comparison."""
        return self._effect(comparison, "test_accuracy", value, part, formula, "d")

    def count(self, value: float, name: str, formula: str, trials: Iterable[str], form: str = ",d") -> str:
        """Tell a number that no comparison has."""
        return self.ledger.add(value, form, name=name, formula=formula, trials=trials)

    def parameters(self, arm: str) -> str:
        """Tell how many parameters an arm's network has; a dash where none of its trials says so."""
        known = self.analysis.sweep.of(arm).dropna(subset=["parameters"])
        value = float(known["parameters"].iloc[0]) if len(known) else math.nan
        return self.count(value, f"arm/{arm}/parameters", FORMULAS["parameters"], known["key"])

    def finished(self, arm: str) -> str:
        """Tell how many trials of an arm finished."""
        keys = list(self.analysis.sweep.of(arm, "finished")["key"])
        return self.count(len(keys), f"arm/{arm}/finished", FORMULAS["finished"], keys, "d")

    def keys(self, arm: str, seeds: Iterable[int] | None = None) -> list[str]:
        """Return the keys of the trials of an arm that have a result, of these seeds or of those looked at."""
        wanted = set(self.analysis.seeds if seeds is None else seeds)
        return [key for key, seed in self._published.get(arm, ()) if seed in wanted]

    @cached_property
    def _published(self) -> dict[str, list[tuple[str, int]]]:
        """Key and seed of each trial that has a result, by arm."""
        sweep, trials_by_arm = self.analysis.sweep, {}
        for row in sweep.plan.trials:
            if row.key in sweep.results:
                trials_by_arm.setdefault(row.arm, []).append((row.key, row.seed))
        return trials_by_arm

    def all_keys(self) -> list[str]:
        """Return the keys of all trials that have a result."""
        return list(self.analysis.sweep.results)

    def _effect(
        self, comparison: Comparison, response: str, value: float, part: str, formula: str, form: str = POINTS
    ) -> str:
        pair = comparison.pair
        against = "" if pair.reference == "reference" else f"/to {pair.reference}"
        name = "/".join(filter(None, ("effect", pair.arm + against, response, part)))
        trials = [*self.keys(pair.arm, comparison.seeds), *self.keys(pair.reference, comparison.seeds)]
        return self.ledger.add(value, form, name=name, formula=formula, trials=trials)


def choose_form(value: float, alpha: float) -> str:
    """Return the format of a p-value: three digits, or more where it would read as alpha, whose side decides."""
    forms = (form for form in P_VALUES if format(value, form) != format(alpha, form))
    return next(forms, P_VALUES[0])


def _effect(comparison: Comparison, response: str) -> Effect:
    return comparison.effects[response]
