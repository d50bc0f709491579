"""Calls to the store: in order, from one thread, without an exception in the caller."""

import threading

import pytest

from bloodstudy.tracking import call_queue


@pytest.fixture
def queue(monkeypatch):
    opened = []
    monkeypatch.setattr(call_queue, "open_store", lambda study: opened.append(study) or study)
    queue = call_queue.CallQueue("pooling")
    queue.opened = opened
    return queue


def test_calls_are_made_in_order_by_one_other_thread(queue):
    calls = []
    assert not queue.is_used
    for number in range(20):
        done = queue.put(lambda store, number=number: calls.append((number, store, threading.get_ident())))
    assert done.wait(30)
    assert [call[:2] for call in calls] == [(number, "pooling") for number in range(20)]
    (thread,) = {call[2] for call in calls}
    assert thread != threading.get_ident()
    assert queue.opened == ["pooling"]
    assert queue.is_used
    assert queue.is_open


def test_after_a_call_that_failed_the_store_is_opened_anew(queue):
    reasons = []
    assert queue.put(lambda store: 1 / 0, failed=reasons.append).wait(30)
    assert reasons == [queue.trouble] == ["division by zero"]
    assert not queue.is_open
    assert queue.put(lambda store: None).wait(30)
    assert (queue.trouble, queue.opened) == (None, ["pooling", "pooling"])


def test_a_call_that_is_not_wanted_any_more_is_not_made(queue):
    assert queue.put(lambda store: pytest.fail("was called"), wanted=lambda: False).wait(30)
    assert (queue.trouble, queue.opened) == (None, [])
