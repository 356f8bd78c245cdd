"""A way to Azurite on which answers get lost: a forwarding HTTP server that follows a list of fates.

`before` closes the connection without forwarding, `after` forwards and then closes it without answering; a refusal of
`REFUSALS` is answered without forwarding. `fates` are for writes of a blob's content, `nth` is one for any request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: What the service answers when others were faster, or when it cannot.
REFUSALS = {
    "412": (412, "ConditionNotMet"),
    "409": (409, "LeaseAlreadyPresent"),
    "503": (503, "ServerBusy"),
}
_OWN = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Way(ThreadingHTTPServer):
    """`fates` is consumed from the front; `writes` counts the requests that wrote content, `requests` all of them.

    `nth` is the number of a request, from 1, and its fate.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        parts = urlsplit(target)
        self.target = (str(parts.hostname), int(parts.port or 80))
        self.url = f"http://127.0.0.1:{self.server_address[1]}{parts.path}"
        self.fates: list[str] = []
        self.nth = (0, "")
        self.writes = 0
        self.requests = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is what this server is for."""


class _Forwarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Way

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests += 1
        number, fate = self.server.nth
        fate = fate if number == self.server.requests else ""
        if self.command == "PUT" and "comp=" not in self.path and "restype=" not in self.path:
            self.server.writes += 1
            fate = self.server.fates.pop(0) if self.server.fates else fate
        if fate in REFUSALS:
            self._refuse(*REFUSALS[fate])
            return
        if fate == "before":
            self.close_connection = True
            return
        connection = HTTPConnection(*self.server.target, timeout=30)
        connection.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if fate == "after":
            self.close_connection = True
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)) if self.command != "HEAD" else "0")
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        body = (
            b""
            if self.command == "HEAD"
            else f"<Error><Code>{code}</Code><Message>So it is.</Message></Error>".encode()
        )
        self.send_response_only(status)
        self.send_header("x-ms-error-code", code)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = _forward

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def way_to(target: str) -> Iterator[Way]:
    with Way(target) as way:
        threading.Thread(target=way.serve_forever, daemon=True).start()
        try:
            yield way
        finally:
            way.shutdown()
