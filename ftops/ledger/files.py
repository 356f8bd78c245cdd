"""Files that only their owner may read, written so that a power cut leaves the old content or the new, never a mix.

In: paths and bytes. Out: durable files, 0600 whatever the umask, never through a symbolic link. Raises plain OSError;
what that means for a ledger is for the caller to say.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def read_all(handle: int) -> bytes:
    chunks = []
    offset = 0
    while chunk := os.pread(handle, 1 << 20, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def new_file(directory: Path, data: bytes) -> Path:
    """A durable new file with these bytes, under a name that nobody looks for."""
    path = directory / f".ledger-{secrets.token_hex(8)}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(handle, 0o600)
        write_all(handle, data)
        os.fsync(handle)
    except OSError:
        remove(path)
        raise
    finally:
        os.close(handle)
    return path


def replace_file(path: Path, data: bytes) -> None:
    """Puts new content in a file's place at once; the name is durable only after `sync_directory`."""
    temporary = new_file(path.parent, data)
    try:
        os.replace(temporary, path)
    except OSError:
        remove(temporary)
        raise


def append_line(path: Path, text: str) -> None:
    """One more line, durable when it returns."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(handle, 0o600)
        write_all(handle, text.encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_directory(directory: Path) -> None:
    """Makes durable which names a directory holds."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Takes a temporary file away. Best effort: what is left of one harms nobody."""
    with contextlib.suppress(OSError):
        os.unlink(path)
