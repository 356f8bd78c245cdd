"""Ctrl-C and SIGTERM. The first asks, the second leaves at once.

Outside of `graceful` a signal raises in the main thread: nothing is under way that could be left half-done. Inside, the
first signal only sets the stop event that the executor watches; the second ends the process without waiting.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SHOW_CURSOR = "\x1b[?25h"


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised like Ctrl-C so that everything that cleans up after one does after the other."""


class Signals:
    """What arrived while one command ran. `received` is the number of the first signal, 0 without one."""

    def __init__(self) -> None:
        self.received = 0
        self._stop: threading.Event | None = None
        self._say: Callable[[str], None] = lambda text: None

    @property
    def exit_code(self) -> int:
        return 128 + (self.received or signal.SIGINT)

    def handle(self, number: int, frame: FrameType | None) -> None:
        first = not self.received
        self.received = self.received or number
        if self._stop is None:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if not first:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR.encode())
            os._exit(128 + number)
        self._stop.set()
        self._say("Stopping: what is being sent is settled first, nothing new is started. Once more to leave at once.")

    @contextmanager
    def graceful(self, stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
        """Within it, the first signal sets `stop`."""
        self._stop, self._say = stop, say
        try:
            yield
        finally:
            self._stop = None


@contextmanager
def installed() -> Iterator[Signals]:
    """Signal handling for one command; the handlers that were there before come back. Only in the main thread."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {number: signal.signal(number, signals.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
