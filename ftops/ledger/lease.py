"""Lease: the run lock as Azure Blob Storage gives it. It runs out by itself, so it is renewed from a thread.

In: a lease that was just acquired. Out: whether it can still be believed. It carries manners, not safety: that is the
conditional write. It must never count as held when it may have run out, however long the machine slept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ftops.ledger.blob_service import BlobProblem, BlobService
from ftops.ledger.timekeeper import boot_seconds

LEASE_SECONDS = 60
RENEW_SECONDS = 20.0
#: After a renewal without an answer.
RENEW_AGAIN_SECONDS = 5.0


class Lease:
    """Begins to renew at once. `acquired_at` is the boot clock before the lease was asked for."""

    def __init__(
        self, service: BlobService, lease_id: str, acquired_at: float, *, clock: Callable[[], float] = boot_seconds
    ) -> None:
        self.id = lease_id
        self._service = service
        self._clock = clock
        self._renewed_at = acquired_at
        self._gone = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ledger-lease", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> bool:
        """Whether somebody else may hold it: it was taken away, or no renewal was answered for its whole length."""
        return self._gone or self._clock() - self._renewed_at >= LEASE_SECONDS

    def gone(self) -> None:
        """The service has said that it is no longer ours."""
        self._gone = True

    def end(self) -> None:
        """Stops renewing, and gives it back. Best effort: what is not given back runs out."""
        self._ending.set()
        self._thread.join()
        if not self._gone:
            try:
                self._service.release(self.id)
            except BlobProblem:
                self._gone = True

    def _keep(self) -> None:
        pause = RENEW_SECONDS
        while not self._ending.wait(pause):
            pause = RENEW_SECONDS if self._renew() else RENEW_AGAIN_SECONDS
            if self._gone:
                return

    def _renew(self) -> bool:
        asked_at = self._clock()
        try:
            self._service.renew(self.id)
        except BlobProblem as problem:
            self._gone = problem.status is not None and problem.status in (404, 409, 412)
            return False
        self._renewed_at = asked_at
        return True
