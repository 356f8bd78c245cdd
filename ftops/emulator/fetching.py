"""The download behind an import by URL.

In: an address. Out: its bytes in a file, or the reason they did not come. There is no network here: only plain http
to this machine is asked, also after a redirect. Reasons never repeat an address, since it may carry a signature.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

_PIECE_BYTES: Final = 256 * 1024
_TIMEOUT_SECONDS: Final = 10.0
_REDIRECTS_MAX: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Unfetched(Exception):
    """The content did not come; the text says why."""


def fetch(url: str, into: Path, *, bytes_max: int) -> int:
    """Download `url` into a file and return its size in bytes. Raises `Unfetched`; the file may then hold a part."""
    for _ in range(_REDIRECTS_MAX + 1):
        address = _reachable(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            try:
                target = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
                connection.request("GET", target)
                answer = connection.getresponse()
                if answer.status not in _REDIRECTS:
                    return _received(answer, into, bytes_max)
                url = urljoin(url, answer.headers.get("Location") or "")
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise Unfetched(f"the content could not be read ({type(error).__name__})") from None
    raise Unfetched("the address redirects too often")


def _reachable(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        host, _ = address.hostname or "", address.port
    except ValueError:
        raise Unfetched("the address cannot be read") from None
    if address.scheme != "http" or not _on_this_machine(host):
        raise Unfetched("this emulator has no network: only http addresses of this machine are imported")
    return address


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _received(answer: http.client.HTTPResponse, into: Path, bytes_max: int) -> int:
    if answer.status != 200:
        raise Unfetched(f"the address answered {answer.status}")
    size = 0
    with into.open("wb") as sink:
        while piece := answer.read(_PIECE_BYTES):
            size += len(piece)
            if size > bytes_max:
                raise Unfetched(f"the content is larger than the maximum of {bytes_max} bytes")
            sink.write(piece)
    if answer.length:  # what was announced and did not come
        raise Unfetched("the content ended before it was complete")
    return size
