"""What a worker reports of the trial that it trains, one frozen record an event."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bloodstudy.study.outcome import Outcome

HistoryRow = Mapping[str, float]  # one epoch: epoch, fit_loss, fit_accuracy, epoch_seconds, images_per_second, ...


@dataclass(frozen=True)
class Warned:
    """Something that a person should know."""

    text: str


@dataclass(frozen=True)
class Altered:
    """The process is not what it was: an extension changed Keras, or another module that all networks share."""


@dataclass(frozen=True)
class Resumed:
    """Training goes on after an epoch that an earlier attempt finished."""

    epoch: int
    rows: Sequence[HistoryRow]  # of the epochs done


@dataclass(frozen=True)
class BatchTrained:
    """Some batches more are trained."""

    epoch: float  # epochs done, the share of this one included
    fit_accuracy: float


@dataclass(frozen=True)
class EpochTrained:
    """An epoch more is trained."""

    row: HistoryRow


@dataclass(frozen=True)
class Measured:
    """Some images more are measured."""

    share: float  # of all


@dataclass(frozen=True)
class Ended:
    """The last event of a trial: what came of it. What is not known is None."""

    outcome: Outcome
    reason: str | None = None
    traceback: str | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    layers: Sequence[Mapping[str, Any]] | None = None
    epochs_done: int | None = None
    responses: Mapping[str, float] = field(default_factory=dict)
    prediction_hash: str | None = None  # of the probabilities as computed
    stored_hash: str | None = None  # of what is stored of them
    versions: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None  # digest
    threads: int | None = None
    together: int | None = None  # trials that one program trained side by side, this one among them
    resumed_after: int | None = None  # epochs that earlier attempts had done
    earlier_seconds: float = 0.0  # that those took
    fit_seconds: float | None = None
    evaluate_seconds: float | None = None
    peak_memory_mb: float | None = None


def ended_by(error: Exception) -> Ended:
    """Return the last event of a trial that raised this."""
    exhausted = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    exhausted = exhausted or "RESOURCE_EXHAUSTED" in str(error)  # JAX has one type of error for all
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines.sort(key=lambda line: not line.startswith("OOM"))  # TensorFlow says which tensor below two lines of its own
    reason = f"{type(error).__name__}: {lines[0][:700] if lines else 'no message'}"
    said = "".join(traceback.format_exception(error))
    return Ended(Outcome.OUT_OF_MEMORY if exhausted else Outcome.FAILED, reason, said)


@dataclass(frozen=True)
class Timed:
    """The last event of a probe: how long a trial will take."""

    start_seconds: float  # until the first batch is done
    batch_seconds: float
    image_seconds: float  # an image measured
    peak_memory_mb: float
    weights: str = ""  # their digest once these batches were trained


@dataclass(frozen=True)
class MetricBegun:
    """The worker is ready, and asks the metric now."""


@dataclass(frozen=True)
class MetricEnded:
    """The last event of a metric: its number, or what is wrong with it."""

    value: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class MachineFault:
    """The machine refused, which is no fault of the trial."""

    reason: str


Last = Ended | Timed | MetricEnded
WorkerEvent = Warned | Resumed | BatchTrained | EpochTrained | Measured | MetricBegun | Last | MachineFault
Report = Callable[[WorkerEvent], None]
