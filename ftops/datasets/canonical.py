"""Canonical bytes: no BOM, LF line ends, exactly one final LF. Raw chunks in, canonical chunks out, constant memory.

These bytes are a dataset's identity: they are hashed, uploaded and size-checked, so that an editor or a checkout that
only changes line ends or adds a BOM never pays for a training again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
CHUNK_BYTES = 1 << 20
_CHUNK_BYTES_MIN = 1 << 12


def canonical_chunks(source: BinaryIO, *, size_bytes: int | None = None) -> Iterator[bytes]:
    """The canonical bytes of `source`, read from where it stands. Nothing at all for a file without content.

    `size_bytes` says how much is expected, not trusted: a buffer of a whole chunk costs more than reading a small file.
    """
    started = False
    line_feeds_held = 0
    carry = b""
    first = True
    chunk_bytes = CHUNK_BYTES if size_bytes is None else min(CHUNK_BYTES, max(_CHUNK_BYTES_MIN, size_bytes + 1))
    while chunk := source.read(chunk_bytes):
        chunk = carry + chunk
        if first:
            chunk = chunk.removeprefix(BOM)
            first = False
        carry = b"\r" if chunk.endswith(b"\r") else b""
        if carry:
            chunk = chunk[:-1]
        if b"\r\n" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n")
        body = chunk.rstrip(b"\n")
        if body:
            while line_feeds_held > 0:
                yield b"\n" * min(line_feeds_held, CHUNK_BYTES)
                line_feeds_held -= CHUNK_BYTES
            line_feeds_held = 0
            started = True
            yield body
        line_feeds_held += len(chunk) - len(body)
    if carry:
        yield b"\n" * line_feeds_held + carry
        started = True
    if started:
        yield b"\n"


class CanonicalStream(io.RawIOBase):
    """The canonical bytes of an open file as a seekable stream of known size. Closing it closes the file.

    Seeking back starts over and reads forward again: clients seek only to the end and to the start.
    """

    def __init__(self, source: BinaryIO, *, size_bytes: int, bom: bool) -> None:
        super().__init__()
        self._source = source
        self._prefix = BOM if bom else b""
        self._size = size_bytes + len(self._prefix)
        self._rewind()

    def _rewind(self) -> None:
        self._source.seek(0)
        self._chunks = canonical_chunks(self._source)
        self._buffer = memoryview(self._prefix)
        self._read_position = 0
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, target: memoryview | bytearray) -> int:  # type: ignore[override]
        self._catch_up()
        if not self._fill():
            return 0
        piece = self._buffer[: len(target)]
        target[: len(piece)] = piece
        self._take(len(piece))
        self._position = self._read_position
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()

    def _catch_up(self) -> None:
        wanted = self._position
        if wanted < self._read_position:
            self._rewind()
        while self._read_position < wanted and self._fill():
            self._take(min(len(self._buffer), wanted - self._read_position))
        self._position = wanted

    def _fill(self) -> bool:
        while not self._buffer:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._buffer = memoryview(chunk)
        return True

    def _take(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._read_position += count
