"""Retry: which answers are worth another try, how often and how far apart. Data, and one function over it.

For writes that cost nothing only. The paid request is never retried by this table: it has the ledger for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ftops.core.errors import RemoteError, RemoteKind


@dataclass(frozen=True, slots=True)
class Pace:
    """How patiently an account is polled and retried: intervals grow from `first_seconds` to `most_seconds`.

    `obeyed_seconds` is the longest Retry-After that is waited for; more is cut to it.
    """

    first_seconds: float
    most_seconds: float
    obeyed_seconds: float

    def interval(self, number: int, *, factor: float = 2.0) -> float:
        """The pause after try `number` (from 0)."""
        return min(self.most_seconds, self.first_seconds * factor ** min(number, 32))


AZURE_PACE = Pace(first_seconds=5.0, most_seconds=60.0, obeyed_seconds=600.0)
#: Work in the embedded emulator is short, so waiting for it is too.
EMULATOR_PACE = Pace(first_seconds=0.05, most_seconds=0.5, obeyed_seconds=0.5)

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
