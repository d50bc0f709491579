"""Between the plan and Hydra's launcher: which trials are still to be launched, and what came back.

In: the study's plan and run folder. Out: portions of trials without a result, and the overrides of each; after each
declared look the arms that it closed get no more. What their jobs returned is judged here: a fault of the machine stops
the sweep, and results of a machine without our folder are put into it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.config.extension.known import digests_of, levels_of, pack_joined
from bloodstudy.config.schema import Settings
from bloodstudy.errors import BloodstudyError, MachineError, UserError
from bloodstudy.execution import datasets, trial_runner
from bloodstudy.execution.job import Job, JobEnd, JobTrial
from bloodstudy.execution.job_process import MAX_DEATHS_IN_A_ROW
from bloodstudy.execution.looks import Looks
from bloodstudy.study.outcome import DEATHS, Outcome
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.training.assignment import shape_of

Shared = tuple[PlannedTrial, ...]  # the trials of a job: one, or several that are trained side by side


class Scheduler:
    """Hands out the trials of one command."""

    def __init__(
        self,
        content: Plan,
        settings: Mapping[tuple[str, str], Settings],
        wanted_keys: set[str],
        study_folder: Path,
    ) -> None:
        """Make the scheduler of a plan's `content`; `settings` are by trial key and the split it is judged by.

        They are of all trials that the command is about; the wanted ones are those that have no result.
        """
        # The content and not its file, which may be another command's by the time it is read.
        self._plan, self._settings, self._wanted_keys = content, settings, wanted_keys
        self._study_folder = study_folder
        self.fault: BloodstudyError | None = None  # what stopped the sweep: Hydra would print its traceback
        self._looks = Looks(content, study_folder)
        self._failed: list[PlannedTrial] = []  # of the portion in progress, in a study
        self._retried: set[str] = set()

    @property
    def left_out(self) -> frozenset[str]:
        """The keys of wanted trials that need not be trained after all: their arms are closed."""
        return frozenset(self._wanted_keys - self._looks.needed)

    @property
    def decided(self) -> str:
        """How many of the tested arms are decided, in words; empty before a look was due."""
        return self._looks.decided

    def portions(self) -> Iterator[list[Shared]]:
        """Yield the jobs of the wanted trials repetition by repetition, each trial once.

        What is trained side by side is gathered from all repetitions up to the next look.
        """
        for repetition, portion in self._gather():
            self._looks.hold(repetition)
            self._looks.keep()
            self._failed = []
            trials_by_key: dict[str, PlannedTrial] = {}
            for trial in portion:  # the same training may be planned twice, judged in two ways
                if trial.key in self._looks.needed and (trial.key, trial.evaluated_on) in self._settings:
                    trials_by_key.setdefault(trial.key, trial)
            if jobs := self._share(list(trials_by_key.values())):
                yield jobs
            if self._failed:  # once more, in the same repetition: an arm that lacks a trial stays open
                self._retried |= {trial.key for trial in self._failed}
                yield self._share(list(trials_by_key.values()), {trial.key for trial in self._failed})
        self._looks.hold(len(self._plan.portions))

    def _gather(self) -> Iterator[tuple[int, list[PlannedTrial]]]:
        """Yield the planned trials that are launched together, with the repetitions before them."""
        fused = any(settings.factors.engine == "fused" for settings in self._settings.values())
        begun, gathered = 0, list[PlannedTrial]()
        for repetition, portion in enumerate(self._plan.portions):
            gathered += portion
            if not fused or repetition + 1 in (*self._plan.repetitions.looks, len(self._plan.portions)):
                yield begun, gathered
                begun, gathered = repetition + 1, []

    def _share(self, trials: Sequence[PlannedTrial], among: Collection[str] | None = None) -> list[Shared]:
        """Return the jobs that train the wanted of these trials, or those `among` them.

        A job of several holds the finished ones too: its size has a part in the last bits of their numbers.
        """
        among = self._wanted_keys if among is None else among
        alike: dict[str, list[PlannedTrial]] = {}
        for trial in trials:
            settings = self._settings[trial.key, trial.evaluated_on]
            what = settings.model, shape_of(settings.factors), datasets.undivided(settings.data)
            shape = repr(what) if settings.factors.engine == "fused" else trial.key
            alike.setdefault(shape, []).append(trial)
        most = next((settings.control.together for settings in self._settings.values()), 1)
        shared = (tuple(each[at : at + most]) for each in alike.values() for at in range(0, len(each), most))
        wanted = (each for each in shared if any(trial.key in among for trial in each))
        return sorted(wanted, key=self._needs)  # those of one process one after another: to begin one takes seconds

    def _needs(self, trials: Shared) -> tuple[str, tuple[str, ...]]:
        """Return engine and extensions of a job, between which a training process has to begin anew."""
        settings = self._settings[trials[0].key, trials[0].evaluated_on]
        model, factors = settings.model.name, settings.factors
        return factors.engine, digests_of(model, settings.data.name, levels_of(model, factors.named))

    def overrides(self, trials: Shared) -> list[str]:
        """Return what a job is given to train `trials`."""
        given: list[JobTrial] = []
        for trial in trials:
            settings = self._settings[trial.key, trial.evaluated_on]
            if trial.key in self._retried:
                settings = replace(settings, control=replace(settings.control, retry="failed"))
            given.append(JobTrial(settings, trial.arm, trial.key))
        return [Job(self._plan.study, tuple(given), len(self._wanted_keys), pack_joined()).as_override()]

    def collect(self, block: Sequence[Shared], returned: Sequence[JobEnd]) -> bool:
        """Keep what the jobs of `block` returned; return whether the sweep goes on, else `fault` says why not."""
        died: list[Outcome] = []  # one of each job of which nothing is left
        for trials, done in zip(block, returned, strict=True):
            if done.fault:
                kind, message = done.fault
                self.fault = {"UserError": UserError, "MachineError": MachineError}[kind](message)
            for trial, end in zip(trials, done.trials, strict=False):
                if end.files:
                    receive(self._study_folder / trial.key, end.files)
                if end.outcome == Outcome.IN_PROGRESS:
                    terminal.say(f"{trial.arm}, seed {trial.seed}: in progress elsewhere")
                if end.outcome in DEATHS and self._plan.design and trial.key not in self._retried:
                    self._failed.append(trial)
            deaths = [end.outcome for end in done.trials if end.outcome in DEATHS]
            died += deaths[:1] if len(deaths) == len(trials) else []
        # Each may have died in a process of its own, which has counted one death.
        if self.fault is None and len(died) == len(returned) >= MAX_DEATHS_IN_A_ROW:
            self.fault = MachineError(
                f"all {len(died)} jobs of a block have died ({', '.join(sorted(set(died)))}), so the sweep "
                "stops; see `reason` in their result.json. The same command with retry=failed trains them again"
            )
        return self.fault is None


def receive(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put the files of a trial that was trained elsewhere into its folder, the result last."""
    for name in trial_runner.RETURNED:
        if name in contents:
            with files.published(folder / name) as beside:
                beside.write_bytes(contents[name])


_current: ContextVar[Scheduler] = ContextVar("scheduler")


def serve(scheduler: Scheduler) -> None:
    """Make `scheduler` the one that the sweeper asks: Hydra builds the sweeper itself and hands it nothing of ours."""
    _current.set(scheduler)


def current() -> Scheduler:
    """Return the scheduler that serves the sweep."""
    return _current.get()
