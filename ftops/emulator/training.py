"""The lives of an account's jobs as pure functions of what was asked and when.

In: the jobs in the order they were created, what was done to them, and how many may run at once. Out: for each a
`Life`: when it starts, pauses and ends, and how. Nothing runs; the present is only a place on these lines, so
reading it changes nothing and two processes see the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

PENDING: Final = "pending"
RUNNING: Final = "running"
SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
TERMINAL: Final = frozenset({SUCCEEDED, FAILED, CANCELLED})

_NEVER: Final = float("inf")


@dataclass(frozen=True)
class Pause:
    """A pause: asked for, in effect, resume asked for, in effect again."""

    asked_at: float
    paused_at: float
    resume_asked_at: float = _NEVER
    resumed_at: float = _NEVER


@dataclass(frozen=True)
class Submission:
    """A job as far as time is concerned. Durations in seconds; `flawed`: its data will be refused."""

    id: str
    created_at: float
    pending_seconds: float
    running_seconds: float
    flawed: bool = False
    developer: bool = False
    cancelled_at: float = _NEVER
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True)
class Slots:
    """How many jobs may run at once, and how long one may."""

    standard: int
    developer: int
    running_seconds_max: float


@dataclass(frozen=True)
class Life:
    """When a job starts and ends. Instants may lie in the future; infinite means never."""

    created_at: float
    started_at: float
    ended_at: float
    outcome: str
    running_seconds: float
    overlong: bool = False
    pauses: tuple[Pause, ...] = field(default=())

    def status(self, now: float) -> str:
        """The status Azure would show (contract 1.7)."""
        if now >= self.ended_at:
            return self.outcome
        if now < self.started_at:
            return PENDING
        for pause in self.pauses:
            if pause.asked_at <= now < pause.paused_at:
                return "pausing"
            if pause.paused_at <= now < pause.resume_asked_at:
                return "paused"
            if pause.resume_asked_at <= now < pause.resumed_at:
                return "resuming"
        return RUNNING

    def moment(self, fraction: float) -> float:
        """When this fraction of the training is done; never, when the job ends or pauses before."""
        at = self.started_at + fraction * self.running_seconds
        for pause in self.pauses:
            if at > pause.paused_at:
                at += pause.resumed_at - pause.paused_at
        return at if at <= self.ended_at else _NEVER

    def succeeded(self, now: float) -> bool:
        return now >= self.ended_at and self.outcome == SUCCEEDED


def lives(submissions: Sequence[Submission], slots: Slots) -> Mapping[str, Life]:
    """The life of every job: first come, first served, in n log n."""
    running: Mapping[bool, list[float]] = {False: [], True: []}
    found: dict[str, Life] = {}
    for job in submissions:
        limit = slots.developer if job.developer else slots.standard
        found[job.id] = _life(job, running[job.developer], limit, slots.running_seconds_max)
    return found


def _life(job: Submission, busy_until: list[float], limit: int, running_seconds_max: float) -> Life:
    ready_at = job.created_at + job.pending_seconds
    queued = len(busy_until) >= limit
    starts_at = max(ready_at, (busy_until[0] if busy_until else _NEVER) if queued else ready_at)
    if job.flawed and job.cancelled_at >= ready_at:
        return Life(job.created_at, _NEVER, ready_at, FAILED, job.running_seconds)
    if job.cancelled_at <= starts_at:
        return Life(job.created_at, _NEVER, job.cancelled_at, CANCELLED, job.running_seconds)
    overlong = job.running_seconds > running_seconds_max
    seconds = min(job.running_seconds, running_seconds_max)
    pauses = tuple(_in_effect(job.pauses, starts_at, seconds))
    would_end_at = _end(starts_at, seconds, pauses)
    cancelled = job.cancelled_at < would_end_at
    ended_at = job.cancelled_at if cancelled else would_end_at
    outcome = CANCELLED if cancelled else FAILED if overlong else SUCCEEDED
    # A paused job gives its place away and does not queue again (assumed).
    free_at = min(ended_at, pauses[0].paused_at if pauses else _NEVER)
    if starts_at < _NEVER:
        (heapq.heapreplace if queued else heapq.heappush)(busy_until, free_at)
    return Life(job.created_at, starts_at, ended_at, outcome, job.running_seconds, overlong, pauses)


def _in_effect(pauses: Iterable[Pause], starts_at: float, seconds: float) -> Iterable[Pause]:
    ends_at = starts_at + seconds
    for pause in pauses:
        if pause.paused_at >= ends_at:
            return
        yield pause
        ends_at += pause.resumed_at - pause.paused_at


def _end(starts_at: float, seconds: float, pauses: Iterable[Pause]) -> float:
    return starts_at + seconds + sum(pause.resumed_at - pause.paused_at for pause in pauses)
