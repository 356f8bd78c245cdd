"""The ledger's home: one place, and how processes reach it. Conditional writes, lost answers, a lease that runs out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved
from ftops.ledger.entries import Intent, decode
from ftops.ledger.store import ABSENT, Guard, Holder, LedgerUnsure
from simulation.process import Process

#: A lease that is not renewed any more ends after this long; a write whose answer was lost arrives within this.
LEASE_SECONDS = 60.0
LATE_WRITE_SECONDS = 30.0
decoded = lru_cache(maxsize=50_000)(decode)


@dataclass
class Place:
    """Where the ledger lives. Etags are never used twice. `intents`: all that were ever durable anywhere."""

    intents: set[tuple[str, str, str]]
    skew_seconds: float = 0.0
    data: bytes | None = None
    serial: int = 0
    holder: Process | None = None
    earlier: list[bytes] = field(default_factory=list)

    @property
    def etag(self) -> str:
        return ABSENT if self.data is None else f"etag-{self.serial}"

    def keep(self, data: bytes | None) -> None:
        if self.data is not None:
            self.earlier.append(self.data)
        self._note_intents(data)
        self.data = data
        self.serial += 1

    def _note_intents(self, data: bytes | None) -> None:
        known = len(self.data) if data and self.data and data.startswith(self.data) else 0
        for raw in (data or b"")[known:].split(b"\n")[:-1]:
            entry = decoded(raw).entry
            if isinstance(entry, Intent):
                self.intents.add((entry.arm_id, entry.token, entry.nonce))


class ProcessStore:
    """The ledger's place as one process reaches it. Satisfies the ledger's Store."""

    place = "the ledger"
    caution = ""

    def __init__(self, process: Process, place: Place) -> None:
        self._process = process
        self._place = place

    @property
    def guard(self) -> Guard:
        return self._process.guard

    def now(self) -> float:
        return self._process.world.scheduler.now + self._place.skew_seconds

    def read(self) -> tuple[bytes | None, str]:
        def answered() -> tuple[bytes | None, str]:
            if self._process.chance.store_read_fails():
                raise LedgerError("reading the ledger: it cannot be reached")
            return self._place.data, self._place.etag

        return self._process.call("ledger.read", answered)

    def write_if(self, etag: str, data: bytes) -> str:
        def answered() -> str:
            fate = self._process.chance.store_write()
            if fate == "refused":
                raise LedgerError("writing the ledger: the store is out of order")
            if fate == "late":
                scheduler = self._process.world.scheduler
                arrives = scheduler.now + self._process.chance.seconds_up_to(LATE_WRITE_SECONDS)
                scheduler.at(arrives, lambda: self._late(etag, data))
            if fate in ("late", "never arrived"):
                raise LedgerUnsure("writing the ledger: no answer")
            written = self.write(etag, data)
            if fate == "answer lost":
                raise LedgerUnsure("writing the ledger: the answer was lost")
            return written

        return self._process.call("ledger.write", answered)

    def write(self, etag: str, data: bytes) -> str:
        """What the store does with a write that has arrived."""
        if etag != self._place.etag:
            self._process.say("the ledger has moved")
            raise LedgerMoved("writing the ledger: another ftops wrote it in between")
        self._place.keep(data)
        return self._place.etag

    def _late(self, etag: str, data: bytes) -> None:
        if etag == self._place.etag:
            self._place.keep(data)

    @contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        self._process.call("ledger.lock", lambda: self._take_lease(holder))
        try:
            yield
        finally:
            # Killed and paused processes release nothing: their lease runs out.
            if self._place.holder is self._process and self._process.died_at is None:
                self._place.holder = None

    def _take_lease(self, holder: Holder) -> None:
        other = self._place.holder
        if other is not None and other is not self._process and not self._process.chance.lock_is_ignored():
            silent = other.silent_since
            if silent is None or self._process.world.scheduler.now < silent + LEASE_SECONDS:
                raise LedgerLocked(f"locking the ledger: held by {holder}")
        self._place.holder = self._process

    def lock_lost(self) -> bool:
        """Never noticed: safety must not rest on it."""
        return False

    def holder(self) -> Holder | None:
        other = self._place.holder
        return Holder(other.name, other.name, 1, "") if other is not None else None

    def unlock(self) -> None:
        self._place.holder = None

    def set_aside(self) -> str:
        self._place.keep(None)
        return "aside"

    def leave_note(self, text: str) -> str:
        self._process.seam("ledger.note", "before")
        return "the note"
