import pickle
from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from bloodstudy.study.outcome import Outcome
from bloodstudy.training.events import (
    BatchTrained,
    Ended,
    EpochTrained,
    MachineFault,
    Measured,
    MetricBegun,
    MetricEnded,
    Resumed,
    Timed,
    Warned,
    WorkerEvent,
)

EVENTS = [
    Warned("a state was discarded"),
    Resumed(1, [{"epoch": 1, "fit_loss": 0.5}]),
    BatchTrained(1.5, 0.75),
    EpochTrained({"epoch": 2, "fit_loss": 0.4}),
    Measured(0.5),
    MetricBegun(),
    MetricEnded(0.9),
    Ended(Outcome.FAILED, "why"),
    Timed(1.0, 0.1, 0.01, 512.0, "0" * 16),
    MachineFault("no space left"),
]


def test_every_kind_of_event_is_here():
    assert {type(event) for event in EVENTS} == set(get_args(WorkerEvent))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_goes_through_a_pipe_unchanged_and_cannot_be_changed(event):
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(FrozenInstanceError):
        event.more = 1


def test_what_a_dead_trial_does_not_know_is_none():
    ended = Ended(Outcome.FAILED, "why")
    assert (ended.responses, ended.versions, ended.earlier_seconds) == ({}, {}, 0.0)
    assert (ended.parameters, ended.fit_seconds, ended.code) == (None, None, None)
