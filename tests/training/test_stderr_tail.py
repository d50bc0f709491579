"""What a worker writes is handed on, its end is kept, and an earlier trial's words are forgotten."""

import multiprocessing

import pytest

from bloodstudy.training.stderr_tail import KEPT_BYTES, StderrTail


@pytest.fixture
def pipe():
    reading, writing = multiprocessing.Pipe(duplex=False)
    yield reading, writing
    writing.close()


def say(writing, words: bytes) -> None:
    with open(writing.fileno(), "wb", closefd=False) as stream:
        stream.write(words)
    writing.close()


def test_what_is_written_is_handed_on_and_kept_until_it_is_forgotten(pipe, capfd):
    tail = StderrTail(pipe[0])
    say(pipe[1], b"terminate called: bad_alloc\n")
    assert tail.read() == "terminate called: bad_alloc\n"
    assert capfd.readouterr().err == "terminate called: bad_alloc\n"
    tail.forget()
    assert tail.read() == ""


def test_only_the_end_is_kept(pipe, capfd):
    tail = StderrTail(pipe[0])
    say(pipe[1], b"x" * 3 * KEPT_BYTES + b"end")
    kept = tail.read()
    assert len(kept) == KEPT_BYTES
    assert kept.endswith("xend")
    assert len(capfd.readouterr().err) == 3 * KEPT_BYTES + 3
