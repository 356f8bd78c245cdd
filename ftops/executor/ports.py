"""The seams: everything through which the executor touches the world, as protocols.

The real ones are ftops.azure (transport), ftops.ledger (store) and SystemClock; a simulation hands in others. Nothing
else in the executor reads a clock, a disk or a socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from ftops.core.change import DeploymentBody, Train
from ftops.core.desired import Content
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob

UploadProgress = Callable[[int], None]
"""Called with the number of bytes sent so far."""

OpenContent = Callable[[Content, bool], AbstractContextManager[BinaryIO]]
"""Opens a dataset's canonical bytes (the flag: with BOM) as a seekable stream; raises SpecErrors when the file no
longer is what was planned."""


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

    def delete_model(self, model_id: str) -> None: ...
    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        """Sends the PUT and returns when it is accepted; the caller polls `observe_deployment` until it settles."""

    def delete_deployment(self, name: str) -> None:
        """Sends the DELETE and returns when it is accepted; the caller polls until it is gone."""


class Clock(Protocol):
    """Time as the executor sees it. `boot_seconds` counts suspend; `wall_seconds` is for messages and the ledger."""

    def boot_seconds(self) -> float: ...
    def wall_seconds(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock. CLOCK_BOOTTIME where there is one, so that a suspended laptop does not stop time."""

    _clock_id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def boot_seconds(self) -> float:
        return time.clock_gettime(self._clock_id)

    def wall_seconds(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
