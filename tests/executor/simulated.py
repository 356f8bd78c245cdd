"""A simulated Azure at the executor's port, a ledger store in memory, and time that only moves when somebody sleeps.

It behaves as the service does: files are checked and jobs trained as time passes, deployments provision, ARM refuses
two writes at once, answers get lost before or after they took effect, listings lag. Every call is a seam: the process
can be made to die just before or just after any of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO, TypeVar

from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import LedgerLocked, LedgerMoved, RemoteError
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
from ftops.ledger.store import ABSENT, Guard, Holder, Sighting

T = TypeVar("T")


class Crash(BaseException):
    """The process died here."""


class VirtualClock:
    """Sleeping is what makes time pass. `at` runs things when their time has come."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []
        self._agenda: list[tuple[float, Callable[[], None]]] = []
        self._turn = threading.Lock()

    def boot_seconds(self) -> float:
        return self.now

    def wall_seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float, stop: StopSignal) -> None:
        with self._turn:
            self.sleeps.append(seconds)
            until = self.now + seconds
            while (due := [item for item in self._agenda if item[0] <= until]) and not stop.requested:
                item = min(due, key=lambda entry: entry[0])
                self._agenda.remove(item)
                self.now = max(self.now, item[0])
                item[1]()
            self.now = self.now if stop.requested else until

    def at(self, when: float, then: Callable[[], None]) -> None:
        self._agenda.append((when, then))


class Seams:
    """Every call to the outside world goes through here, one after another; any of them can be the last."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.die_at: tuple[int, str] | None = None
        self._turn = threading.RLock()

    def pass_through(self, name: str, effect: Callable[[], T]) -> T:
        with self._turn:
            self.calls.append(name)
            here = len(self.calls) - 1
            if self.die_at == (here, "before"):
                raise Crash
            result = effect()
            if self.die_at == (here, "after"):
                raise Crash
            return result


class MemoryGuard:
    def __init__(self) -> None:
        self.sightings: dict[str, Sighting] = {}
        self.places: dict[str, str] = {}

    def seen(self, lineage: str) -> Sighting | None:
        return self.sightings.get(lineage)

    def latest(self, place: str) -> str:
        return self.places.get(place, "")

    def note(self, lineage: str, sighting: Sighting, *, place: str) -> None:
        self.sightings[lineage] = sighting
        self.places[place] = lineage


class MemoryStore:
    """A ledger's home. A held lock is freed when its process dies, as the kernel does."""

    place = "the ledger in memory"

    def __init__(self, clock: VirtualClock, seams: Seams) -> None:
        self.data: bytes | None = None
        self.notes: list[str] = []
        self.held_by: Holder | None = None
        self.slow_seconds = 0.0
        self.lose_lock = False
        self.before_write: list[Callable[[], None]] = []
        self._clock = clock
        self._seams = seams
        self._guard = MemoryGuard()

    @property
    def guard(self) -> Guard:
        return self._guard

    def now(self) -> float:
        return self._clock.now

    def read(self) -> tuple[bytes | None, str]:
        return self._seams.pass_through("ledger.read", lambda: (self.data, self._etag()))

    def write_if(self, etag: str, data: bytes) -> str:
        return self._seams.pass_through("ledger.write", lambda: self._write(etag, data))

    def _write(self, etag: str, data: bytes) -> str:
        if self.before_write:
            self.before_write.pop(0)()
        if etag != self._etag():
            raise LedgerMoved("writing the ledger in memory: another ftops wrote it in between")
        self._clock.now += self.slow_seconds
        self.data = data
        return self._etag()

    def _etag(self) -> str:
        return ABSENT if self.data is None else hashlib.sha256(self.data).hexdigest()

    @contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        if self.held_by is not None:
            raise LedgerLocked(f"locking the ledger: held by {self.held_by}")
        self.held_by = holder
        try:
            yield
        finally:
            self.held_by = None

    def lock_lost(self) -> bool:
        return self.lose_lock

    def set_aside(self) -> str:
        self.data = None
        return "aside"

    def leave_note(self, text: str) -> str:
        self.notes.append(text)
        return "the note"


@dataclass(frozen=True)
class Course:
    """How long things take, in seconds."""

    file_seconds: float = 2.0
    queue_seconds: float = 5.0
    job_seconds: float = 600.0
    deployment_seconds: float = 20.0
    lag_seconds: float = 0.0
    file_lag_seconds: float = 0.0


@dataclass
class _Job:
    job: ObservedJob
    ends_at: float


@dataclass
class _Deployment:
    body: DeploymentBody
    settles_at: float
    ends: str = "Succeeded"
    created_at: float = 0.0


@dataclass
class Account:
    """One account. `faults` by method name: what happens to its next calls. `paid` is what the service bills."""

    alias: str
    arm_id: str
    clock: VirtualClock
    seams: Seams
    course: Course = Course()
    files: dict[str, tuple[ObservedFile, float]] = field(default_factory=dict)
    jobs: dict[str, _Job] = field(default_factory=dict)
    deployments: dict[str, _Deployment] = field(default_factory=dict)
    leaving: dict[str, float] = field(default_factory=dict)
    faults: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    paid: list[Train] = field(default_factory=list)
    deletes_models: bool = False
    refuses_models: frozenset[str] = frozenset()
    fails_models: frozenset[str] = frozenset()
    file_status: str = "processed"
    _serial: int = 0

    # Reads

    def list_files(self) -> tuple[ObservedFile, ...]:
        def listed() -> tuple[ObservedFile, ...]:
            visible_since = self.clock.now - self.course.file_lag_seconds
            return tuple(file for file in map(self._file, self.files) if file.created_at <= visible_since)

        return self._call("list_files", listed)

    def list_jobs(self) -> tuple[ObservedJob, ...]:
        return self._call("list_jobs", self._listed_jobs)

    def list_models(self) -> tuple[ObservedModel, ...]:
        models = [job.fine_tuned_model for job in map(self._job, self.jobs) if job.fine_tuned_model]
        return tuple(ObservedModel(model) for model in models)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        def listed() -> tuple[ObservedDeployment, ...]:
            return tuple(found for name in list(self.deployments) if (found := self._deployment(name)))

        return self._call("list_deployments", listed)

    def observe_file(self, file_id: str) -> ObservedFile | None:
        return self._call("observe_file", lambda: self._file(file_id) if file_id in self.files else None)

    def observe_job(self, job_id: str) -> ObservedJob | None:
        return self._call("observe_job", lambda: self._job(job_id) if job_id in self.jobs else None)

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        return self._call("observe_deployment", lambda: self._deployment(name))

    # Writes

    def upload_file(self, name: str, source: BinaryIO, on_progress: Callable[[int], None]) -> ObservedFile:
        data = source.read()

        def upload() -> ObservedFile:
            file_id = self._id("file-")
            file = ObservedFile(file_id, name, "pending", len(data), created_at=int(self.clock.now))
            self.files[file_id] = (file, self.clock.now + self.course.file_seconds)
            return file

        file = self._call("upload_file", upload)
        on_progress(len(data))
        return file

    def create_job(self, train: Train) -> ObservedJob:
        return self._call("create_job", lambda: self.submit(train))

    def submit(self, train: Train) -> ObservedJob:
        """What the service does with the request once it has it."""
        self.paid.append(train)
        job = ObservedJob(
            self._id("ftjob-"),
            "pending",
            train.model,
            int(self.clock.now),
            training_file=train.training_file,
            validation_file=train.validation_file,
            suffix=train.suffix,
            seed=train.seed,
        )
        self.jobs[job.id] = _Job(job, self.clock.now + self.course.queue_seconds + self.course.job_seconds)
        return job

    def cancel_job(self, job_id: str) -> ObservedJob:
        def cancel() -> ObservedJob:
            self.jobs[job_id].job = replace(self._job(job_id), status="cancelled")
            return self.jobs[job_id].job

        return self._call("cancel_job", cancel)

    def delete_file(self, file_id: str) -> None:
        self._call("delete_file", lambda: self.files.pop(file_id, None))

    def delete_model(self, model_id: str) -> None:
        def delete() -> None:
            if not self.deletes_models:
                raise RemoteError("rejected", "deleting model: this service has no way to", code="no_model_route")
            for kept in self.jobs.values():
                if kept.job.fine_tuned_model == model_id:
                    kept.job = replace(kept.job, fine_tuned_model=None)

        self._call("delete_model", delete)

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        self._call("put_deployment", lambda: self._put(name, body))

    def delete_deployment(self, name: str) -> None:
        def delete() -> None:
            self._arm_is_free()
            if name in self.deployments:
                self.leaving[name] = self.clock.now + self.course.deployment_seconds

        self._call("delete_deployment", delete)

    # The service itself

    def _call(self, method: str, effect: Callable[[], T]) -> T:
        fault = self.faults[method].pop(0) if self.faults[method] else None
        if isinstance(fault, BaseException):
            raise fault
        result: T = self.seams.pass_through(f"{self.alias}.{method}", effect)
        if fault == "answer lost":
            raise RemoteError("unknown", f"{method}: the connection was reset")
        return fault(result) if callable(fault) else result  # type: ignore[return-value]

    def _arm_is_free(self) -> None:
        provisioning = any(d.settles_at > self.clock.now for d in self.deployments.values())
        if provisioning or any(gone_at > self.clock.now for gone_at in self.leaving.values()):
            raise RemoteError("busy", "another operation is in progress", code="RequestConflict", status=409)

    def _put(self, name: str, body: DeploymentBody) -> None:
        self._arm_is_free()
        if body.model_name in self.refuses_models:
            raise RemoteError("rejected", f"deploying {body.model_name}: InsufficientQuota", code="InsufficientQuota")
        standing = self._deployment(name)
        if standing is not None and standing.model_name != body.model_name:
            raise RemoteError("rejected", "CannotChangeDeploymentModel", code="CannotChangeDeploymentModel")
        ends = "Failed" if body.model_name in self.fails_models else "Succeeded"
        settles_at = self.clock.now + self.course.deployment_seconds
        self.deployments[name] = _Deployment(body, settles_at, ends, self.clock.now)

    def _id(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}{self._serial:032x}"

    def _file(self, file_id: str) -> ObservedFile:
        file, ready_at = self.files[file_id]
        return replace(file, status=self.file_status) if self.clock.now >= ready_at else file

    def _listed_jobs(self) -> tuple[ObservedJob, ...]:
        visible_since = self.clock.now - self.course.lag_seconds
        return tuple(job for job in map(self._job, self.jobs) if job.created_at <= visible_since)

    def _job(self, job_id: str) -> ObservedJob:
        kept = self.jobs[job_id]
        if kept.job.terminal:
            return kept.job
        if self.clock.now >= kept.ends_at:
            model = f"{kept.job.model.split('.ft-')[0]}.ft-{job_id[-32:]}-{kept.job.suffix}"
            kept.job = replace(kept.job, status="succeeded", fine_tuned_model=model, finished_at=int(kept.ends_at))
        elif self.clock.now >= kept.ends_at - self.course.job_seconds:
            return replace(kept.job, status="running")
        return kept.job

    def _deployment(self, name: str) -> ObservedDeployment | None:
        if self.leaving.get(name, self.clock.now + 1) <= self.clock.now:
            self.deployments.pop(name, None)
            del self.leaving[name]
        kept = self.deployments.get(name)
        if kept is None:
            return None
        settled = kept.ends if self.clock.now >= kept.settles_at else "Creating"
        body = kept.body
        return ObservedDeployment(
            name,
            "Deleting" if name in self.leaving else settled,
            body.sku,
            body.capacity,
            body.model_name,
            body.model_version,
            body.model_format,
            body.source,
            body.content_policy or "Microsoft.Default",
            body.upgrade or "OnceNewDefaultVersionAvailable",
            dict(body.tags),
            int(kept.created_at),
        )


@dataclass
class World:
    """Time, every account, the ledger's store, and how everything is looked at."""

    clock: VirtualClock
    seams: Seams
    store: MemoryStore
    accounts: dict[str, Account]

    def survey(self) -> Observed:
        accounts: dict[str, ObservedAccount] = {}
        unread: list[Unread] = []
        for alias, account in self.accounts.items():
            try:
                accounts[alias] = ObservedAccount(
                    alias,
                    account.arm_id,
                    files=account.list_files(),
                    jobs=account.list_jobs(),
                    models=account.list_models(),
                    deployments=account.list_deployments(),
                )
            except RemoteError as error:
                unread.append(Unread(alias, "listings", error.summary))
        return Observed(accounts, tuple(unread))

    @property
    def paid(self) -> list[str]:
        return [train.token for account in self.accounts.values() for train in account.paid]


def world(*aliases: str, course: Course = Course()) -> World:
    clock, seams = VirtualClock(), Seams()
    accounts = {
        alias: Account(
            alias,
            f"/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/{alias}",
            clock,
            seams,
            course,
        )
        for alias in aliases or ("main",)
    }
    return World(clock, seams, MemoryStore(clock, seams), accounts)
