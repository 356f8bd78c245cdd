"""The request log: what was asked and how it was answered, for whoever opens the control door.

In: entries as requests are answered. Out: rows of the store, many in one write: a write for each would cost as much as
the answer. What waits is written before the door is asked, when it is many, and by the server every few milliseconds.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from ftops.emulator.store import Store

_WAITING_MAX: Final = 64
_TRIM_EVERY: Final = 64
_OPERATION_SECONDS: Final = 86_400.0  # for so long after its end an operation can be asked for (assumed)


class Entry(NamedTuple):
    """One request and the status of its answer; `at` in unix seconds of the emulated clock."""

    at: float
    method: str
    path: str
    status: int
    retry_count: str | None
    client_request_id: str
    fault: str | None


class RequestLog:
    """The newest requests of a store. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Entry] = deque()
        self._one_batch = threading.Lock()
        self._kept = 0

    def add(self, entry: Entry, kept: int) -> None:
        """Note a request; of all, the newest `kept` stay."""
        self._kept = kept
        self._waiting.append(entry)
        if len(self._waiting) >= _WAITING_MAX:
            self.write_if_possible()

    def write_if_possible(self) -> None:
        """Write what waits, or leave it to the next time: the store may be busy, or its disk full."""
        with suppress(sqlite3.Error):
            self.write()

    def write(self) -> None:
        """Write what waits. Raises `sqlite3.Error`; then it still waits."""
        if not self._waiting:
            return
        with self._one_batch:
            entries = list(self._waiting)
            with self._store.writing() as db:
                self._insert(db, entries)
            for _ in entries:
                self._waiting.popleft()

    def _insert(self, db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        (before,) = db.execute("SELECT coalesce(max(serial), 0) FROM requests").fetchone()
        db.executemany(
            "INSERT INTO requests (at, method, path, status, retry_count, client_request_id, fault)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            entries,
        )
        newest = before + len(entries)
        if newest // _TRIM_EVERY > before // _TRIM_EVERY:
            db.execute("DELETE FROM requests WHERE serial <= ?", (newest - self._kept,))
            db.execute("DELETE FROM operations WHERE settled_at < ?", (entries[-1].at - _OPERATION_SECONDS,))
