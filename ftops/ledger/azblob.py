"""AzblobStore: the ledger of a team, as one blob. Every write names the etag it replaces, and the lease it has.

In: a storage account's URL, a container, a blob. The etag carries safety; the 60 s lease keeps runs out of each other's
way. Ages are taken on the service's own clock, from the Date of its answers. Nothing here is ever sent twice blindly.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any, NoReturn, TypeVar

from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved
from ftops.ledger import files
from ftops.ledger.blob_service import BlobProblem, BlobService, seconds_of
from ftops.ledger.guard import FileGuard, user_directory
from ftops.ledger.lease import LEASE_SECONDS, Lease
from ftops.ledger.store import ABSENT, Guard, Holder, LedgerUnsure
from ftops.ledger.timekeeper import boot_seconds

_T = TypeVar("_T")
HOLDER = "ftopsholder"
NOTES = "ledger.unsettled.txt"
ROLE = "Storage Blob Data Contributor"


class ServiceClock:
    """The storage service's time, from the Date headers of its answers. Never ahead; behind by less than a second.

    A Date is whole seconds, cut, and was true before it arrived: so each gives a time that has surely come, and the
    latest of these is the best. It goes on with this machine's boot clock in between.
    """

    def __init__(self, clock: Callable[[], float] = boot_seconds) -> None:
        self._clock = clock
        self._ahead: float | None = None

    def hear(self, date: str) -> None:
        seconds = seconds_of(date)
        if seconds is not None:
            ahead = seconds - self._clock()
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)

    def now(self) -> float | None:
        """Seconds since 1970; None before the first answer."""
        return None if self._ahead is None else self._ahead + self._clock()


class AzblobStore:
    """See the module. `options` go to the SDK's client. Nothing is asked for until something is needed."""

    def __init__(
        self, account_url: str, container: str, blob: str, *, guard: Guard | None = None, **options: Any
    ) -> None:
        self._place = f"{account_url.rstrip('/')}/{container}/{blob}"
        self._guard = guard or FileGuard(user_directory())
        self._time = ServiceClock()
        self._service = BlobService(account_url, container, blob, heard=self._time.hear, **options)
        self._container = container
        self._turn = threading.Lock()
        self._locking: Holder | None = None
        self._lease: Lease | None = None

    @property
    def place(self) -> str:
        return self._place

    @property
    def guard(self) -> Guard:
        return self._guard

    @property
    def caution(self) -> str:
        return ""

    def now(self) -> float:
        if self._time.now() is None:
            self._asked("reading", self._service.facts)
        now = self._time.now()
        if now is None:
            raise LedgerError(f"reading {self._place}: its answers do not tell the time")
        return now

    def read(self) -> tuple[bytes | None, str]:
        found = self._asked("reading", self._service.get)
        return (None, ABSENT) if found is None else found

    def write_if(self, etag: str, data: bytes) -> str:
        with self._turn:
            lease = self._lease if self._lease is not None and not self._lease.lost else None
            said = _metadata(self._locking) if self._locking is not None else {}
            try:
                written = self._service.put(data, etag=etag, lease_id=lease.id if lease else None, metadata=said)
            except BlobProblem as problem:
                if lease and problem.code.startswith("Lease"):
                    lease.gone()
                self._explain_write(problem)
            if etag == ABSENT and self._locking is not None:
                self._lease_what_was_made()
            return written

    def _lease_what_was_made(self) -> None:
        """There was nothing to lease when the lock was taken; now there is, with the holder's name on it."""
        try:
            self._lease = self._acquired()
        except LedgerLocked as error:
            raise LedgerMoved(f"creating {self._place}: another ftops took it at once", hint="run again") from error

    @contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        with self._turn:
            self._lease = self._acquired()
            if self._lease is not None:
                self._describe(self._lease, holder)
            self._locking = holder
        try:
            yield
        finally:
            with self._turn:
                lease, self._lease, self._locking = self._lease, None, None
            if lease is not None:
                lease.end()

    def lock_lost(self) -> bool:
        """Also true where there was nothing to lease yet."""
        return self._locking is not None and (self._lease is None or self._lease.lost)

    def holder(self) -> Holder | None:
        facts = self._asked("reading", self._service.facts)
        return Holder.read(facts.metadata.get(HOLDER, "")) if facts is not None and facts.leased else None

    def unlock(self) -> None:
        with suppress(LedgerMoved):
            self._asked("unlocking", self._service.break_lease)

    def set_aside(self) -> str:
        found = self._asked("reading", self._service.get)
        if found is None:
            return ""
        data, etag = found
        aside = self._asked("setting aside", lambda: self._service.put_beside(f".damaged-{secrets.token_hex(4)}", data))
        with self._turn:
            lease, self._lease = self._lease, None
        self._asked("setting aside", lambda: self._service.delete(etag=etag, lease_id=lease.id if lease else None))
        if lease is not None:
            lease.gone()
            lease.end()
        return aside

    def leave_note(self, text: str) -> str:
        """On this machine: what cannot be written to the service has to be kept somewhere else."""
        path = user_directory() / NOTES
        try:
            os.makedirs(path.parent, mode=0o700, exist_ok=True)
            files.append_line(path, text)
        except OSError as error:
            raise LedgerError(f"writing {path}: {error.strerror or error}") from error
        return str(path)

    def _acquired(self) -> Lease | None:
        """None where there is no blob to lease. Raises LedgerLocked."""
        lease_id, asked_at = str(uuid.uuid4()), boot_seconds()
        try:
            self._service.acquire(lease_id, LEASE_SECONDS)
        except BlobProblem as problem:
            if problem.code == "BlobNotFound":
                return None
            if problem.status == 409 and problem.code.startswith("Lease"):
                raise self._locked() from problem
            self._explain("locking", problem)
        return Lease(self._service, lease_id, asked_at)

    def _describe(self, lease: Lease, holder: Holder) -> None:
        try:
            self._asked("locking", lambda: self._service.describe(lease.id, _metadata(holder)))
        except BaseException:
            lease.end()
            raise

    def _locked(self) -> LedgerLocked:
        holder = None
        with suppress(LedgerError):
            holder = self.holder()
        return LedgerLocked(f"locking {self._place}: held by {holder or Holder.read('')}", hint=_waiting_hint(holder))

    def _asked(self, doing: str, request: Callable[[], _T]) -> _T:
        try:
            return request()
        except BlobProblem as problem:
            self._explain(doing, problem)

    def _explain_write(self, problem: BlobProblem) -> NoReturn:
        """What a conditional write without the wanted answer means."""
        status = problem.status
        if status is None or status in (408, 429) or 200 <= status < 300 or status >= 500:
            raise LedgerUnsure(f"writing {self._place}: no answer ({problem})") from problem
        self._explain("writing", problem)

    def _explain(self, doing: str, problem: BlobProblem) -> NoReturn:
        summary, code = f"{doing} {self._place}", problem.code
        if code == "BlobAlreadyExists":
            raise LedgerMoved(f"{summary}: there is one already") from problem
        if problem.status == 412 or code == "BlobNotFound" or code.startswith("Lease"):
            raise LedgerMoved(f"{summary}: another ftops wrote or locked it in between", hint="run again") from problem
        raise LedgerError(f"{summary}: {_words(problem)}", hint=_hint(problem, self._container)) from problem


def _metadata(holder: Holder) -> dict[str, str]:
    return {HOLDER: json.dumps(asdict(holder))}


def _waiting_hint(holder: Holder | None) -> str:
    wait = f"it runs out {LEASE_SECONDS} s after that process ended"
    return f"{wait}; `ftops ledger unlock {holder.run}` takes it away at once" if holder and holder.run else wait


def _words(problem: BlobProblem) -> str:
    match problem.status, problem.code:
        case _, "SignIn":
            return "signing in to Azure did not succeed"
        case None, code:
            return f"no answer ({code})"
        case _, "ContainerNotFound":
            return "there is no such container"
        case ((401 | 403), code):
            return f"access is denied ({code})"
    return str(problem)


def _hint(problem: BlobProblem, container: str) -> str:
    match problem.status, problem.code:
        case _, "SignIn":
            return "sign in, for example with `az login`, or set the AZURE_* variables of a service principal"
        case None, _:
            return "check the network, and `ledger.account_url` in ftops.yaml; then run again"
        case _, "ContainerNotFound":
            return f"create it: `az storage container create --name {container} --auth-mode login --account-name …`"
        case ((401 | 403), _):
            return f"the role {ROLE!r} on the container is needed, and a network rule that lets this machine in"
    return "nothing was sent on the strength of this request; run again"
