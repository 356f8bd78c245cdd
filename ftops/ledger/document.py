"""Fold: a ledger's bytes -> what they mean. Pure; the one place that knows what entries do to each other.

Damage is never accepted silently (part B.7 of the paid-job protocol): a bad last line is what a power cut leaves, so it
is cut and the ledger counts as young again; a bad line anywhere else needs `ftops ledger rebuild`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from ftops.core.address import Address
from ftops.core.errors import LedgerCorrupt, LedgerError
from ftops.core.recorded import JobOutcome, Recorded, RecordedEntry, RecordedJob
from ftops.ledger.entries import (
    FORMAT,
    Adopted,
    Born,
    Compacted,
    Entry,
    Forgot,
    Held,
    Intent,
    JobRow,
    Line,
    Quarantined,
    Settled,
    UnknownEntry,
    decode,
    encode,
    record,
)

#: How long an account's unresolved request may still become a job, where nothing else is said (invariant I6).
DEFAULT_HORIZON_SECONDS = 900.0
#: The birth of a ledger of which a human said that nothing is in flight.
THE_PAST = float("-inf")
DAY_SECONDS = 86_400.0
CRC_DIGITS = 8
OUTCOMES: Mapping[str, JobOutcome] = {"sending": "sending", "done": "done", "rejected": "rejected"}
REBUILD_HINT = "run `ftops ledger rebuild`: it sets the damaged ledger aside and starts a new one from what Azure holds"

JobKey = tuple[str, str]
EntryKey = tuple[str, str, str, Address]


@dataclass
class LedgerDocument:
    """A ledger, folded. Grows by `add`, one line at a time.

    `born` is on the store's clock, THE_PAST when nothing was in flight. `crcs` holds every line's checksum in order
    (the rollback guard compares one). `valid_bytes` is the length of the good part, `cut_bytes` of the torn tail.
    """

    lineage: str = ""
    seq: int = 0
    born: float = THE_PAST
    jobs: dict[JobKey, RecordedJob] = field(default_factory=dict)
    entries: dict[EntryKey, RecordedEntry] = field(default_factory=dict)
    intents: dict[str, float] = field(default_factory=dict)
    crcs: list[str] = field(default_factory=list)
    valid_bytes: int = 0
    cut_bytes: int = 0

    def add(self, line: Line) -> None:
        """Takes in the next line. Raises ValueError (for people) when it cannot follow what is there."""
        if isinstance(line.entry, Compacted):
            self._stand_for(line.seq, line.entry)
            return
        if line.seq != self.seq + 1:
            raise ValueError(f"it is numbered {line.seq} where {self.seq + 1} is due")
        if isinstance(line.entry, Born) != (line.seq == 1):
            raise ValueError("only the first line may, and must, say when the ledger was born")
        self._take(line.at, line.entry)
        self.seq = line.seq
        self.crcs.append(line.crc)

    def _stand_for(self, seq: int, entry: Compacted) -> None:
        if self.seq:
            raise ValueError("only the first line may stand for others")
        crcs = [entry.crcs[start : start + CRC_DIGITS] for start in range(0, len(entry.crcs), CRC_DIGITS)]
        if seq < 1 or len(entry.crcs) != seq * CRC_DIGITS:
            raise ValueError("it does not hold the checksum of every entry it stands for")
        self.lineage = entry.lineage
        self.born = THE_PAST if entry.born is None else entry.born
        for row in entry.jobs:
            job = _job(record(JobRow, row, "job"))
            self.jobs[job.arm_id, job.token] = job
        for row in entry.entries:
            self._take(self.born, record(Held, row, "entry"))
        for nonce, at in entry.intents.items():
            if not isinstance(at, int | float):
                raise ValueError("the time of an intent is not a number")
            self.intents[nonce] = float(at)
        self.seq, self.crcs = seq, crcs

    def compacted(self, at: float) -> bytes:
        """One line that stands for all of it. `at`, on the store's clock, decides which intents count for the day."""
        jobs = [asdict(_row(self.jobs[key])) for key in sorted(self.jobs)]
        open_nonces = {job.nonce for job in self.jobs.values()}
        kept = {n: t for n, t in self.intents.items() if n in open_nonces or at - t < DAY_SECONDS}
        entry = Compacted(
            FORMAT,
            self.lineage,
            None if self.born == THE_PAST else self.born,
            "".join(self.crcs),
            jobs,
            [asdict(held(self.entries[key])) for key in sorted(self.entries)],
            kept,
        )
        return encode(self.seq, at, entry)

    def _take(self, at: float, entry: Entry) -> None:
        match entry:
            case Born():
                self.lineage = entry.lineage
                self.born = THE_PAST if entry.nothing_in_flight else at
            case Quarantined():
                self.born = at
            case Intent():
                self._intend(at, entry)
            case Settled():
                self._settle(entry)
            case Adopted():
                self._adopt(at, entry)
            case Held():
                self.entries[_key(entry)] = RecordedEntry(**{**asdict(entry), "address": Address.parse(entry.address)})
            case Forgot():
                self.entries.pop(_key(entry), None)
            case _:
                return  # a sweep is kept for people; it changes nothing that is decided from

    def _intend(self, at: float, entry: Intent) -> None:
        if entry.nonce in self.intents:
            raise ValueError("it repeats the nonce of an earlier intent")
        self.intents[entry.nonce] = at
        self.jobs[entry.arm_id, entry.token] = RecordedJob(
            arm_id=entry.arm_id,
            token=entry.token,
            outcome="sending",
            nonce=entry.nonce,
            at=at,
            address=Address.parse(entry.address),
            inputs=entry.inputs,
        )

    def _settle(self, entry: Settled) -> None:
        job = self.jobs.get((entry.arm_id, entry.token))
        if job is None or job.nonce != entry.nonce:
            raise ValueError("it settles an intent that is not the last one")
        if entry.outcome == "done" and entry.job_id:
            self.jobs[entry.arm_id, entry.token] = replace(job, outcome="done", job_id=entry.job_id)
        elif entry.outcome == "rejected" and entry.job_id is None:
            self.jobs[entry.arm_id, entry.token] = replace(job, outcome="rejected")
            del self.intents[entry.nonce]
        else:
            raise ValueError("its outcome and its job do not go together")

    def _adopt(self, at: float, entry: Adopted) -> None:
        before = self.jobs.get((entry.arm_id, entry.token))
        self.jobs[entry.arm_id, entry.token] = RecordedJob(
            arm_id=entry.arm_id,
            token=entry.token,
            outcome="done",
            nonce=before.nonce if before else "",
            at=before.at if before else at,
            address=Address.parse(entry.address),
            job_id=entry.job_id,
            inputs=entry.inputs,
        )


def fold(data: bytes, *, place: str = "the ledger") -> LedgerDocument:
    """Reads a whole ledger; `place` names it in errors.

    A torn last line is left out and counted in `cut_bytes`. Raises LedgerCorrupt for any other damage, LedgerError when
    a newer ftops wrote it.
    """
    lines = data.split(b"\n")
    tail = lines.pop()
    document = LedgerDocument()
    for number, raw in enumerate(lines, start=1):
        try:
            line = decode(raw)
        except UnknownEntry as error:
            raise LedgerError(
                f"reading {place}: line {number} cannot be used: {error}", hint="use the newest ftops of your team"
            ) from error
        except ValueError as error:
            if number > 1 and number == len(lines) and not tail:
                document.cut_bytes = len(raw) + 1
                return document
            raise _corrupt(place, number, error) from error
        if isinstance(line.entry, Born | Compacted) and line.entry.format != FORMAT:
            raise LedgerError(
                f"reading {place}: its format is {line.entry.format!r}, expected {FORMAT!r}",
                hint="use the newest ftops of your team",
            )
        try:
            document.add(line)
        except ValueError as error:
            raise _corrupt(place, number, error) from error
        document.valid_bytes += len(raw) + 1
    if document.seq == 0:
        raise LedgerCorrupt(f"reading {place}: its first line is missing or cut", hint=REBUILD_HINT)
    document.cut_bytes = len(tail)
    return document


def recorded(document: LedgerDocument, now: float, horizons: Mapping[str, float]) -> Recorded:
    """What the planner sees at `now` (seconds on the store's clock). `horizons` by ARM id, in seconds."""
    longest = max(horizons.values(), default=DEFAULT_HORIZON_SECONDS)
    return Recorded(
        exists=True,
        lineage=document.lineage,
        seq=document.seq,
        jobs={key: _counted_down(job, now, horizons) for key, job in document.jobs.items()},
        entries=tuple(document.entries[key] for key in sorted(document.entries)),
        young_seconds_left=seconds_left(document.born, now, longest),
        jobs_today=sum(now - at < DAY_SECONDS for at in document.intents.values()),
    )


def seconds_left(since: float, now: float, horizon_seconds: float) -> float:
    """What is left of a horizon. A clock that went backwards makes it whole again, never longer."""
    return min(horizon_seconds, max(0.0, horizon_seconds - (now - since)))


def _counted_down(job: RecordedJob, now: float, horizons: Mapping[str, float]) -> RecordedJob:
    """A job that was made counts down too: a listing may lag behind the answer that named it."""
    if job.outcome == "rejected":
        return job
    horizon = horizons.get(job.arm_id, DEFAULT_HORIZON_SECONDS)
    return replace(job, seconds_left=seconds_left(job.at, now, horizon))


def held(entry: RecordedEntry) -> Held:
    """How an entry is written."""
    return Held(
        entry.project,
        entry.environment,
        entry.arm_id,
        str(entry.address),
        entry.token,
        entry.file_name,
        entry.name,
    )


def _row(job: RecordedJob) -> JobRow:
    return JobRow(job.arm_id, job.token, job.outcome, job.nonce, job.at, str(job.address), job.job_id, dict(job.inputs))


def _job(row: JobRow) -> RecordedJob:
    outcome = OUTCOMES.get(row.outcome)
    if outcome is None or (outcome == "done") != bool(row.job_id):
        raise ValueError("its outcome and its job do not go together")
    return RecordedJob(
        row.arm_id, row.token, outcome, row.nonce, row.at, Address.parse(row.address), row.job_id, row.inputs
    )


def _key(entry: Held | Forgot) -> EntryKey:
    return (entry.project, entry.environment, entry.arm_id, Address.parse(entry.address))


def _corrupt(place: str, number: int, error: ValueError) -> LedgerCorrupt:
    return LedgerCorrupt(f"reading {place}: line {number} is damaged: {error}", hint=REBUILD_HINT)
