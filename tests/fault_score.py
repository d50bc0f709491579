"""The score of the faults: what each row of the list is worth, printed with the commit at the end of a run.

A row is one file `tests/faults/fNN_*.py`. It has 2 points if all its tests pass, 1 if a test names what is known to be
missing (`pytest.xfail`) and the others pass, and none otherwise.
"""

import subprocess
from pathlib import Path

import pytest

ROWS = 27
TIER_A = {1, 2, 3, 4, 6, 8, 9, 11, *range(14, 25), 27}

_outcomes: dict[str, list[str]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = Path(report.nodeid.split("::")[0]).stem
    if report.nodeid.startswith("tests/faults/") and (report.when == "call" or report.outcome != "passed"):
        _outcomes.setdefault(name, []).append("xfailed" if hasattr(report, "wasxfail") else report.outcome)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _outcomes:
        return
    worth = {"passed": 2, "xfailed": 1}
    points = {name: min(worth.get(each, 0) for each in found) for name, found in sorted(_outcomes.items())}
    terminalreporter.section("score")
    for name, score in points.items():
        told = "" if score == 2 else f"   {', '.join(sorted(set(_outcomes[name])))}"
        tier = " (tier A)" if int(name[1:3]) in TIER_A else ""
        terminalreporter.write_line(f"{score}  {name}{tier}{told}")
    within = sum(score for name, score in points.items() if int(name[1:3]) in TIER_A)
    terminalreporter.write_line(
        f"{sum(points.values())} / {2 * ROWS} (tier A: {within} / {2 * len(TIER_A)}) at commit {commit()}; "
        f"{ROWS - len(points)} rows were not run or have no test yet"
    )


def commit() -> str:
    """Return the short name of the commit that is tested; "unknown" outside a clone or without git."""
    try:
        words = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
        return subprocess.check_output(words, text=True, stderr=subprocess.DEVNULL).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
