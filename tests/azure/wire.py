"""A service on a raw socket that answers what a test tells it to, and remembers every request.

It exists for what a well-behaved server cannot do: reset, hang up, cut an answer short, answer nonsense.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from ftops.azure import Connections, connect
from ftops.core.account import Account

ARM = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/emulator/providers/Microsoft.CognitiveServices"
)
ACCOUNT = f"{ARM}/accounts/main"
CLOSE, RESET, KEEP = "close", "reset", "keep"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmdG9wcyJ9.c2lnbmF0dXJl"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """`wire` is sent as it is; then the connection is closed, reset or kept for the next request."""

    wire: bytes = b""
    end: str = CLOSE


Handler = Callable[[Request], Answer]


def answer(status: int, payload: object = None, *, headers: dict[str, str] | None = None) -> Answer:
    """A complete answer: JSON, or text as given."""
    body = payload if isinstance(payload, str) else "" if payload is None else json.dumps(payload)
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body.encode())), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Answer(f"HTTP/1.1 {status} Said\r\n{head}\r\n{body}".encode(), KEEP)


def error(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    return answer(status, {"error": {"code": code, "message": message}}, headers=headers)


@dataclass
class Service:
    """Answers `METHOD /path` by the newest rule for it; the account and the token route answer by themselves."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    rules: dict[str, Handler] = field(default_factory=dict)

    def on(self, route: str, *answers: Answer) -> None:
        """The answers in turn, the last one for ever."""
        queue = list(answers)
        self.rules[route] = lambda _request: queue.pop(0) if len(queue) > 1 else queue[0]

    def sent(self, method: str, path: str) -> list[Request]:
        return [one for one in self.requests if (one.method, one.path) == (method, path)]

    def writes(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.requests if one.method != "GET"]

    def reply(self, request: Request) -> Answer:
        self.requests.append(request)
        rule = self.rules.get(f"{request.method} {request.path}")
        return rule(request) if rule else self._by_itself(request)

    def _by_itself(self, request: Request) -> Answer:
        if request.path == "/msi/token":
            return answer(200, {"access_token": TOKEN, "expires_on": "4102444800", "token_type": "Bearer"})
        if request.path == ACCOUNT:
            return answer(200, {"location": "eastus2", "properties": {"endpoint": f"{self.url}/main/"}})
        return error(404, "notFound", f"no rule for {request.method} {request.path}")


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopping = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, service, stopping), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            stopping.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def connected(service: Service, **settings: object) -> Connections:
    """A client of account `main`; `settings` replace fields of the account."""
    account = Account(
        **{
            "alias": "main",
            "subscription": "00000000-0000-0000-0000-000000000000",
            "resource_group": "emulator",
            "name": "main",
            "emulator": service.url,
            **settings,
        }  # type: ignore[arg-type]
    )
    return connect({"main": account})


def _accept(listener: socket.socket, service: Service, stopping: threading.Event) -> None:
    while not stopping.is_set():
        connection, _ = listener.accept()
        if not stopping.is_set():
            threading.Thread(target=_answer_one, args=(connection, service), daemon=True).start()
        else:
            connection.close()


def _answer_one(connection: socket.socket, service: Service) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as stream:
        number = connection.getpeername()[1]
        while (request := _read(stream, number)) is not None:
            reply = service.reply(request)
            if reply.end == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if reply.wire:
                connection.sendall(reply.wire)
            if reply.end != KEEP:
                return


def _read(stream: BinaryIO, connection: int) -> Request | None:
    line = stream.readline().decode("latin-1").split(" ")
    if len(line) != 3 or not line[0].isalpha():
        return None  # the end, or the start of a TLS handshake
    headers = {}
    while (header := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = _chunked(stream) if "transfer-encoding" in headers else stream.read(int(headers.get("content-length", 0)))
    path, _, query = line[1].partition("?")
    return Request(line[0], path, query, headers, body, connection)


def _chunked(stream: BinaryIO) -> bytes:
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    return body
