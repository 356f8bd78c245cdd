"""Snapshots: the whole store, contents of files included, as one tar stream; and back.

In: a call at the control door. Out: a tar of `format.json`, `emulator.db` and `files/<id>`. What comes back is read as
data: only tables and columns that this version knows, only names that a file of the store can have.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from ftops.emulator.body import PIECE_BYTES, Body
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.store import SCHEMA_VERSION, Store
from ftops.emulator.uploads import Upload
from ftops.emulator.wire_errors import WireError

FORMAT: Final = "ftops.emulator-snapshot/1"
_CONTENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
SIZE_BYTES_MAX: Final = 4 * 1024**3


def received(body: Body, store: Store) -> Upload:
    """A request body of any kind, on disk. Raises `WireError` when it is too long, `CutShort`; then nothing is kept."""
    upload = Upload(store.new_content())
    try:
        with upload.path.open("wb") as sink:
            while piece := body.read(PIECE_BYTES):
                upload.size_bytes += len(piece)
                if upload.size_bytes > SIZE_BYTES_MAX:
                    raise WireError(413, "invalidPayload", "The snapshot is too large.")
                sink.write(piece)
    except BaseException:
        upload.discard()
        raise
    return upload


def taken(call: Call) -> Answer:
    """One consistent moment: rows copied inside the transaction, contents linked beside them."""
    kept = tempfile.TemporaryDirectory(prefix="snapshot-", dir=call.store.path.parent, ignore_cleanup_errors=True)
    folder = Path(kept.name)
    with contextlib.closing(sqlite3.connect(folder / "emulator.db")) as copy:
        call.db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("DELETE FROM settings WHERE name = 'token_key'")  # opens this emulator, so it stays here
        copy.commit()
    (folder / "format.json").write_text(json.dumps({"format": FORMAT, "schema": SCHEMA_VERSION}))
    (folder / "files").mkdir()
    for content in call.store.contents.glob("*"):
        if not content.name.startswith("incoming-"):
            os.link(content, folder / "files" / content.name)
    return Answer(stream=_packed(kept), headers={"Content-Type": "application/x-tar"})


def _packed(kept: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    with kept as name:
        folder = Path(name)
        for member in ("format.json", "emulator.db", *sorted(f"files/{path.name}" for path in folder.glob("files/*"))):
            entry = tarfile.TarInfo(member)
            entry.size = (folder / member).stat().st_size
            yield entry.tobuf(tarfile.PAX_FORMAT)
            with (folder / member).open("rb") as content:
                while piece := content.read(PIECE_BYTES):
                    yield piece
            if entry.size % tarfile.BLOCKSIZE:
                yield bytes(tarfile.BLOCKSIZE - entry.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)


def restored(call: Call) -> Answer:
    """The store as it was; what it holds now is gone. A snapshot that cannot be read changes nothing."""
    with tempfile.TemporaryDirectory(prefix="restore-", dir=call.store.path.parent) as name:
        folder = Path(name)
        try:
            with tarfile.open(call.received.path, mode="r:") as tar:
                _unpack(tar, folder)
            with contextlib.closing(sqlite3.connect(folder / "emulator.db")) as kept:
                _replace_rows(call.db, kept)
        except (tarfile.TarError, sqlite3.DatabaseError, EOFError, OSError, ValueError):
            raise WireError(400, "invalidPayload", "The body is not a snapshot of an emulator.") from None
        _replace_contents(call, folder / "files")
    return Answer(204)


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    (folder / "files").mkdir()
    for entry in tar:
        inner = entry.name.removeprefix("files/")
        wanted = entry.name in ("format.json", "emulator.db") or (inner != entry.name and _CONTENT.fullmatch(inner))
        source = tar.extractfile(entry) if wanted and entry.isreg() else None
        if source is None:
            raise ValueError("not a member of a snapshot")
        with (folder / entry.name).open("xb") as sink:
            _copy(source, sink)
    told = json.loads((folder / "format.json").read_text())
    if told != {"format": FORMAT, "schema": SCHEMA_VERSION}:
        raise WireError(400, "invalidPayload", "The snapshot was written by another version of the emulator.")


def _copy(source: IO[bytes], sink: IO[bytes]) -> None:
    while piece := source.read(PIECE_BYTES):
        sink.write(piece)


def _replace_rows(db: sqlite3.Connection, kept: sqlite3.Connection) -> None:
    db.execute("DELETE FROM settings WHERE name <> 'token_key'")  # clients hold tokens signed with it
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]
        rows = kept.execute(f"SELECT {', '.join(columns)} FROM {table}")
        if table == "changes":  # this is one, and counted
            continue
        if table != "settings":
            db.execute(f"DELETE FROM {table}")
        marks = ", ".join("?" * len(columns))
        db.executemany(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _replace_contents(call: Call, folder: Path) -> None:
    call.store.contents.mkdir(exist_ok=True)
    there = {path.name for path in folder.iterdir()}
    for content in folder.iterdir():
        os.replace(content, call.store.contents / content.name)
    for content in call.store.contents.iterdir():
        if content.name not in there and not content.name.startswith("incoming-"):
            content.unlink()
