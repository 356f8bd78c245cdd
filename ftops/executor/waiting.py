"""Waiting: what the run sleeps on when nothing can be done now, and how it learns that something moved.

One listing for each account and kind of thing, however many jobs there are, at growing intervals. What a listing showed
in the turn's own look is the baseline, so nothing that moved since can be missed. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ftops.core import identity
from ftops.core.address import Node
from ftops.core.change import Action, Change
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob
from ftops.core.progress import Progress
from ftops.executor.turn import Turn, pause

What = Literal["files", "jobs", "deployments"]
_WATCHED: dict[str, What] = {"dataset": "files", "finetune": "jobs", "deployment": "deployments"}
#: However quiet it is, everything is looked at again after this many of an account's longest intervals.
QUIET_INTERVALS = 20
Signature = frozenset[tuple[str, str]]
Listing = tuple[ObservedFile, ...] | tuple[ObservedJob, ...] | tuple[ObservedDeployment, ...]


@dataclass
class _Watch:
    """One listing that is polled. `due` on the boot clock."""

    account: str
    what: What
    before: Signature
    due: float
    polls: int = 0


def short(change: Change) -> bool:
    """Waits that are always waited for: the service checks a file, provisions a deployment. Training is long."""
    return change.address.kind != "finetune"


def wait_for_news(turn: Turn, waits: Iterable[Change], wake_at: Iterable[float]) -> None:
    """Returns when a watched listing moved or a wake-up time (boot clock) has come; raises Stopped at the deadline."""
    clock = turn.run.clock
    now = clock.boot_seconds()
    watched = sorted({(change.account, _WATCHED[change.address.kind]) for change in waits})
    watches = [_watch(turn, account, what, now) for account, what in watched]
    quiet = [now + QUIET_INTERVALS * turn.run.options.pace(watch.account).most_seconds for watch in watches]
    ends_at = min((*wake_at, *quiet), default=now)
    shown = _Shown(turn)
    while True:
        now = clock.boot_seconds()
        for watch in watches:
            if watch.due <= now and _moved(turn, watch, shown):
                return
        if now >= ends_at:
            return
        pause(turn.run, max(0.0, min((ends_at, *(watch.due for watch in watches))) - now), turn.deadline_at)


def _watch(turn: Turn, account: str, what: What, now: float) -> _Watch:
    listing: Listing = getattr(turn.observed.accounts[account], what)
    return _Watch(account, what, _signature(listing), now + turn.run.options.pace(account).first_seconds)


def _moved(turn: Turn, watch: _Watch, shown: _Shown) -> bool:
    """Polls once. A listing that fails has not moved; if that lasts, the next look at everything says so."""
    client = turn.run.clients[watch.account]
    watch.polls += 1
    watch.due = turn.run.clock.boot_seconds() + turn.run.options.pace(watch.account).interval(watch.polls, factor=1.5)
    try:
        listing: Listing
        if watch.what == "jobs":
            listing = client.list_jobs()
            shown.tell(client.arm_id, watch.account, listing)
        elif watch.what == "files":
            listing = client.list_files()
        else:
            listing = client.list_deployments()
    except RemoteError as error:
        turn.voice.note_once(error.summary)
        return False
    return _signature(listing) != watch.before


def _signature(listing: Listing) -> Signature:
    return frozenset(
        (thing.name, thing.provisioning) if isinstance(thing, ObservedDeployment) else (thing.id, thing.status)
        for thing in listing
    )


class _Shown:
    """Says how far our jobs are, when that has changed."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._last: dict[str, tuple[str, float | None]] = {}
        waiting = {change.address for change in turn.plan.changes if change.action is Action.WAIT}
        plan = turn.plan
        self._address_of = {
            (entry.arm_id, entry.token): entry.address
            for entry in turn.recorded.entries
            if (entry.project, entry.environment) == (plan.project, plan.environment) and entry.address in waiting
        }

    def tell(self, arm_id: str, account: str, jobs: Iterable[ObservedJob]) -> None:
        for job in jobs:
            address = self._address_of.get((arm_id, identity.token_of(job.suffix)))
            news = (job.status, self._fraction(job))
            if address is None or self._last.get(job.id) == news:
                continue
            self._last[job.id] = news
            self._turn.voice.tell(Progress(Node(address, account), "waiting", job.status, fraction=news[1]))

    def _fraction(self, job: ObservedJob) -> float | None:
        """How far a running job is by the service's own estimate, in whole percent; None when it gives none."""
        if job.status != "running" or job.estimated_finish is None or job.estimated_finish <= job.created_at:
            return None
        passed = self._turn.run.clock.wall_seconds() - job.created_at
        return round(min(max(passed / (job.estimated_finish - job.created_at), 0.0), 0.99), 2)
