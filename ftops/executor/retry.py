"""Retry: which answers are worth another try, how often and how far apart. Data, and one function over it.

For writes that cost nothing only. The paid request is never retried by this table: it has the ledger for that.
"""

from __future__ import annotations

from collections.abc import Mapping

from ftops.core.account import Pace
from ftops.core.errors import RemoteError, RemoteKind

#: How many times one change is tried in a run, by what was answered. What is not here is final at once.
ATTEMPTS: Mapping[RemoteKind, int] = {"throttled": 8, "busy": 40, "unavailable": 5, "unknown": 3}
#: A service that asks for more than this (a day was seen: service contract, section 1.3) is not waited for.
PATIENCE_SECONDS = 600.0
#: How long one deployment may be busy or provisioning before the run gives up watching it.
DEPLOYMENT_SECONDS = 1800.0
#: How often a change may be made in one run and still be asked for by the next look at Azure.
REPEATS = 2
#: How many looks in a row may be incomplete, once the run is under way, before it ends undecided.
BLIND_LOOKS = 5


def pause_after(error: RemoteError, attempt: int, pace: Pace) -> float | None:
    """Seconds before try `attempt` + 1 (`attempt` from 1); None when there is to be none."""
    if attempt >= ATTEMPTS.get(error.kind, 0):
        return None
    asked = error.retry_after_seconds
    if asked is None:
        return pace.interval(attempt - 1)
    return min(asked, pace.obeyed_seconds) if asked <= PATIENCE_SECONDS else None
