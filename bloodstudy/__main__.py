"""python -m bloodstudy: what there is to type. `bloodstudy run lr=1e-3` is `python -m bloodstudy.run lr=1e-3`."""

from __future__ import annotations

import runpy
import sys

from bloodstudy.cli.command import run_command
from bloodstudy.errors import UserError, nearest

COMMANDS = {
    "run": "train one trial, or with -m a sweep, questions or a whole study",
    "report": "write the report of a study or sweep",
    "status": "say how far a study is",
    "package": "put a study into one file, and back",
    "audit": "say what is wrong with a data set, before anybody trains on it",
    "verify": "compute every number of a report again from its trials",
}
USAGE = "\n".join([
    "python -m bloodstudy.COMMAND, or bloodstudy COMMAND; each says more with --help",
    "",
    *(f"  {name:<8} {words}" for name, words in COMMANDS.items()),
    "",
    "Begin with: python -m bloodstudy.run -m study=smoke",
])  # fmt: skip


def begin(arguments: list[str]) -> int:
    """Print what there is to type; raises UserError for a word that is no command."""
    if arguments:
        raise UserError(
            f"no command is called {arguments[0]!r}; expected one of {', '.join(COMMANDS)}, as in bloodstudy run."
            f"{nearest(arguments[0], [*COMMANDS])}"
        )
    print(USAGE)
    return 0


def main() -> None:
    """Run the command that is named, as `python -m` would, or say which there are."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        name = sys.argv.pop(1)
        runpy.run_module(f"bloodstudy.{name}", run_name="__main__", alter_sys=True)
    else:
        sys.exit(run_command(begin))


if __name__ == "__main__":
    main()
