"""A process: one life of an applier. Every call it makes to the outside is a seam where it may be paused or killed.

What has no process of its own (the service, the ledger's place) is reached through the client and the store below,
which add everything that can go wrong on the way and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import BinaryIO, TypeVar

from ftops.core import identity
from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved, RemoteError
from ftops.core.observed import (
    Observed,
    ObservedAccount,
    ObservedDeployment,
    ObservedFile,
    ObservedJob,
    ObservedModel,
    Unread,
)
from ftops.executor import StopSignal
from ftops.ledger.entries import Intent, decode
from ftops.ledger.store import ABSENT, Guard, Holder, LedgerUnsure
from simulation.chance import CLIENT_TIMEOUT_SECONDS, CONNECT_SECONDS, LATE_COMMIT_SECONDS, Chance, When
from simulation.scheduler import Scheduler
from simulation.service import Service
from tests.executor.simulated import MemoryGuard

T = TypeVar("T")
#: A lease that is not renewed any more ends after this long.
LEASE_SECONDS = 60.0
decoded = lru_cache(maxsize=50_000)(decode)


class Killed(BaseException):
    """The process died here; nothing of it runs any more."""


class Violation(AssertionError):
    """An invariant that can only be seen from outside does not hold."""


@dataclass
class Place:
    """Where the ledger lives. Etags are never used twice; `lag` is kept beside the service, as jobs become visible."""

    scheduler: Scheduler
    skew_seconds: float = 0.0
    data: bytes | None = None
    serial: int = 0
    holder: Process | None = None
    earlier: list[bytes] = field(default_factory=list)
    intents: set[tuple[str, str, str]] = field(default_factory=set)

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


@dataclass
class World:
    """Everything that outlives a process. `visible_at`: when a listing first shows a job. `posts`: sent so far."""

    scheduler: Scheduler
    chance: Chance
    services: dict[str, Service]
    place: Place
    trace: Callable[[str], None] | None = None
    visible_at: dict[str, float] = field(default_factory=dict)
    posts: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    down_until: dict[str, float] = field(default_factory=dict)
    on_post: list[Callable[[int], None]] = field(default_factory=list)

    def say(self, who: str, what: str) -> None:
        if self.trace is not None:
            self.trace(f"{self.scheduler.now - START:10.1f}  {who:10}  {what}")

    def submit(self, service: Service, train: Train) -> ObservedJob | RemoteError:
        """The request has arrived: the service makes the job, or says why not."""
        try:
            job = service.submit(train)
        except RemoteError as refused:
            self.say(service.alias, f"refuses {train.suffix}: {refused.summary}")
            return refused
        self.visible_at[job.id] = self.scheduler.now + self.chance.lag_seconds()
        self.say(service.alias, f"makes {job.id[-4:]} for {train.suffix}")
        return job

    def note_post(self) -> None:
        for listener in self.on_post:
            listener(sum(self.outcomes.values()))

    def count_post(self, service: Service, train: Train) -> None:
        """Each request must have had a durable intent of its own (I1, I2)."""
        key = (service.arm_id, identity.token_of(train.suffix) or "")
        self.posts[key] += 1
        intents = sum(intent[:2] == key for intent in self.place.intents)
        if self.posts[key] > intents:
            raise Violation(f"{self.posts[key]} requests were sent for {key[1]} and {intents} intents written (I1, I2)")


#: When every simulation starts, in unix seconds.
START = 1_800_000_000.0


class Process:
    """`boot_offset`: this machine's boot clock differs from everybody else's."""

    def __init__(self, world: World, chance: Chance, name: str, *, boot_offset: float, guard: MemoryGuard) -> None:
        self.world = world
        self.chance = chance
        self.name = name
        self.guard = guard
        self.died_at: float | None = None
        self._boot_offset = boot_offset
        self._paused: tuple[float, float] | None = None

    def say(self, what: str) -> None:
        self.world.say(self.name, what)

    # Time

    def boot_seconds(self) -> float:
        self.pause_perhaps("clock")
        return self.world.scheduler.now + self._boot_offset

    def wall_seconds(self) -> float:
        return self.world.scheduler.now

    def sleep(self, seconds: float, stop: StopSignal) -> None:
        self.seam("sleep", "before")
        self.spend(seconds)

    def spend(self, seconds: float) -> None:
        """Lets time pass for this process; more of it when it is paused meanwhile."""
        self.world.scheduler.sleep(seconds)
        while self._paused is not None and self.world.scheduler.now < self._paused[1]:
            self.world.scheduler.sleep(self._paused[1] - self.world.scheduler.now)
        if self.died_at is not None:
            raise Killed

    # Seams

    def call(self, seam: str, effect: Callable[[], T]) -> T:
        """One call to the outside and its answer."""
        self.seam(seam, "before")
        self.spend(self.chance.latency_seconds())
        result = effect()
        self.seam(seam, "after")
        return result

    def seam(self, seam: str, when: When) -> None:
        self.die_perhaps(seam, when)
        self.pause_perhaps(seam)

    def die_perhaps(self, seam: str, when: When) -> None:
        if self.died_at is not None:
            raise Killed
        if self.chance.crash(seam, when):
            self.died_at = self.world.scheduler.now
            self.say(f"dies {when} {seam}")
            raise Killed

    def pause_perhaps(self, seam: str) -> None:
        self.pause(self.chance.pause_seconds(seam), seam)

    def pause(self, seconds: float, seam: str) -> None:
        if seconds > 0:
            now = self.world.scheduler.now
            self.say(f"is paused for {seconds:.0f} s at {seam}")
            self._paused = (now, now + seconds)
            self.spend(seconds)

    @property
    def silent_since(self) -> float | None:
        """Since when this process renews no lease; None while it does."""
        if self.died_at is not None:
            return self.died_at
        paused = self._paused is not None and self.world.scheduler.now < self._paused[1]
        return self._paused[0] if paused and self._paused else None


class Client:
    """One account as one process reaches it. Satisfies the executor's AccountClient."""

    def __init__(self, process: Process, service: Service) -> None:
        self._process = process
        self._service = service
        self.deleted: list[str] = []

    @property
    def alias(self) -> str:
        return self._service.alias

    @property
    def arm_id(self) -> str:
        return self._service.arm_id

    def list_files(self) -> tuple[ObservedFile, ...]:
        return self._read("list_files", self._service.list_files)

    def list_jobs(self) -> tuple[ObservedJob, ...]:
        return self._read("list_jobs", self._visible_jobs)

    def list_models(self) -> tuple[ObservedModel, ...]:
        return self._read("list_models", self._service.list_models)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        return self._read("list_deployments", self._service.list_deployments)

    def observe_file(self, file_id: str) -> ObservedFile | None:
        return self._read("observe_file", lambda: self._service.observe_file(file_id))

    def observe_job(self, job_id: str) -> ObservedJob | None:
        return self._read("observe_job", lambda: self._service.observe_job(job_id))

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        return self._read("observe_deployment", lambda: self._service.observe_deployment(name))

    def upload_file(self, name: str, source: BinaryIO, on_progress: Callable[[int], None]) -> ObservedFile:
        return self._write("upload_file", lambda: self._service.upload(name, source))

    def cancel_job(self, job_id: str) -> ObservedJob:
        return self._write("cancel_job", lambda: self._service.cancel_job(job_id))

    def delete_file(self, file_id: str) -> None:
        self.deleted.append(file_id)
        self._write("delete_file", lambda: self._service.delete_file(file_id))

    def delete_model(self, model_id: str) -> None:
        self.deleted.append(model_id)
        self._write("delete_model", lambda: self._service.delete_model(model_id))

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        self._write("put_deployment", lambda: self._service.put_deployment(name, body))

    def delete_deployment(self, name: str) -> None:
        self.deleted.append(name)
        self._write("delete_deployment", lambda: self._service.delete_deployment(name))

    def create_job(self, train: Train) -> ObservedJob:
        """The paid call. A pause before the first byte is what the protocol cannot see: it has a rate of its own."""
        process, chance = self._process, self._process.chance
        process.die_perhaps("create_job", "before")
        process.pause(chance.pause_before_send_seconds(), "the socket")
        outcome = chance.post()
        process.world.outcomes[outcome.name] += 1
        process.say(f"POST {train.suffix}: {outcome.name}")
        made: list[ObservedJob | RemoteError] = []
        leaves = chance.seconds_up_to(CONNECT_SECONDS)
        answered = leaves + (chance.seconds_up_to(CLIENT_TIMEOUT_SECONDS) if outcome.told == "nothing" else 0.0)
        if outcome.told != "unavailable":
            process.world.count_post(self._service, train)
        if outcome.commit != "never":
            # What has been handed to the network does not stop when its sender does.
            late = outcome.commit == "late"
            arrives = answered + chance.seconds_up_to(LATE_COMMIT_SECONDS) if late else leaves
            scheduler = process.world.scheduler
            scheduler.at(scheduler.now + arrives, lambda: made.append(process.world.submit(self._service, train)))
        process.world.note_post()
        process.spend(answered)
        process.seam("create_job", "after")
        return _told(outcome.told, made)

    def _visible_jobs(self) -> tuple[ObservedJob, ...]:
        now, visible_at = self._process.world.scheduler.now, self._process.world.visible_at
        return tuple(job for job in self._service.list_jobs() if visible_at.get(job.id, now) <= now)

    def _read(self, seam: str, effect: Callable[[], T]) -> T:
        def answered() -> T:
            if self._down(seam):
                raise RemoteError("unavailable", f"{seam}: the service is not available")
            return effect()

        return self._process.call(seam, answered)

    def _down(self, seam: str) -> bool:
        """Whether this read fails: alone, or in an outage of its route that lasts a while."""
        down, now = self._process.world.down_until, self._process.world.scheduler.now
        if self._process.chance.read_fails(seam):
            down[seam] = max(down.get(seam, now), now + self._process.chance.outage_seconds())
            return True
        return now < down.get(seam, now)

    def _write(self, seam: str, effect: Callable[[], T]) -> T:
        def answered() -> T:
            fate = self._process.chance.write()
            if fate == "never arrived":
                raise RemoteError("unknown", f"{seam}: the connection was reset")
            result = effect()
            self._process.say(seam)
            if fate == "answer lost":
                raise RemoteError("unknown", f"{seam}: the answer was lost")
            return result

        return self._process.call(seam, answered)


def _told(told: str, made: list[ObservedJob | RemoteError]) -> ObservedJob:
    """What the transport makes of the answer. A refusal is told as such even where a job was to be."""
    answer = made[0] if told in ("job", "no id") else None
    if isinstance(answer, RemoteError):
        raise answer
    match told:
        case "job" if answer is not None:
            return answer
        case "no id" if answer is not None:
            return replace(answer, id="")
        case "garbage":
            raise ValueError("Expecting value: line 1 column 1 (char 0)")
        case "rejected":
            raise RemoteError("rejected", "creating the job: invalidPayload", code="invalidPayload", status=400)
        case "throttled":
            raise RemoteError("throttled", "creating the job: 429", code="429", status=429, retry_after_seconds=10)
        case "unavailable":
            raise RemoteError("unavailable", "creating the job: connection refused", sent=False)
    raise RemoteError("unknown", "creating the job: no answer that can be read")


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
                scheduler.at(scheduler.now + 30 * self._process.chance.seconds_up_to(1), lambda: self._late(etag, data))
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


def survey(clients: dict[str, Client]) -> Observed:
    """What `ftops.azure.survey` does, one listing after another."""
    accounts: dict[str, ObservedAccount] = {}
    unread: list[Unread] = []
    for alias, client in clients.items():
        listed: dict[str, tuple[object, ...]] = {}
        for what, listing in (
            ("files", client.list_files),
            ("jobs", client.list_jobs),
            ("models", client.list_models),
            ("deployments", client.list_deployments),
        ):
            try:
                listed[what] = listing()
            except RemoteError as error:
                unread.append(Unread(alias, what, error.summary))
        accounts[alias] = ObservedAccount(alias, client.arm_id, **listed)  # type: ignore[arg-type]
    return Observed(accounts, tuple(unread))
