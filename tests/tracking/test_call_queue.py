import pytest

from bloodstudy.tracking import call_queue
from bloodstudy.tracking.call_queue import Line


@pytest.fixture
def line(monkeypatch):
    """A line to stores that are made up, numbered in the order of their opening."""
    numbers = iter(range(9))
    monkeypatch.setattr(call_queue, "open_store", lambda study: next(numbers))
    return Line("scratch")


def test_calls_are_made_in_order_and_what_is_no_longer_wanted_is_not(line):
    made = []
    assert not line.is_used
    line.put(lambda store: made.append("first"))
    line.put(lambda store: made.append("unwanted"), wanted=lambda: False)
    assert line.put(lambda store: made.append("last")).wait(10)
    assert made == ["first", "last"]
    assert line.trouble is None


def test_after_a_call_that_failed_the_store_is_opened_anew(line):
    told, used = [], []

    def fail(store):
        used.append(store)
        raise ConnectionError("the server is away\nand a traceback")

    assert line.put(fail, failed=told.append).wait(10)
    assert (line.trouble, told) == ("the server is away", ["the server is away"])
    assert not line.is_open
    assert line.put(used.append).wait(10)
    assert (line.trouble, used) == (None, [0, 1])
