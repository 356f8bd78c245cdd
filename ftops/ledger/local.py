"""LocalStore: the ledger of one machine, as a file in a directory of its own.

Appended to, fsynced before a write returns, 0600 in 0700 whatever the umask, never through a symbolic link and never
somebody else's. An error of the disk is final: what an fsync that failed left behind is unknown, so it is not repeated.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved
from ftops.ledger import files
from ftops.ledger.filesystem import MOUNTS, network_filesystem
from ftops.ledger.guard import FileGuard, user_directory
from ftops.ledger.store import ABSENT, Guard, Holder
from ftops.ledger.timekeeper import Sources, Timekeeper

LEDGER = "ledger.jsonl"
RUN_LOCK = "ledger.lock"
CLOCK = "ledger.clock"
NOTES = "ledger.unsettled.txt"
RELEASED_BY_ITS_END = "it is released when that process ends: wait for it, or end it"

_Stamp = tuple[int, int, int]


class LocalStore:
    """One directory. `guard` lives elsewhere (the user's own directory) unless given; `mounts` is the mount table."""

    def __init__(
        self, directory: Path, *, guard: Guard | None = None, sources: Sources | None = None, mounts: Path = MOUNTS
    ) -> None:
        self._directory = directory
        self._file = directory / LEDGER
        self._guard = guard or FileGuard(user_directory())
        self._time = Timekeeper(directory / CLOCK, sources or Sources())
        self._mounts = mounts
        self._turn = threading.Lock()
        self._content = b""
        self._hash = hashlib.sha256()
        self._stamp: _Stamp | None = None

    @property
    def place(self) -> str:
        return str(self._file)

    @property
    def guard(self) -> Guard:
        return self._guard

    @property
    def caution(self) -> str:
        """What makes this place unsafe, "" for nothing: locks and fsync of network file systems are promises only."""
        kind = network_filesystem(self._directory, self._mounts)
        if not kind:
            return ""
        return (
            f"{self._directory} is on a network file system ({kind}), where a lock may not hold: "
            "keep the project on a disk of this machine, or use `ledger: {backend: azblob}`"
        )

    def now(self) -> float:
        return self._time.now()

    def read(self) -> tuple[bytes | None, str]:
        with self._turn:
            try:
                handle = self._open(os.O_RDONLY)
            except FileNotFoundError:
                return None, ABSENT
            try:
                return self._load(handle), self._etag()
            except OSError as error:
                raise _disk_error("reading", self._file, error) from error
            finally:
                os.close(handle)

    def write_if(self, etag: str, data: bytes) -> str:
        with self._turn:
            try:
                if etag == ABSENT:
                    self._create(data)
                else:
                    self._write_over(etag, data)
            except OSError as error:
                self._stamp = None
                raise _disk_error("writing", self._file, error) from error
            return self._etag()

    @contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        path = self._directory / RUN_LOCK
        try:
            self._prepare_directory()
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _disk_error("locking", path, error) from error
        try:
            try:
                self._take(handle, holder)
            except BlockingIOError as error:
                raise self._locked(os.pread(handle, 4096, 0)) from error
            except OSError as error:
                raise _disk_error("locking", path, error) from error
            yield
            with contextlib.suppress(OSError):
                os.ftruncate(handle, 0)
        finally:
            os.close(handle)  # frees the lock; so does the kernel when the process is killed

    def _take(self, handle: int, holder: Holder) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(handle, 0o600)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(asdict(holder)).encode(), 0)
        self._time.keep(files.replace_file)

    def lock_lost(self) -> bool:
        """Never: the kernel takes it from nobody who lives."""
        return False

    def holder(self) -> Holder | None:
        path = self._directory / RUN_LOCK
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _disk_error("reading", path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Holder.read(os.pread(handle, 4096, 0))
        except OSError as error:
            raise _disk_error("reading", path, error) from error
        finally:
            os.close(handle)
        return None

    def unlock(self) -> None:
        raise LedgerError(
            f"unlocking {self._file}: the kernel holds this lock for a living process", hint=RELEASED_BY_ITS_END
        )

    def set_aside(self) -> str:
        aside = self._directory / f"{LEDGER}.damaged-{secrets.token_hex(4)}"
        try:
            os.rename(self._file, aside)
            files.sync_directory(self._directory)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise _disk_error("setting aside", self._file, error) from error
        return str(aside)

    def leave_note(self, text: str) -> str:
        path = self._directory / NOTES
        try:
            files.append_line(path, text)
        except OSError as error:
            raise _disk_error("writing", path, error) from error
        return str(path)

    # How the file is written.

    def _open(self, flags: int) -> int:
        """Opens the ledger, or raises FileNotFoundError; LedgerError when it is not a file of ours."""
        try:
            handle = os.open(self._file, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise LedgerError(
                    f"opening {self._file}: it is a symbolic link", hint="put the ledger itself there"
                ) from error
            raise _disk_error("opening", self._file, error) from error
        try:
            self._check_ours(handle)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _check_ours(self, handle: int) -> None:
        try:
            found = os.fstat(handle)
        except OSError as error:
            raise _disk_error("opening", self._file, error) from error
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise LedgerError(f"opening {self._file}: it is not a file of the user who runs ftops")

    def _load(self, handle: int) -> bytes:
        """The whole content; read again only when the file is not as this store left it."""
        stamp = _stamp(handle)
        if stamp != self._stamp:
            self._content = files.read_all(handle)
            self._hash = hashlib.sha256(self._content)
            self._stamp = stamp
        return self._content

    def _etag(self) -> str:
        return f"{len(self._content)}-{self._hash.hexdigest()[:32]}"

    def _create(self, data: bytes) -> None:
        self._prepare_directory()
        temporary = files.new_file(self._directory, data)
        try:
            os.link(temporary, self._file)
        except FileExistsError as error:
            raise LedgerMoved(f"creating {self._file}: there is one already") from error
        finally:
            files.remove(temporary)
        files.sync_directory(self._directory)
        self._time.keep(files.replace_file)
        self._adopt_content(data)

    def _write_over(self, etag: str, data: bytes) -> None:
        try:
            handle = self._open(os.O_RDWR | os.O_APPEND)
        except FileNotFoundError as error:
            raise LedgerMoved(f"writing {self._file}: it is gone", hint="run again") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            content = self._load(handle)
            if self._etag() != etag or not self._current(handle):
                raise LedgerMoved(f"writing {self._file}: another ftops wrote it in between", hint="run again")
            os.fchmod(handle, 0o600)
            if data.startswith(content):
                self._append(handle, content, data)
            else:
                files.replace_file(self._file, data)
                files.sync_directory(self._directory)
                self._adopt_content(data)
        finally:
            os.close(handle)

    def _append(self, handle: int, content: bytes, data: bytes) -> None:
        addition = data[len(content) :]
        try:
            files.write_all(handle, addition)
        except OSError:
            # Nothing was promised yet: take the torn line back, so that a full disk does not leave one.
            with contextlib.suppress(OSError):
                os.ftruncate(handle, len(content))
            raise
        os.fsync(handle)
        self._content = data
        self._hash.update(addition)
        self._stamp = _stamp(handle)

    def _current(self, handle: int) -> bool:
        """Whether the open file is still the one under the name (it may have been replaced while we waited)."""
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self._file, follow_symlinks=False))
        except FileNotFoundError:
            return False

    def _adopt_content(self, data: bytes) -> None:
        self._content, self._hash, self._stamp = data, hashlib.sha256(data), None

    def _prepare_directory(self) -> None:
        """Makes the directory, ours alone. One that others may enter is closed; one that is not ours is refused."""
        with contextlib.suppress(FileExistsError):
            os.makedirs(self._directory.parent, mode=0o700, exist_ok=True)
            os.mkdir(self._directory, mode=0o700)
        found = os.lstat(self._directory)
        if stat.S_ISLNK(found.st_mode):
            raise LedgerError(
                f"opening {self._directory}: it is a symbolic link", hint="put the directory itself there"
            )
        if found.st_uid != os.geteuid():
            raise LedgerError(f"opening {self._directory}: it belongs to another user")
        if stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) != 0o700:
            os.chmod(self._directory, 0o700)

    def _locked(self, written: bytes) -> LedgerLocked:
        holder = Holder.read(written)
        return LedgerLocked(f"locking {self._file}: held by {holder}", hint=RELEASED_BY_ITS_END)


def _stamp(handle: int) -> _Stamp:
    found = os.fstat(handle)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _disk_error(doing: str, path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"{doing} {path}: {error.strerror or error}",
        hint="nothing is sent when the ledger fails; free the disk or fix its permissions and run again",
    )
