"""Content of a dataset: measured at load (hash, size, rows), opened again at upload and proven to be the same.

Everything streams: a 300 MB file costs a few MiB of memory. No row text ever leaves this module.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from ftops.core.desired import Content
from ftops.core.diagnostic import Diagnostic, Position
from ftops.core.errors import SpecErrors
from ftops.datasets.canonical import CanonicalStream, canonical_chunks
from ftops.datasets.confinement import Confinement, DatasetProblem, Finding
from ftops.datasets.rows import Format, RowChecker

__all__ = ["DatasetProblem", "Finding", "measure", "measure_descriptor", "open_content"]


def measure(path: Path, *, relative_path: str, row_format: Format | None = None) -> Content:
    """Hash, size and rows of the file at `path`; `relative_path` is kept as `Content.path`.

    Raises DatasetProblem when it is not a readable regular file, is empty, or is not JSON Lines.
    """
    with Confinement(path.parent) as confinement:
        descriptor = confinement.open(path.name)
    return measure_descriptor(descriptor, relative_path=relative_path, row_format=row_format)


def measure_descriptor(descriptor: int, *, relative_path: str, row_format: Format | None = None) -> Content:
    """Like `measure`, for a file that is already open. Closes the descriptor."""
    digest = hashlib.sha256()
    size_bytes = 0
    checker = RowChecker(row_format)
    try:
        with open(descriptor, "rb", buffering=0) as source:
            for chunk in canonical_chunks(source, size_bytes=os.fstat(descriptor).st_size):
                digest.update(chunk)
                size_bytes += len(chunk)
                checker.feed(chunk)
                if checker.full:
                    break
    except OSError as error:
        raise DatasetProblem(Finding("dataset.unreadable", f"the file cannot be read: {error.strerror}")) from error
    if size_bytes == 0:
        raise DatasetProblem(Finding("dataset.empty", "the file is empty", "Azure needs at least 10 rows"))
    if checker.findings:
        raise DatasetProblem(*checker.findings)
    return Content(digest.hexdigest(), size_bytes, checker.rows, relative_path)


def open_content(root: Path) -> Callable[[Content, bool], AbstractContextManager[BinaryIO]]:
    """A function that opens the canonical bytes of a measured dataset of the project at `root`.

    The bytes are hashed before they are handed out and, from the same descriptor, again while they are read: when they
    are not what was planned, SpecErrors is raised and the stream never completes.
    """

    @contextmanager
    def opened(content: Content, bom: bool) -> Iterator[BinaryIO]:
        with _open_verified(root, content, bom) as stream:
            yield stream

    return opened


def _open_verified(root: Path, content: Content, bom: bool) -> BinaryIO:
    try:
        with Confinement(root) as confinement:
            source = os.fdopen(confinement.open(content.path), "rb", buffering=0)
    except DatasetProblem as problem:
        raise _changed(content, problem.findings[0].summary) from problem
    try:
        digest = hashlib.sha256()
        size_bytes = 0
        for chunk in canonical_chunks(source):
            digest.update(chunk)
            size_bytes += len(chunk)
        if digest.hexdigest() != content.sha256 or size_bytes != content.size_bytes:
            raise _changed(content, "its content is no longer what was planned")
        stream = _WatchedStream(source, content, bom)
        return io.BufferedReader(stream, buffer_size=1 << 17)
    except BaseException:
        source.close()
        raise


class _WatchedStream(CanonicalStream):
    """Refuses to give out the last bytes when what was read in between is not what was measured."""

    def __init__(self, source: BinaryIO, content: Content, bom: bool) -> None:
        self._content = content
        self._bom = bom
        super().__init__(source, size_bytes=content.size_bytes, bom=bom)

    def _rewind(self) -> None:
        super()._rewind()
        self._digest = hashlib.sha256()
        self._prefix_left = len(self._prefix)

    def _take(self, count: int) -> None:
        taken = self._buffer[:count]
        skipped = min(self._prefix_left, count)
        self._prefix_left -= skipped
        self._digest.update(taken[skipped:])
        super()._take(count)
        if self._read_position >= self._size and self._digest.hexdigest() != self._content.sha256:
            raise _changed(self._content, "its content changed while it was uploaded")


def _changed(content: Content, why: str) -> SpecErrors:
    return SpecErrors(
        [
            Diagnostic(
                "error",
                "dataset.changed",
                f"{content.path}: {why}",
                hint="plan again, so that what is paid for is what you saw",
                position=Position(content.path, 1, 1),
            )
        ]
    )
