"""Patience: a read that meets a throttle or a hiccup is tried again, a bounded number of times.

In: a read and the pauses before each repetition. Out: its result, or its last error. A write must never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ftops.core.errors import RemoteError

#: Told to wait longer than this, it is better to say so than to sit there.
WAIT_MAX_SECONDS = 60.0

T = TypeVar("T")


def patiently(read: Callable[[], T], pauses_seconds: Sequence[float], wait: Callable[[float], bool]) -> T:
    """The read's result. `wait(seconds)` sleeps and says whether to give up; the last RemoteError is raised then."""
    for pause in pauses_seconds:
        try:
            return read()
        except RemoteError as error:
            seconds = max(pause, error.retry_after_seconds or 0.0)
            if not _passing(error) or seconds > WAIT_MAX_SECONDS or wait(seconds):
                raise
    return read()


def _passing(error: RemoteError) -> bool:
    """Whether the same read may fare better in a moment: a redirect or an unknown address will not."""
    lasting = error.status is not None and 300 <= error.status < 500 and error.status != 408
    return error.kind == "throttled" or (error.kind == "unavailable" and not lasting)
