"""The loopback HTTP server and the `Emulator` that owns it.

In: a store and a port. Out: Azure's answers on 127.0.0.1. It binds no other interface, prints nothing, and holds
nothing in memory that another process on the same store would need to know.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, BinaryIO, Final, cast

from ftops.emulator import control, control_plane, data_plane, identity
from ftops.emulator.body import PIECE_BYTES, Body, CutShort, SizedBody, framed
from ftops.emulator.dispatch import Dispatcher
from ftops.emulator.exchange import Answer, Request
from ftops.emulator.routing import Router
from ftops.emulator.store import Store
from ftops.emulator.wire_errors import Surface, WireError

_HOST: Final = "127.0.0.1"
_IDLE_SECONDS: Final = 600
_UNREAD_BYTES_MAX: Final = 64 * 1024**2
_LINGER_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 2.0


class Emulator:
    """An Azure OpenAI fine-tuning stand-in over one store, on a loopback port.

    `accounts` maps names to locations (None: eastus2); those missing in the store are created. `profile`
    overrides values of `Profile` in the store. Raises `UnusableStore`, `UnusableProfile`, `OSError`.
    """

    def __init__(
        self,
        store: Path,
        *,
        port: int = 0,
        accounts: Mapping[str, str | None] | None = None,
        profile: Mapping[str, object] | None = None,
    ) -> None:
        self._store = Store(Path(store))
        for name, location in (accounts or {}).items():
            self._store.ensure_account(name, location, now=time.time())
        if profile:
            with self._store.writing() as db:
                control.override_profile(db, profile)
        routes = (*data_plane.ROUTES, *control_plane.ROUTES, *identity.ROUTES, *control.ROUTES)
        self._server = _Server(port, Dispatcher(self._store, Router(routes)))
        self._thread: threading.Thread | None = None
        self._serving = False

    @property
    def url(self) -> str:
        """ARM base address; an account's endpoint is this plus `/{account}/`."""
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Serve from a background thread; returns at once, requests are answered from now on."""
        self._thread = threading.Thread(target=self.serve_forever, name="ftops-emulator", daemon=True)
        self._serving = True
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until `close` is called from another thread."""
        self._serving = True
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Stop serving and let go of the port and the store. Safe to call twice."""
        if self._serving:
            self._server.shutdown()
            self._serving = False
        self._server.server_close()
        self._server.hang_up()
        self._store.close()

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self._open: set[socket.socket] = set()
        self._open_changed = threading.Condition()
        super().__init__((_HOST, port), _Connection)

    def server_bind(self) -> None:
        # HTTPServer's own server_bind asks the DNS for the host's name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke is no news: clients hang up, also in mid-answer."""

    @contextlib.contextmanager
    def connected(self, connection: socket.socket) -> Iterator[None]:
        with self._open_changed:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._open_changed:
                self._open.discard(connection)
                self._open_changed.notify_all()

    def hang_up(self) -> None:
        """End idle connections; answers on their way are finished first, within a bound."""
        with self._open_changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            self._open_changed.wait_for(lambda: not self._open, timeout=_CLOSE_SECONDS)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: _Server

    def handle(self) -> None:
        with self.server.connected(self.connection), contextlib.suppress(OSError):
            super().handle()

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if self.parse_request():
            self._exchange()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the HTTP parser refuses, in JSON like everything else."""
        refusal = WireError(code, str(int(code)), HTTPStatus(code).phrase)
        self.close_connection = True
        self._send(Answer(refusal.status, refusal.payload(Surface.DATED)))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed: the request log is in the store."""

    def _exchange(self) -> None:
        headers = cast("Mapping[str, str]", self.headers)
        body: Body = SizedBody(cast(BinaryIO, self.rfile), 0)
        try:
            body = framed(cast(BinaryIO, self.rfile), headers)
        except WireError as refusal:
            self.close_connection = True
            self._send(Answer(refusal.status, refusal.payload(Surface.DATED), dict(refusal.headers)))
            return
        answer = self.server.dispatcher.answer(Request(self.command, self.path, headers, body))
        if not body.spent and not self._skipped(body):
            self.close_connection = True
        self._send(answer)
        if not body.spent:
            self._linger(body)

    def _skipped(self, body: Body) -> bool:
        """Read past a small body nobody wanted, so that the connection stays usable."""
        if int(self.headers.get("Content-Length") or PIECE_BYTES) >= PIECE_BYTES:
            return False
        try:
            while body.read(PIECE_BYTES):
                pass
        except (CutShort, WireError):
            return False
        return True

    def _linger(self, body: Body) -> None:
        """Read on for a while after the answer: closing at once would reset it out of the client's hands."""
        with contextlib.suppress(OSError, CutShort, WireError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            skipped = 0
            while skipped < _UNREAD_BYTES_MAX and (piece := body.read(PIECE_BYTES)):
                skipped += len(piece)

    def _send(self, answer: Answer) -> None:
        if answer.headers.get("Connection") == "close":
            self.close_connection = True
        if answer.stream is not None:
            self._send_stream(answer, answer.stream)
        elif isinstance(answer.content, Path):
            self._send_file(answer, answer.content)
        else:
            body = answer.content if answer.content is not None else _encoded(answer)
            kind = "application/octet-stream" if answer.content is not None else "application/json"
            head = self._head(answer, {"Content-Length": str(len(body))}, kind if body else "")
            self.wfile.write(head + (b"" if self.command == "HEAD" else body))

    def _send_file(self, answer: Answer, path: Path) -> None:
        with path.open("rb") as content:
            size = path.stat().st_size
            self.wfile.write(self._head(answer, {"Content-Length": str(size)}, "application/octet-stream"))
            while piece := content.read(PIECE_BYTES):
                self.wfile.write(piece)

    def _send_stream(self, answer: Answer, pieces: Iterator[bytes]) -> None:
        self.wfile.write(self._head(answer, {"Transfer-Encoding": "chunked"}, "text/event-stream"))
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, answer: Answer, framing: Mapping[str, str], content_type: str) -> bytes:
        headers = {"Date": self.date_time_string(), **answer.headers, **framing}
        if content_type:
            headers.setdefault("Content-Type", content_type)
        if self.close_connection:
            headers["Connection"] = "close"
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = ""
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _encoded(answer: Answer) -> bytes:
    if answer.payload is None:
        return b""
    return json.dumps(answer.payload, separators=(",", ":"), ensure_ascii=False).encode()
