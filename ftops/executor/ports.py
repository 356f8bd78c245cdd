"""The seams: everything through which the executor touches the world, as protocols.

The real ones are ftops.azure (transport), ftops.ledger (store) and SystemClock; a simulation hands in others. Nothing
else in the executor reads a clock, a disk or a socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

from ftops.core.address import Address
from ftops.core.change import DeploymentBody, Train
from ftops.core.desired import Content
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob
from ftops.core.recorded import Recorded, RecordedEntry, RecordedJob

UploadProgress = Callable[[int], None]
"""Called with the number of bytes sent so far."""

OpenContent = Callable[[Content, bool], AbstractContextManager[BinaryIO]]
"""Opens a dataset's canonical bytes (the flag: with BOM) as a seekable stream; raises SpecErrors when the file no
longer is what was planned."""


#: `RemoteError.code` of `delete_model` where the service has no way to delete models.
NO_MODEL_ROUTE = "no_model_route"


class AccountClient(Protocol):
    """One account's transport. Each writing method is exactly one request, never retried, never redirected.

    Every method raises RemoteError; a write whose outcome cannot be known raises kind `unknown`. Nothing sleeps except
    reads that retry by themselves on `throttled` and `unavailable`.
    """

    @property
    def alias(self) -> str: ...
    @property
    def arm_id(self) -> str: ...

    def list_files(self) -> tuple[ObservedFile, ...]:
        """All files; raises RemoteError rather than give a partial listing (so do the other listings)."""

    def list_jobs(self) -> tuple[ObservedJob, ...]: ...
    def list_deployments(self) -> tuple[ObservedDeployment, ...]: ...
    def observe_file(self, file_id: str) -> ObservedFile | None: ...
    def observe_job(self, job_id: str) -> ObservedJob | None:
        """None when the service says 404."""

    def observe_deployment(self, name: str) -> ObservedDeployment | None: ...
    def upload_file(self, name: str, source: BinaryIO, on_progress: UploadProgress) -> ObservedFile: ...
    def create_job(self, train: Train) -> ObservedJob:
        """The paid call, on a fresh connection. RemoteError kind: `rejected`/`throttled`/`denied`/`missing` only when
        the service proved that no job was made, `unavailable` with `sent=False` when provably nothing was sent,
        `unknown` for everything else (also for a 2xx that cannot be read)."""

    def cancel_job(self, job_id: str) -> ObservedJob: ...
    def delete_file(self, file_id: str) -> None:
        """404 counts as done (so does a missing deployment)."""

    def delete_model(self, model_id: str) -> None:
        """404 of the model counts as done; `rejected` with code NO_MODEL_ROUTE where models cannot be deleted."""

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        """Sends the PUT and returns when it is accepted; the caller polls `observe_deployment` until it settles."""

    def delete_deployment(self, name: str) -> None:
        """Sends the DELETE and returns when it is accepted; the caller polls until it is gone."""


class LedgerSession(Protocol):
    """One reading of the ledger and the writes that may follow it; shared by all workers of a round.

    Every write is durable when it returns and lands only on top of what was read (or this session's own writes after
    it): otherwise LedgerMoved. Any other LedgerError is final.
    """

    @property
    def exists(self) -> bool: ...
    @property
    def place(self) -> str: ...
    def heal(self) -> str:
        """Makes a damaged or rolled-back ledger usable, and young; says what happened, "" for nothing."""

    def recorded(self) -> Recorded: ...
    def job(self, arm_id: str, token: str) -> RecordedJob | None: ...
    def lock_lost(self) -> bool:
        """Whether the run lock slipped away since it was taken: then nothing paid may be sent any more."""

    def horizon_seconds(self, arm_id: str) -> float: ...
    def young_seconds_left(self, arm_id: str) -> float: ...
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
        """Returning is the permission to send one request."""

    def settle_done(self, *, arm_id: str, token: str, nonce: str, job_id: str, entry: RecordedEntry | None) -> None: ...
    def settle_rejected(self, *, arm_id: str, token: str, nonce: str, code: str) -> None: ...
    def adopt(self, *, token: str, job_id: str, inputs: Mapping[str, Any], entry: RecordedEntry) -> None: ...
    def note_swept(self, *, arm_id: str, token: str, kept: str, cancelled: str) -> None: ...
    def hold(self, entry: RecordedEntry) -> None: ...
    def forget(self, entry: RecordedEntry) -> None: ...
    def leave_note(self, text: str) -> str:
        """Keeps a line beside a ledger that cannot be written; returns where."""


class Ledger(Protocol):
    """Where sessions come from."""

    def open(self) -> LedgerSession: ...
    def create(self) -> LedgerSession:
        """A new ledger, born now. Raises LedgerMoved when there is one."""

    def lock(self, run: str) -> AbstractContextManager[None]:
        """The run lock. Raises LedgerLocked at once when somebody else holds it."""


class StopSignal:
    """What a signal handler tells the run: start nothing new, settle what is being sent, leave.

    One plain attribute and no lock, so that a handler may call `request` at any instruction.
    """

    def __init__(self) -> None:
        self._number: int | None = None

    def request(self, number: int) -> None:
        """`number` is the signal's (2 for Ctrl-C, 15 for TERM)."""
        self._number = number

    @property
    def number(self) -> int | None:
        return self._number

    @property
    def requested(self) -> bool:
        return self._number is not None


class Clock(Protocol):
    """Time as the executor sees it. `boot_seconds` counts suspend; `wall_seconds` is for messages."""

    def boot_seconds(self) -> float: ...
    def wall_seconds(self) -> float: ...
    def sleep(self, seconds: float, stop: StopSignal) -> None:
        """Returns early, and soon, when a stop is requested."""


class SystemClock:
    """The machine's own clock. CLOCK_BOOTTIME where there is one, so that a suspended laptop does not stop time."""

    _clock_id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    _slice_seconds = 0.1

    def boot_seconds(self) -> float:
        return time.clock_gettime(self._clock_id)

    def wall_seconds(self) -> float:
        return time.time()

    def sleep(self, seconds: float, stop: StopSignal) -> None:
        until = self.boot_seconds() + seconds
        while not stop.requested and (left := until - self.boot_seconds()) > 0:
            time.sleep(min(left, self._slice_seconds))
