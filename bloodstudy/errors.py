"""What can go wrong, and how a command ends when it does.

    BloodstudyError
    ├── UserError      exit 2: the command line, a configuration file or the data asked for
    └── MachineError   exit 3: the machine or the store (disk full, read-only folder, no backend installed)

A message says what is wrong, what was expected, what was received and what to do next. A command prints it without a
traceback; anything that is not a BloodstudyError is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class BloodstudyError(Exception):
    """Base of all expected failures; `exit_code` is what the command returns."""

    exit_code = 1


class UserError(BloodstudyError):
    """One or more problems that the user can mend, each a complete sentence; nothing was trained."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class MachineError(BloodstudyError):
    """The machine or the store cannot do what is needed; the message names the path and the remedy."""

    exit_code = 3


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the allowed name most like `word`, or an empty string."""
    match = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f" Did you mean {match[0]!r}?" if match else ""


def summarise(error: BaseException, longest: int = 600) -> str:
    """Return the kind and the words of any exception on one line.

    Left out are colours, and the arguments that Keras lists at the end.
    """
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split("Arguments received by")[0].split())
    return f"{type(error).__name__}: {said[:longest].rstrip('. ') or 'no message'}"
