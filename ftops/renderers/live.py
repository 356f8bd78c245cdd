"""What the executor says while it acts, on stderr. In: Progress values. Out: a live table on a terminal, else lines.

The lines are stable: no clock, no percentage, no spinner, each said once, so that two CI logs can be compared. rich is
imported only for the live table. Values come from worker threads; a view is safe to call from any.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from ftops.core.address import Node
from ftops.core.observed import JOB_TERMINAL
from ftops.core.progress import Progress
from ftops.renderers.palette import PLAIN, Palette
from ftops.renderers.safe import redact, safe

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class View(Protocol):
    """Anything that can be told news."""

    def __call__(self, news: Progress) -> None: ...


class Lines:
    """`finetune/support-v1: training started`, once per thing said."""

    def __init__(self, stream: TextIO, palette: Palette = PLAIN, *, accounts: bool = False) -> None:
        self._stream = stream
        self._palette = palette
        self._accounts = accounts
        self._said: set[tuple[Node | None, str]] = set()
        self._lock = threading.Lock()

    def __call__(self, news: Progress) -> None:
        with self._lock:
            key = (news.node, news.message)
            if not news.message or (key in self._said and news.status in ("moved", "waiting")):
                return
            self._said.add(key)
            self._stream.write(line_of(news, self._palette, accounts=self._accounts) + "\n")
            self._stream.flush()


class Table:
    """One row per thing under way, with a bar where the end is known; what is settled scrolls up as a line."""

    def __init__(self, bars: Bars, palette: Palette, *, accounts: bool) -> None:
        self._bars = bars
        self._palette = palette
        self._accounts = accounts
        self._rows: dict[Node, TaskID] = {}
        self._lock = threading.Lock()

    def __call__(self, news: Progress) -> None:
        with self._lock:
            if news.node is None or news.status in ("done", "failed", "note") or news.message in JOB_TERMINAL:
                self._settle(news)
            else:
                self._move(news.node, news)

    def _settle(self, news: Progress) -> None:
        from rich.text import Text

        row = self._rows.pop(news.node, None) if news.node and news.status != "note" else None
        if row is not None:
            self._bars.remove_task(row)
        self._bars.console.print(Text.from_ansi(line_of(news, self._palette, accounts=self._accounts)), soft_wrap=True)

    def _move(self, node: Node, news: Progress) -> None:
        if node not in self._rows:
            self._rows[node] = self._bars.add_task("", name=_name(node, self._accounts), total=None)
        total, completed = _amounts(news)
        self._bars.update(self._rows[node], total=total, completed=completed, description=_text(news.message))


@contextmanager
def progress_view(stream: TextIO, palette: Palette = PLAIN, *, live: bool, accounts: bool = False) -> Iterator[View]:
    """A view on `stream`: a live table when `live`, lines otherwise."""
    if not live:
        yield Lines(stream, palette, accounts=accounts)
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    console = Console(file=stream, no_color=not palette.enabled, highlight=False)
    with Bars(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bars:
        yield Table(bars, palette, accounts=accounts)


def line_of(news: Progress, palette: Palette = PLAIN, *, accounts: bool = False) -> str:
    """One piece of news as one line."""
    text = _text(news.message)
    if news.status == "failed":
        text = palette.paint("error", "failed: ") + text
    elif news.status == "done":
        text = palette.paint("good", text)
    return f"{_name(news.node, accounts)}: {text}" if news.node else text


def _amounts(news: Progress) -> tuple[float | None, float]:
    if news.total_bytes:
        return float(news.total_bytes), float(news.done_bytes or 0)
    if news.fraction is not None:
        return 1.0, news.fraction
    return None, 0.0


def _name(node: Node, accounts: bool) -> str:
    return safe(node if accounts else node.address)


def _text(message: str) -> str:
    return redact(safe(message))
