"""The head of an HTTP/1.1 request: its first line and headers.

In: a buffered reader. Out: a `Head`, or a refusal for what no server should guess about (smuggled framing, folded
lines, too many headers). Leaner than the standard library's e-mail parser, which costs more than the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from ftops.emulator.wire_errors import WireError

_LINE_BYTES_MAX: Final = 65_536
_HEADERS_MAX: Final = 100
_METHOD: Final = re.compile(r"[A-Z]{1,20}").fullmatch
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_HEAD_BYTES_MAX: Final = 262_144
_SINGLE: Final = frozenset({"host", "content-length", "transfer-encoding", "authorization", "api-key"})

_CUSTOM_MAX: Final = 10
_OF_SDKS: Final = ("x-stainless-", "x-ms-", "openai-", "aoai-", "sec-", "access-control-", "x-forwarded-", "if-")
_STANDARD: Final = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "api-key",
        "authorization",
        "baggage",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "dnt",
        "expect",
        "forwarded",
        "from",
        "host",
        "keep-alive",
        "origin",
        "pragma",
        "proxy-connection",
        "range",
        "referer",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "upgrade-insecure-requests",
        "user-agent",
        "via",
        "x-request-id",
        "x-identity-header",
    }
)


class Headers:
    """Header values by name, without case."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._values.get(name.lower())

    def __iter__(self) -> Iterator[str]:
        """The names, in lower case."""
        return iter(self._values)

    def add(self, name: str, value: str) -> None:
        """Record a header; a repeated one is joined, or refused where that could mean two things."""
        key = name.lower()
        before = self._values.get(key)
        if before is not None and key in _SINGLE and before != value:
            raise WireError(400, "BadRequest", f"The request repeats the header {key}.")
        self._values[key] = value if before is None or key in _SINGLE else f"{before}, {value}"


class Head(NamedTuple):
    """Method, target and headers of a request, and whether the connection outlives it.

    `refusal` says what is wrong with it: known once the target is, which decides how a refusal is worded.
    """

    method: str
    target: str
    headers: Headers
    keep_alive: bool
    refusal: WireError | None = None


def read_head(reader: BinaryIO) -> Head | None:
    """The next head on a connection, None when the client has closed it. Raises `WireError` where no target is."""
    line = _line(reader)
    if line == "\r\n":  # one stray line end after the request before is allowed
        line = _line(reader)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3:
        raise _malformed_line()
    target = _origin_form(parts[1])
    try:
        if not _METHOD(parts[0]) or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
            raise _malformed_line()
        headers = _headers(reader)
    except WireError as refusal:
        return Head(parts[0], target, Headers(), keep_alive=False, refusal=refusal)
    connection = (headers.get("Connection") or "").lower()
    keep_alive = parts[2] == "HTTP/1.1" and "close" not in connection
    return Head(parts[0], target, headers, keep_alive)


def _malformed_line() -> WireError:
    return WireError(400, "BadRequest", "The request line is malformed.")


def refuse_many_custom_headers(headers: Headers) -> None:
    """At most ten headers of the client's own (contract 1.2). Raises `WireError` 431.

    Which ones count is not documented; here all that are in no standard and that no SDK of the service sends.
    """
    own = [name for name in headers if name not in _STANDARD and not name.startswith(_OF_SDKS)]
    if len(own) > _CUSTOM_MAX:
        raise headers_too_large()


def headers_too_large() -> WireError:
    """The head of the request is too much."""
    return WireError(431, "431", "Request Header Fields Too Large")


def _headers(reader: BinaryIO) -> Headers:
    headers = Headers()
    size = 0
    for _ in range(_HEADERS_MAX + 1):
        line = _line(reader).rstrip("\r\n")
        if not line:
            return headers
        size += len(line)
        if size > _HEAD_BYTES_MAX:
            break
        name, colon, value = line.partition(":")
        if not colon or not _NAME(name):
            raise WireError(400, "BadRequest", "A request header is malformed.")
        headers.add(name, value.strip())
    raise headers_too_large()


def _line(reader: BinaryIO) -> str:
    line = reader.readline(_LINE_BYTES_MAX + 1)
    if len(line) > _LINE_BYTES_MAX:
        raise headers_too_large()
    return line.decode("latin-1")


def _origin_form(target: str) -> str:
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return "/" + rest.partition("/")[2]
    return target
