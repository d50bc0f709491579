"""What a person sees of a sweep while it runs: one line a trial, and how much is done and how long it will take.

In: the wanted trials and their run folder, looked at twice a second, since launchers give control back only when a
whole block has ended. Out: lines; on a terminal bars of the sweep and of the trial that this process trains.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from bloodstudy import analysis
from bloodstudy.cli import terminal
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import TrialFolder, load_result

LOOK_EVERY_S = 0.5
AT_CHANCE = "at chance"  # of a trial that has learnt nothing


class Board:
    """Watches the results of a sweep come in."""

    def __init__(
        self,
        trials: Sequence[PlannedTrial],
        wanted: Mapping[str, float],
        folder: Path,
        left_out: Callable[[], Collection[str]] = frozenset,
        decided: Callable[[], str] = str,
    ) -> None:
        """Make a board for the planned `trials`.

        `wanted` has the expected cost of each key that is to be trained; `left_out` tells which of them need not be
        after all, `decided` what looks have said of the arms.
        """
        self._keys, self._decided = {trial.key for trial in trials}, decided
        self._trials, self._wanted, self._folder, self._left_out = trials, wanted, folder, left_out
        self._before = {key: self._stamp(key) for key in wanted}
        self._finished: set[str] = set()
        self._first: tuple[float, float] | None = None
        self._timed = len(set(wanted.values())) > 1  # expected seconds, not just one of each
        self._ended = threading.Event()

    def __enter__(self) -> None:
        self._begun = time.monotonic()
        self._bar = terminal.SweepBar(sum(self._wanted.values()), shown=len(self._wanted) > 1)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._look()
        self._bar.close()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        for key in self._wanted:
            if key not in self._finished and self._stamp(key) != self._before[key]:
                result = load_result(self._folder / key)
                if result is not None:  # being trained again, it has none for a while
                    self._finished.add(key)
                    self._describe(key, result)

    def _stamp(self, key: str) -> int | None:
        try:
            return TrialFolder(self._folder / key).result.stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def _describe(self, key: str, result: Result) -> None:
        place = next(i for i, trial in enumerate(self._trials) if trial.key == key)
        trial = self._trials[place]
        title = f"[{place + 1}/{len(self._trials)}] {trial.arm}, seed {trial.seed}"
        row = {"key": key, "judged": trial.evaluated_on, "outcome": result.outcome}
        dead = any(score.dead for score in analysis.score_trials(self._folder, [row]).values())
        terminal.say(f"{title}: {headline(result, trial.evaluated_on, dead)}{self._time_left()}")

    def _time_left(self) -> str:
        left_out = self._left_out()
        done = sum(self._wanted[key] for key in self._finished)
        every = done + sum(v for key, v in self._wanted.items() if key not in self._finished and key not in left_out)
        ended = len(self._keys) - len(self._wanted) + len(self._finished)
        count = f"{ended} of {len(self._keys - {*left_out})} trials"
        self._bar.update(done, every, ", ".join(filter(None, [count, self._decided()])))
        now = time.monotonic()
        if self._first is None:  # counted from here: what came before (imports, a new store) says nothing of the pace
            self._first = now, done
        if every <= done:
            return ""
        begun, had = self._first
        seen = done > had and now - begun > LOOK_EVERY_S  # several that end together say nothing of the pace
        pace = (now - begun) / (done - had) if seen else (1.0 if self._timed else (now - self._begun) / done)
        return f"; about {terminal.span(pace * (every - done))} left"


def headline(result: Result, judged: str, dead: bool = False) -> str:
    """Return what came out of one trial, in a line; a `dead` one stayed at chance."""
    seconds = terminal.span(result.cost.wall_seconds)
    if result.outcome != Outcome.FINISHED:
        return f"{result.outcome} after {seconds}: {result.reason}"
    measured = analysis.judge(result.responses, judged)
    if "test_accuracy" not in measured:
        return f"finished ({seconds})"
    figures = f"train {measured['train_accuracy']:.3f}, test {measured['test_accuracy']:.3f}"
    return f"{figures}, gap {measured['accuracy_gap']:+z.3f}{f', {AT_CHANCE}' if dead else ''} ({seconds})"
