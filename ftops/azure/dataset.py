"""Files of the data plane: list, observe, upload, delete.

In: a DataPlane and ids or a seekable stream. Out: ObservedFile values. An upload is streamed: it must never be held in
memory, and never be sent twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from ftops.azure import reading
from ftops.azure.data_plane import DataPlane, segment
from ftops.azure.errors import unreadable
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedFile


def list_files(plane: DataPlane) -> tuple[ObservedFile, ...]:
    documents = plane.pages(f"listing the files of account {plane.alias}", "/files", unsaid_means_more=False)
    return tuple(reading.file(document) for document in documents)


def observe_file(plane: DataPlane, file_id: str) -> ObservedFile | None:
    try:
        document = plane.read(f"reading file {file_id} of account {plane.alias}", f"/files/{segment(file_id)}")
    except RemoteError as error:
        if error.kind == "missing":
            return None
        raise
    return reading.file({**document, "id": file_id})


def upload_file(plane: DataPlane, name: str, source: BinaryIO, on_progress: Callable[[int], None]) -> ObservedFile:
    """One multipart POST. The service answers before it has checked the rows: poll until `processed`."""
    doing = f"uploading {name} to account {plane.alias}"
    document = plane.write(
        doing,
        "post",
        "/files",
        body={"purpose": "fine-tune"},
        files=[("file", (name, CountedStream(source, on_progress), "application/octet-stream"))],
        extra_headers={"Content-Type": "multipart/form-data"},
    )
    if not isinstance(document.get("id"), str) or not document["id"]:
        raise unreadable(doing, "the answer names no file", "write")
    return reading.file(document)


def delete_file(plane: DataPlane, file_id: str) -> None:
    try:
        plane.write(f"deleting file {file_id} of account {plane.alias}", "delete", f"/files/{segment(file_id)}")
    except RemoteError as error:
        if error.kind != "missing":
            raise


class CountedStream:
    """A seekable stream that tells how many bytes were read. The SDK takes its size by seeking, then reads pieces."""

    def __init__(self, source: BinaryIO, on_progress: Callable[[int], None]) -> None:
        self._source = source
        self._on_progress = on_progress

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        if piece:
            self._on_progress(self._source.tell())
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def seekable(self) -> bool:
        return True
