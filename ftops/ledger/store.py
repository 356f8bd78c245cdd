"""Store: where a ledger's bytes live, as a protocol. One document, one etag, one conditional write.

Safety comes from `write_if` alone: a write succeeds only on top of exactly what was read. The run lock is for good
manners. A store never looks into the bytes it keeps.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ftops.core.errors import LedgerError

#: The etag of a ledger that is not there.
ABSENT = ""


class LedgerUnsure(LedgerError):
    """The answer to a conditional write was lost: it may or may not have taken effect."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the run lock, in their own words. `since` is an RFC 3339 time on the store's clock."""

    run: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        if not self.run:
            return "another ftops, which has not said who it is"
        return f"process {self.pid} on {self.host} since {self.since} (run {self.run})"

    @classmethod
    def read(cls, text: str | bytes) -> Holder:
        """Who wrote this JSON; somebody without a run when it cannot be read."""
        try:
            body = json.loads(text)
            return cls(str(body["run"]), str(body["host"]), int(body["pid"]), str(body["since"]))
        except (ValueError, TypeError, KeyError):
            return cls("", "", 0, "")


@dataclass(frozen=True, slots=True)
class Sighting:
    """The newest line of a ledger that this user has seen: its number and its checksum."""

    seq: int
    crc: str


class Guard(Protocol):
    """Remembers, outside the ledger, how far a ledger had come: going backwards must be noticed."""

    def seen(self, lineage: str) -> Sighting | None: ...
    def latest(self, place: str) -> str:
        """The lineage that was written last at this place; "" when none is known."""

    def note(self, lineage: str, sighting: Sighting, *, place: str) -> None: ...


class Store(Protocol):
    """One ledger's home. Etags are never reused, not even when a ledger is deleted and made anew."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    @property
    def guard(self) -> Guard: ...

    @property
    def caution(self) -> str:
        """What makes this home unsafe, for people; "" for nothing."""

    def read(self) -> tuple[bytes | None, str]:
        """The bytes and their etag; (None, ABSENT) when there is no ledger. Raises LedgerError."""

    def write_if(self, etag: str, data: bytes) -> str:
        """Stores `data` durably if the ledger is still the one `etag` names; returns the new etag.

        Raises LedgerMoved when it is not, LedgerUnsure when the answer was lost, LedgerError (final: the same write is
        never tried again) when the store cannot promise durability.
        """

    def lock(self, holder: Holder) -> AbstractContextManager[None]:
        """The run lock. Raises LedgerLocked at once when somebody else holds it."""

    def lock_lost(self) -> bool:
        """Whether the run lock taken through this store slipped away while it was held. Asks nobody."""

    def holder(self) -> Holder | None:
        """Who holds the run lock now, as they said themselves; None when it is free. Raises LedgerError."""

    def unlock(self) -> None:
        """Takes the run lock away from whoever holds it. Raises LedgerError where only its end frees it."""

    def now(self) -> float:
        """Seconds on the store's own clock: the only clock that ages in the ledger are taken on."""

    def set_aside(self) -> str:
        """Moves the ledger out of the way, keeping its bytes; returns where they are."""

    def leave_note(self, text: str) -> str:
        """Keeps one line beside the ledger, for when the ledger itself cannot be written; returns where."""
