"""What a person sees while a command works: bars on a terminal, plain lines elsewhere, a table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from bloodstudy.config.visible import show

PLAIN_EVERY_S = 5.0


def say(text: str = "") -> None:
    """Print one line on standard output at once, above the bars if there are any."""
    text = show(text)
    if SweepBar.live is None:
        print(text, flush=True)
    else:
        SweepBar.live.console.print(text, markup=False, highlight=False, soft_wrap=True)


class SweepBar:
    """The bar of a whole sweep, with that of the trial in progress under it; terminals only."""

    live: ClassVar[Progress | None] = None  # the bars of the sweep in progress: others join them, lines stand above

    def __init__(self, total: float, shown: bool) -> None:
        self._progress = _progress() if shown and sys.stdout.isatty() else None
        if self._progress:
            self._task = self._progress.add_task("all trials", total=total, detail="")
            self._progress.start()
            SweepBar.live = self._progress

    def update(self, done: float, total: float, detail: str = "") -> None:
        """Show that `done` of the total is done, and the words of `detail`."""
        if self._progress:
            self._progress.update(self._task, completed=done, total=total, detail=detail)

    def close(self) -> None:
        """Take the bar away."""
        if self._progress:
            SweepBar.live = None
            self._progress.stop()


def _escape(text: str) -> str:
    """Return `text` for rich, in which it means nothing but itself."""
    return escape(show(text))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[detail]}"))
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    return Progress(*columns, *times, console=Console(emoji=False), transient=True)


class Bar:
    """Progress of one long piece of work: a bar with time left on a terminal, a line now and then elsewhere."""

    def __init__(self, title: str, total: float, shown: bool = True) -> None:
        self._title, self._total, self._said_at = title, total, time.monotonic()
        self._first: tuple[float, float] | None = None  # when something was done first, and how much
        self._shown, self._progress, self._starts_it = shown, None, SweepBar.live is None
        if sys.stdout.isatty() and shown:
            self._progress = SweepBar.live or _progress()
            self._task = self._progress.add_task(_escape(title), total=total, detail="")

    def __enter__(self) -> Bar:
        if self._progress and self._starts_it:
            self._progress.start()
        return self

    def __exit__(self, *ended: object) -> None:
        if self._progress and self._starts_it:
            self._progress.stop()
        elif self._progress:
            self._progress.remove_task(self._task)

    def update(self, done: float, detail: str = "") -> None:
        """Show that `done` of the total is done."""
        if self._progress:
            self._progress.update(self._task, completed=done, detail=_escape(detail))
            return
        if not self._shown:
            return
        now = time.monotonic()
        if done > 0 and self._first is None:
            self._first = now, done
        if now - self._said_at >= PLAIN_EVERY_S:
            self._said_at = now
            share = f"{100 * done / self._total:.0f} %"
            say(f"{self._title}: {share}{', ' + detail if detail else ''}{self._left(now, done)}")

    def _left(self, now: float, done: float) -> str:
        # Counted from the first progress, since what comes before it (imports, a new store) says nothing of the pace.
        if self._first is None or done <= self._first[1]:
            return ""
        begun, had = self._first
        return f", about {span((now - begun) / (done - had) * (self._total - done))} left"


@contextmanager
def stages(title: str, noun: str = "images") -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows (what is being done, how much is done, of how much), one bar a kind of work."""
    with ExitStack() as shown:
        bars: dict[str, Bar] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                shown.close()  # the kind of work before is done: a terminal shows one bar at a time
                bars[stage] = shown.enter_context(Bar(f"{title}: {stage} {noun}", total))
            bars[stage].update(done, f"{done:,} of {total:,}")

        yield progress


def span(seconds: float) -> str:
    """Write a duration for people: 42 s, 3 min 10 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def amount(size: int) -> str:
    """Write a number of bytes for people: 999 bytes, 1.2 MB."""
    if size < 1000:
        return f"{size} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size < 999.5 * factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1e9:.3g} GB"


def print_table(title: str, header: Iterable[str], rows: Iterable[Iterable[str]], right: Iterable[str] = ()) -> None:
    """Print a table; columns named in `right` are aligned right. Wide if the output is no terminal."""
    console = Console(emoji=False, width=None if sys.stdout.isatty() else 160)
    table = Table(title=_escape(title), title_justify="left", title_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name in set(right) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_escape(cell) for cell in row))
    console.print(table)
