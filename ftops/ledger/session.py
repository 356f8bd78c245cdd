"""Session: one reading of a ledger, and the conditional writes that may follow it.

A session holds the etag it read and chains its own writes after it, so whatever was decided from the reading is void
the moment anybody else writes (invariants I1 and I3 of the paid-job protocol): then every further write raises
LedgerMoved. Workers share a session; it is thread-safe. Nothing here decides what to write.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ftops.core.address import Address
from ftops.core.errors import LedgerError, LedgerMoved
from ftops.core.recorded import Recorded, RecordedEntry, RecordedJob
from ftops.ledger.document import DEFAULT_HORIZON_SECONDS, LedgerDocument, fold, held, recorded, seconds_left
from ftops.ledger.entries import (
    FORMAT,
    Adopted,
    Born,
    Entry,
    Forgot,
    Intent,
    Quarantined,
    Settled,
    Swept,
    decode,
    encode,
)
from ftops.ledger.store import ABSENT, LedgerUnsure, Sighting, Store

#: How often a write whose answer was lost is looked up and tried again.
LOOKUPS = 5
#: A ledger longer than this is written anew, shorter, when something is added to it.
COMPACT_ABOVE_BYTES = 512 * 1024


class Session:
    """See the module. Made by `Session.open` or `create`."""

    def __init__(self, store: Store, data: bytes | None, etag: str, horizons: Mapping[str, float]) -> None:
        self._store = store
        self._horizons = horizons
        self._etag = etag
        self._document = fold(data, place=store.place) if data is not None else None
        self._data = data[: self._document.valid_bytes] if data is not None and self._document else b""
        self._suspicion = _suspicion(self._document, store) if self._document else ""
        self._compact_above_bytes = COMPACT_ABOVE_BYTES
        self._void: LedgerError | None = None
        self._turn = threading.Lock()

    @classmethod
    def open(cls, store: Store, horizons: Mapping[str, float] | None = None) -> Session:
        """Reads the ledger. `horizons` in seconds by ARM id. Raises LedgerCorrupt, LedgerError."""
        data, etag = store.read()
        return cls(store, data, etag, horizons or {})

    @property
    def exists(self) -> bool:
        return self._document is not None

    @property
    def place(self) -> str:
        return self._store.place

    @property
    def suspicion(self) -> str:
        """Why this ledger cannot prove what is in flight, beside its age; "" where it can."""
        return self._suspicion

    @property
    def document(self) -> LedgerDocument:
        """The folded ledger; raises LedgerError when there is none."""
        if self._document is None:
            raise LedgerError(f"reading {self._store.place}: there is no ledger", hint="run `ftops ledger init`")
        return self._document

    def recorded(self) -> Recorded:
        """What the planner may know, as of now on the store's clock."""
        with self._turn:
            if self._document is None:
                return Recorded()
            now = self._store.now()
            document = self._document
            if self._suspicion:
                document = fold(self._data, place=self._store.place)
                document.born = now
            return recorded(document, now, self._horizons)

    def job(self, arm_id: str, token: str) -> RecordedJob | None:
        with self._turn:
            return self.document.jobs.get((arm_id, token))

    def lock_lost(self) -> bool:
        """Whether the run lock slipped away since it was taken: then nothing paid may be sent any more."""
        return self._store.lock_lost()

    def horizon_seconds(self, arm_id: str) -> float:
        """How long an unresolved request may still become a job in an account (invariant I6)."""
        return self._horizons.get(arm_id, DEFAULT_HORIZON_SECONDS)

    def young_seconds_left(self, arm_id: str) -> float:
        """How long until this ledger can prove that nothing is in flight in an account (invariant I8)."""
        horizon = self.horizon_seconds(arm_id)
        if self._suspicion:
            return horizon
        return seconds_left(self.document.born, self._store.now(), horizon)

    def heal(self) -> str:
        """Makes a damaged or rolled-back ledger usable, at the price of being young again. Returns what happened."""
        suspicion = self._suspicion
        if suspicion:
            self.swap([])
        return suspicion

    def intend(
        self,
        *,
        arm_id: str,
        token: str,
        nonce: str,
        address: Address,
        run: str,
        request: str,
        inputs: Mapping[str, Any],
    ) -> None:
        """Makes a paid intent durable. Returning is the permission to send once."""
        self.swap([Intent(arm_id, token, nonce, str(address), run, socket.gethostname(), request, inputs)])

    def settle_done(self, *, arm_id: str, token: str, nonce: str, job_id: str, entry: RecordedEntry | None) -> None:
        """Closes an intent with the job it became; `entry` is what has that job now, if anything has."""
        settled = Settled(arm_id, token, nonce, "done", job_id, "")
        self.swap([settled] if entry is None else [settled, held(entry)])

    def settle_rejected(self, *, arm_id: str, token: str, nonce: str, code: str) -> None:
        self.swap([Settled(arm_id, token, nonce, "rejected", None, code)])

    def adopt(self, *, token: str, job_id: str, inputs: Mapping[str, Any], entry: RecordedEntry) -> None:
        self.swap([Adopted(entry.arm_id, token, job_id, str(entry.address), inputs), held(entry)])

    def note_swept(self, *, arm_id: str, token: str, kept: str, cancelled: str) -> None:
        self.swap([Swept(arm_id, token, kept, cancelled)])

    def hold(self, entry: RecordedEntry) -> None:
        """Records what an entry of the specs now has."""
        self.swap([held(entry)])

    def forget(self, entry: RecordedEntry) -> None:
        self.swap([Forgot(entry.project, entry.environment, entry.arm_id, str(entry.address))])

    def leave_note(self, text: str) -> str:
        return self._store.leave_note(text)

    def swap(self, entries: Sequence[Entry]) -> None:
        """Appends entries on top of exactly what this session knows; durable when it returns.

        On a suspicious ledger the first write says so: no later reader may take it for sound. Raises LedgerMoved when
        somebody else wrote, LedgerError when durability cannot be promised; after either, this session is void and says
        so to every later caller.
        """
        with self._turn:
            if self._void is not None:
                raise type(self._void)(self._void.summary, hint=self._void.hint)
            if self._document is None and not isinstance(entries[0], Born):
                raise LedgerMoved(f"writing {self._store.place}: there is no ledger (any more)", hint="run again")
            if self._suspicion:
                entries = [Quarantined(self._suspicion), *entries]
            at, seq = round(self._store.now(), 3), self._document.seq if self._document else 0
            lines = [encode(seq + number, at, entry) for number, entry in enumerate(entries, start=1)]
            data = self._shortened(at) + b"".join(lines)
            try:
                self._etag = _write(self._store, self._etag, data)
            except LedgerError as error:
                self._void = error
                raise
            self._data, self._suspicion = data, ""
            self._take(lines)

    def _shortened(self, at: float) -> bytes:
        """What the next lines are written after: all there is, or one line that stands for it where that pays."""
        if self._document is not None and len(self._data) > self._compact_above_bytes:
            compacted = self._document.compacted(at)
            if 2 * len(compacted) < len(self._data):
                return compacted
            self._compact_above_bytes = 2 * len(self._data)
        return self._data

    def _take(self, lines: Sequence[bytes]) -> None:
        if self._document is None:
            self._document = LedgerDocument()
        for line in lines:
            self._document.add(decode(line[:-1]))
        self._document.valid_bytes, self._document.cut_bytes = len(self._data), 0
        document = self._document
        sighting = Sighting(document.seq, document.crcs[-1])
        self._store.guard.note(document.lineage, sighting, place=self._store.place)


def create(store: Store, *, nothing_in_flight: bool = False, horizons: Mapping[str, float] | None = None) -> Session:
    """A new ledger with a lineage of its own; raises LedgerMoved when there is one already.

    Born now, so that paid work waits out the horizon, unless a human states that nothing is in flight.
    """
    session = Session(store, None, ABSENT, horizons or {})
    session.swap([Born(FORMAT, secrets.token_hex(16), nothing_in_flight)])
    return session


def rebuild(store: Store, *, horizons: Mapping[str, float] | None = None) -> tuple[Session, str]:
    """Sets the ledger aside (returned: where) and starts a new one, born now. Azure itself carries what was made."""
    aside = store.set_aside()
    return create(store, horizons=horizons), aside


def _write(store: Store, etag: str, data: bytes) -> str:
    """The conditional write; when its answer is lost, looks whether it landed (the bytes hold nonces, so are ours)."""
    lost = False
    for _ in range(LOOKUPS):
        try:
            return store.write_if(etag, data)
        except LedgerUnsure:
            lost = True
        except LedgerMoved:
            if not lost:
                raise
        there, there_etag = store.read()
        if there == data:
            return there_etag
        if there_etag != etag:
            break
    raise LedgerMoved(f"writing {store.place}: somebody else wrote it, or its answers are lost", hint="run again")


def _suspicion(document: LedgerDocument, store: Store) -> str:
    if document.cut_bytes:
        return f"its last line was torn ({document.cut_bytes} bytes cut)"
    sighting = store.guard.seen(document.lineage)
    if sighting is None:
        return ""
    if document.seq < sighting.seq:
        return f"it went backwards: {document.seq} entries where {sighting.seq} had been seen"
    if document.crcs[sighting.seq - 1] != sighting.crc:
        return f"its history changed: entry {sighting.seq} is not the one that had been seen"
    if store.guard.latest(store.place) not in ("", document.lineage):
        return "it is an earlier ledger: another one has been used here since"
    return ""
