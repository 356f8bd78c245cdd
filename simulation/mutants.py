"""Mutants: the protocol with one defence taken out, from outside and for as long as a block lasts.

Each one names the seam it is put in at. If the simulation did not find every one of them, that it finds nothing in the
real code would mean nothing. Product code has no switch for any of this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from ftops.core.change import Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedJob
from ftops.core.recorded import RecordedJob
from ftops.executor import paid
from ftops.ledger import Session, document, session
from ftops.ledger.entries import Entry, Intent, Settled
from ftops.planner import finetunes, identify
from simulation import applier, ledger_home, network, process

Patches = Iterator[Any]


@dataclass(frozen=True)
class Mutant:
    """`without` says what is missing; `patches` makes it so; `invariant` is what should notice."""

    name: str
    without: str
    invariant: str
    patches: Callable[[], Patches]

    @contextmanager
    def installed(self) -> Iterator[None]:
        with ExitStack() as stack:
            # The judge is to find it from the bill, not the apparatus from what it sees on the way.
            stack.enter_context(mock.patch.object(process.World, "count_post", return_value=None))
            for patch in self.patches():
                stack.enter_context(patch)
            yield


def _no_intent() -> Patches:
    """The ledger learns of a job after it was made, as Terraform's state does."""
    real = Session.swap

    def swap(self: Session, entries: Sequence[Entry]) -> None:
        if any(isinstance(entry, Intent) for entry in entries):
            return
        real(self, [entry for entry in entries if not isinstance(entry, Settled)])

    yield mock.patch.object(Session, "swap", swap)


def _no_swap() -> Patches:
    """The last writer wins: a store without conditional writes, behind a lease."""

    def write(self: ledger_home.ProcessStore, etag: str, data: bytes) -> str:
        self._place.keep(data)
        return self._place.etag

    yield mock.patch.object(ledger_home.ProcessStore, "write", write)


def _no_deadline() -> Patches:
    """However long ago the intent was written, it is sent."""
    yield mock.patch.object(paid, "min", return_value=math.inf, create=True)


def _no_horizon() -> Patches:
    """What no listing shows now counts as never made."""

    def at_once(job: RecordedJob, now: float, horizons: Mapping[str, float]) -> RecordedJob:
        return replace(job, seconds_left=0.0)

    yield mock.patch.object(document, "_counted_down", at_once)


def _short_horizon() -> Patches:
    """Shorter than a late commit and a lagging listing together."""
    yield mock.patch.object(applier, "HORIZON_SECONDS", 60.0)


def _ambiguous_is_failed() -> Patches:
    """Every error of a create counts as a create that failed, as in Crossplane."""
    yield mock.patch.object(paid, "_proven_absent", return_value=True)


def _list_error_is_empty() -> Patches:
    real = network.Client.list_jobs

    def list_jobs(self: network.Client) -> tuple[ObservedJob, ...]:
        try:
            return real(self)
        except RemoteError:
            return ()

    yield mock.patch.object(network.Client, "list_jobs", list_jobs)


def _no_quarantine() -> Patches:
    """A ledger that was lost, or put back from a copy, is believed at once."""
    yield mock.patch.object(Session, "young_seconds_left", return_value=0.0)
    yield mock.patch.object(session, "_suspicion", return_value="")


def _sdk_retries() -> Patches:
    """Two more requests after any answer that is not the service's refusal, as the SDK does unless told not to."""
    real = network.Client.create_job

    def create_job(self: network.Client, train: Train) -> ObservedJob:
        for _ in range(2):
            try:
                return real(self, train)
            except RemoteError as error:
                if error.kind == "rejected":
                    raise
        return real(self, train)

    yield mock.patch.object(network.Client, "create_job", create_job)


def _blind_adoption() -> Patches:
    """Whatever carries the token is taken up, and nothing is ever suspicious."""
    yield mock.patch.object(identify, "contradiction", return_value="")
    yield mock.patch.object(finetunes, "unreadable_twin", return_value=None)


MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant("no-intent", "no durable intent before the request", "I1", _no_intent),
        Mutant("no-swap", "writes of the ledger are not conditional", "I1, I3", _no_swap),
        Mutant("no-deadline", "a send may begin long after its intent", "I4", _no_deadline),
        Mutant("no-horizon", "an unresolved request may be sent again at once", "I6", _no_horizon),
        Mutant("short-horizon", "an unresolved request may be sent again after 60 s", "I6", _short_horizon),
        Mutant("ambiguous-is-failed", "an unknown outcome counts as no job", "I5", _ambiguous_is_failed),
        Mutant("list-error-is-empty", "a failed listing counts as an empty one", "I7", _list_error_is_empty),
        Mutant("no-quarantine", "a young or damaged ledger counts as proof", "I8", _no_quarantine),
        Mutant("sdk-retries", "the paid request is retried by its client", "I2", _sdk_retries),
        Mutant("blind-adoption", "a job with the token is adopted whatever else it holds", "I9", _blind_adoption),
    )
}
#: What counts as found: the bill is wrong, or the specs never come true. Not what the apparatus itself asserts.
FOUND = frozenset({"paid twice", "made twice", "lost", "stuck"})
