"""How a command begins and ends: signals, messages in place of tracebacks, exit codes.

In: a function of arguments. Out: the exit code that it returns, or that of what went wrong.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bloodstudy.config.visible import show
from bloodstudy.errors import BloodstudyError, MachineError, UserError

_UNFIT = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST)  # for a file that people have named
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


class Terminated(BaseException):
    """A signal that asks the process to end arrived; unwinds like KeyboardInterrupt."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def run_command(command: Callable[[list[str]], int]) -> int:
    """Run a command on the arguments of this process; return its exit code, with messages instead of tracebacks.

    It answers --help itself if the command's module has a USAGE; `goes_on(arguments)` there says what to do if it was
    interrupted.
    """
    _open_standard_streams()
    signal.signal(signal.SIGTERM, terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup has it ignored
        signal.signal(signal.SIGHUP, terminate)
    module = sys.modules[command.__module__]
    usage, goes_on = getattr(module, "USAGE", ""), getattr(module, "goes_on", lambda _: "type it again")
    try:
        _require_working_folder()
        if usage and {"-h", "--help"} & set(sys.argv[1:]):
            print(usage)
            return 0
        return command(sys.argv[1:])
    except BloodstudyError as error:
        for problem in error.problems if isinstance(error, UserError) else [error]:
            print(f"bloodstudy: {show(problem)}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, Terminated) as end:
        word, code = ("terminated", end.exit_code) if isinstance(end, Terminated) else ("interrupted", 130)
        with suppress(OSError):  # the terminal may be gone
            print(f"bloodstudy: {word}; {goes_on(sys.argv[1:])}", file=sys.stderr)
        return code
    except BrokenPipeError:  # who read our output, such as `head`, has closed it
        _print_nowhere()
        return 141
    except OSError as error:
        if error.filename and error.errno in _UNFIT:
            print(show(f"bloodstudy: cannot use {error.filename}: {error.strerror}; name another one"), file=sys.stderr)
            return UserError.exit_code
        if error.filename or error.errno not in _NO_ROOM:
            return _describe_defect()
        _print_nowhere()
        print(f"bloodstudy: what it says cannot be written: {error.strerror}; print elsewhere", file=sys.stderr)
        return MachineError.exit_code
    except Exception:
        return _describe_defect()


def _describe_defect() -> int:
    traceback.print_exc()
    print("bloodstudy: this is a defect of bloodstudy, not of your input; please report it", file=sys.stderr)
    return 3


def _print_nowhere() -> None:
    """Let go of what is not printed yet, or Python would complain again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminate(number: int, frame: Any) -> None:
    """Answer a signal that asks the process to end."""
    raise Terminated(number)


def _open_standard_streams() -> None:
    """Put nothing in the place of standard streams that are closed, or the next file that is opened would be one."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _require_working_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109 - it is the question
    except FileNotFoundError as error:
        raise UserError(
            "the working folder was removed; expected a folder that exists. Type cd FOLDER first"
        ) from error
