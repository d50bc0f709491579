"""In which order studies were planned, counted and not dated: a clock that is set back changes nothing.

In: the folder that holds all studies. Out: their names, the one planned last first, as `<runs_dir>/.studies` has them.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from bloodstudy import files

FILE = ".studies"


def note_planned(runs_dir: Path, study: str) -> None:
    """Note that `study` was planned now."""
    files.make_folder(runs_dir)
    with files.explained(runs_dir), FileLock(runs_dir / f"{FILE}.lock"):
        earlier = [name for name in list_planned(runs_dir) if name != study]
        if [study, *earlier] != list_planned(runs_dir):
            files.write_text(runs_dir / FILE, "".join(f"{name}\n" for name in [study, *earlier]))


def list_planned(runs_dir: Path) -> list[str]:
    """Return the names that were noted, the latest first; a file that is missing or damaged holds none."""
    try:
        return (runs_dir / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
