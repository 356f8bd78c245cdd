"""Chance: what goes wrong, and when. Drawn from one integer, or written down call by call.

Every value that a simulation does not compute comes from here, so one integer is a whole history.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

When = Literal["before", "after"]
Commit = Literal["now", "late", "never"]
Write = Literal["done", "answer lost", "never arrived", "late", "refused"]

#: Seams around money are struck this much more often; listings that cannot hide a job, less.
WEIGHTS = {"ledger.write": 8.0, "create_job": 8.0, "clock": 0.3, "sleep": 0.3} | dict.fromkeys(
    ("list_files", "list_models", "list_deployments"), 0.1
)
#: How long the transport waits for an answer, and how long after that a request can still take effect.
CLIENT_TIMEOUT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
LATE_COMMIT_SECONDS = 120.0
LIST_LAG_SECONDS = 180.0
PAUSE_SECONDS = 7200.0
OUTAGE_SECONDS = 60.0


@dataclass(frozen=True)
class PostOutcome:
    """What becomes of one paid request: whether the service makes the job, and what the client can tell.

    `told`: the job; `nothing` (a broken, missing or unreadable answer); `no id`; `garbage` (something that is no
    answer of the transport at all); or the kind of a RemoteError that proves that there is no job.
    """

    name: str
    commit: Commit
    told: str


OUTCOMES: Mapping[str, PostOutcome] = {
    outcome.name: outcome
    for outcome in (
        PostOutcome("answered", "now", "job"),
        PostOutcome("answer lost", "now", "nothing"),
        PostOutcome("made, then 5xx", "now", "nothing"),
        PostOutcome("2xx cut short", "now", "nothing"),
        PostOutcome("2xx without an id", "now", "no id"),
        PostOutcome("2xx that is no JSON", "now", "garbage"),
        PostOutcome("late", "late", "nothing"),
        PostOutcome("reset", "never", "nothing"),
        PostOutcome("5xx, not made", "never", "nothing"),
        PostOutcome("4xx", "never", "rejected"),
        PostOutcome("429", "never", "throttled"),
        PostOutcome("connection refused", "never", "unavailable"),
    )
}
ANSWERED = OUTCOMES["answered"]
FAULTY = tuple(outcome for outcome in OUTCOMES.values() if outcome is not ANSWERED)


@dataclass(frozen=True)
class Rates:
    """How often things go wrong: probabilities of one call each."""

    post: float = 0.0
    listing: float = 0.0
    write: float = 0.0
    crash: float = 0.0
    pause: float = 0.0
    store: float = 0.0
    lock: float = 0.0
    pause_before_send: float = 0.0


CALM = Rates()


class Chance(Protocol):
    """Asked at every seam."""

    def crash(self, seam: str, when: When) -> bool: ...
    def pause_seconds(self, seam: str) -> float: ...
    def pause_before_send_seconds(self) -> float: ...
    def latency_seconds(self) -> float: ...
    def post(self) -> PostOutcome: ...
    def read_fails(self, seam: str) -> bool: ...
    def outage_seconds(self) -> float: ...
    def write(self) -> Write:
        """What becomes of a write to Azure that costs nothing."""

    def store_write(self) -> Write: ...
    def store_read_fails(self) -> bool: ...
    def lock_is_ignored(self) -> bool: ...
    def seconds_up_to(self, most: float) -> float: ...
    def lag_seconds(self) -> float: ...


@dataclass
class Dice:
    """Chance by rates. Nothing is drawn for what cannot happen, so calm runs are cheap."""

    random: random.Random
    rates: Rates
    lagging: float = 0.4

    def crash(self, seam: str, when: When) -> bool:
        return self._happens(self.rates.crash / 2 * WEIGHTS.get(seam, 1.0))

    def pause_seconds(self, seam: str) -> float:
        if not self._happens(self.rates.pause * WEIGHTS.get(seam, 1.0)):
            return 0.0
        return self.random.uniform(0, PAUSE_SECONDS if self.random.random() < 0.7 else 60.0)

    def pause_before_send_seconds(self) -> float:
        return self.random.uniform(0, PAUSE_SECONDS) if self._happens(self.rates.pause_before_send) else 0.0

    def latency_seconds(self) -> float:
        return 0.05 + self.random.random()

    def post(self) -> PostOutcome:
        return self.random.choice(FAULTY) if self._happens(self.rates.post) else ANSWERED

    def read_fails(self, seam: str) -> bool:
        return self._happens(self.rates.listing * WEIGHTS.get(seam, 1.0))

    def outage_seconds(self) -> float:
        return self.random.uniform(0, OUTAGE_SECONDS) if self.random.random() < 0.3 else 0.0

    def write(self) -> Write:
        return self.random.choice(("answer lost", "never arrived")) if self._happens(self.rates.write) else "done"

    def store_write(self) -> Write:
        if not self._happens(self.rates.store):
            return "done"
        return self.random.choice(("answer lost", "answer lost", "never arrived", "late", "refused"))

    def store_read_fails(self) -> bool:
        return self._happens(self.rates.store / 10)

    def lock_is_ignored(self) -> bool:
        return self._happens(self.rates.lock)

    def seconds_up_to(self, most: float) -> float:
        return self.random.uniform(0, most)

    def lag_seconds(self) -> float:
        return self.random.uniform(0, LIST_LAG_SECONDS) if self.random.random() < self.lagging else 0.0

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability


@dataclass
class Script:
    """Chance written down: the process dies at seam number `die_at` (counted from 0), POSTs end as listed."""

    posts: list[PostOutcome] = field(default_factory=list)
    die_at: tuple[int, When] | None = None
    lag: float = 0.0
    seams: list[str] = field(default_factory=list)

    def crash(self, seam: str, when: When) -> bool:
        if when == "before":
            self.seams.append(seam)
        return self.die_at == (len(self.seams) - 1, when)

    def pause_seconds(self, seam: str) -> float:
        return 0.0

    def pause_before_send_seconds(self) -> float:
        return 0.0

    def latency_seconds(self) -> float:
        return 0.5

    def post(self) -> PostOutcome:
        return self.posts.pop(0) if self.posts else ANSWERED

    def read_fails(self, seam: str) -> bool:
        return False

    def outage_seconds(self) -> float:
        return 0.0

    def write(self) -> Write:
        return "done"

    def store_write(self) -> Write:
        return "done"

    def store_read_fails(self) -> bool:
        return False

    def lock_is_ignored(self) -> bool:
        return False

    def seconds_up_to(self, most: float) -> float:
        return most

    def lag_seconds(self) -> float:
        return self.lag
