"""A multipart upload, streamed to disk.

In: a body of any size. Out: the form's fields and the one file (part `file`, or `data` of an upload in parts), lying
in a temporary place of the store, in constant memory. Whatever is wrong leaves nothing behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ftops.emulator.body import PIECE_BYTES, Body
from ftops.emulator.rows import Verdict, assess
from ftops.emulator.wire_errors import WireError, invalid_payload, quota_exceeded

if TYPE_CHECKING:
    from ftops.emulator.store import Store

_FIELD_BYTES_MAX: Final = 4096
_FIELDS_MAX: Final = 20
_FORM_BYTES_MAX: Final = 1024**2  # what a form may hold beside its file
_FILE_PARTS: Final = frozenset({"file", "data"})


@dataclass
class Upload:
    """A received form."""

    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    part: str = ""
    filename: str | None = None
    content_type: str | None = None
    size_bytes: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    def discard(self) -> None:
        """Remove the bytes; for uploads that are refused."""
        self.path.unlink(missing_ok=True)


def receive(
    body: Body,
    content_type: str,
    store: Store,
    *,
    file_bytes_max: int,
    harm_markers: Mapping[str, str] | None = None,
) -> Upload:
    """Stream a form to disk. Raises `WireError` when it is no usable form or its file is over the limit,
    `CutShort` when the client went away; then nothing is kept."""
    boundary = _boundary(content_type)
    if body.announced_bytes > file_bytes_max + _FORM_BYTES_MAX:  # the end is known before the beginning is read
        raise too_large(file_bytes_max)
    path = store.new_content()
    with contextlib.ExitStack() as undo:
        undo.callback(path.unlink, missing_ok=True)
        with path.open("wb") as sink:
            form = _Form(Upload(path), sink, file_bytes_max)
            form.consume(body, boundary)
        if not form.finished:
            raise invalid_payload("The multipart request body is malformed.")
        if form.upload.fields.get("purpose") == "fine-tune":
            # Judged here, outside any transaction: half a gigabyte takes seconds.
            form.upload.verdict = assess(path, harm_markers)
        undo.pop_all()
    return form.upload


def too_large(file_bytes_max: int) -> WireError:
    """A file over the limit (contract 3.6)."""
    return quota_exceeded(f"The file is larger than the maximum of {file_bytes_max} bytes.")


def _boundary(content_type: str) -> bytes:
    from python_multipart.multipart import parse_options_header

    _silence_the_parser()
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 256:
        raise invalid_payload("The request has a content type other than multipart/form-data with a boundary.")
    return boundary


@cache
def _silence_the_parser() -> None:
    """It logs forms that it cannot read; they are refused, and this server prints nothing."""
    import logging  # the parser has loaded it by now

    logging.getLogger("python_multipart").addHandler(logging.NullHandler())


class _Form:
    """Callbacks of the streaming parser."""

    def __init__(self, upload: Upload, sink: IO[bytes], file_bytes_max: int) -> None:
        self.upload = upload
        self.finished = False
        self._sink = sink
        self._file_bytes_max = file_bytes_max
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._into_file = False
        self._value = bytearray()

    def consume(self, body: Body, boundary: bytes) -> None:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser

        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field_data,
                "on_header_value": self._header_value_data,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )
        try:
            while piece := body.read(PIECE_BYTES):
                parser.write(piece)
            parser.finalize()
        except FormParserError:
            raise invalid_payload("The multipart request body is malformed.") from None

    def _part_begin(self) -> None:
        self._headers = {}
        self._value = bytearray()

    def _header_field_data(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_data(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._into_file = self._name in _FILE_PARTS
        if not self._into_file:
            return
        if self.upload.part:
            raise invalid_payload("The request carries more than one file.", param="file")
        filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self.upload.part = self._name
        self.upload.filename = filename
        self.upload.content_type = self._headers.get(b"content-type", b"").decode("latin-1").strip()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._into_file:
            self._value += data[start:end]
            if len(self._value) > _FIELD_BYTES_MAX:
                raise invalid_payload("A form field of the request is too long.", param=self._name[:64])
            return
        self.upload.size_bytes += end - start
        if self.upload.size_bytes > self._file_bytes_max:
            raise too_large(self._file_bytes_max)
        self._sink.write(memoryview(data)[start:end])

    def _part_end(self) -> None:
        if self._into_file:
            return
        if len(self.upload.fields) >= _FIELDS_MAX:
            raise invalid_payload("The request has too many form fields.")
        self.upload.fields[self._name] = self._value.decode("utf-8", "replace")

    def _end(self) -> None:
        self.finished = True
