"""What `make bench` measures of the emulator: how soon it answers, how often, and what a large upload adds to it.

Beside it stands Python's own http.server, which looks nothing up and writes nothing down.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ftops.emulator import API_KEY

FILES = "/main/openai/v1/files"
CLIENTS = 2
REQUESTS_OF_EACH = 2_000
UPLOAD_BYTES = 512 * 1000 * 1000 - 1_000_000  # the service's limit, less the form around the file
_ANSWER_SECONDS = 30.0

#: A peer on `argv[1]` that gives every GET the same small JSON document.
_PEER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    def do_GET(self):
        body = b'{"object":"list","data":[],"has_more":false}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: every run's figure, with its unit. `best` picks the one to be judged by."""

    name: str
    values: tuple[float, ...]
    unit: str
    best: Callable[[Sequence[float]], float] = min


def figures(scratch: Path, ftops: Path, runs: int) -> list[Figure]:
    """Measures the emulator that `ftops` serves; ends the bench with an OSError when it does not come up."""

    def emulator(port: int) -> list[str]:
        return [str(ftops), "emulator", "serve", "--port", str(port), "--store", str(scratch / "emulator.db")]

    def peer(port: int) -> list[str]:
        return [sys.executable, "-c", _PEER, str(port)]

    rows = []
    for name, command in (("http.server", peer), ("ftops emulator serve", emulator)):
        starts, rates = [], []
        for _ in range(runs):
            with _serving(command) as (port, seconds, _):
                starts.append(seconds * 1000)
                rates.append(_requests_a_second(port))
        rows.append(Figure(f"{name}: start to first answer", tuple(starts), "ms"))
        rows.append(Figure(f"{name}: small requests a second, {CLIENTS} clients", tuple(rates), "", max))
    with _serving(emulator) as (port, _, process):
        before = _peak_mb(process.pid)
        seconds = _upload(port)
        rows.append(Figure("a 511 MB upload adds to the emulator's memory", (_peak_mb(process.pid) - before,), "MB"))
        rows.append(Figure("a 511 MB upload takes", (seconds,), "s"))
    return rows


def table(rows: Sequence[Figure]) -> str:
    """The rows as Markdown."""
    lines = ["| what | runs | best | worst |", "|---|---:|---:|---:|"]
    for row in rows:
        worst = max(row.values) if row.best is min else min(row.values)
        shown = (f"{value:,.1f}" if value < 10 else f"{value:,.0f}" for value in (row.best(row.values), worst))
        lines.append(
            f"| {row.name} | {len(row.values)} | " + " | ".join(f"{v} {row.unit}".strip() for v in shown) + " |"
        )
    return "\n".join(lines)


@contextmanager
def _serving(command: Callable[[int], list[str]]) -> Iterator[tuple[int, float, subprocess.Popen[bytes]]]:
    """A server in a process of its own: its port, the seconds until it answered, the process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _answered(port)
        yield port, time.perf_counter() - started, process
    finally:
        process.terminate()
        process.wait()


def _answered(port: int) -> None:
    until = time.perf_counter() + _ANSWER_SECONDS
    while True:
        with suppress(ConnectionRefusedError):
            _ask(port, 1)
            return
        if time.perf_counter() > until:
            raise OSError(f"nothing answered on port {port}")
        time.sleep(0.001)


def _ask(port: int, times: int) -> None:
    """Small requests, one after another, on one connection; each answer fits into one reading."""
    request = f"GET {FILES} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\napi-key: {API_KEY}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            connection.sendall(request)
            _read_answer(connection)


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"]" not in data:
        piece = connection.recv(65_536)
        data += piece
        if not piece or not data.startswith(b"HTTP/1.1 200"):
            raise OSError(f"it answered {data[:300]!r}")


def _requests_a_second(port: int) -> float:
    clients = [multiprocessing.Process(target=_ask, args=(port, REQUESTS_OF_EACH)) for _ in range(CLIENTS)]
    started = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if any(client.exitcode for client in clients):
        raise OSError("a client of the bench failed")
    return CLIENTS * REQUESTS_OF_EACH / (time.perf_counter() - started)


def _upload(port: int) -> float:
    """Uploads rows up to the service's limit, a block at a time."""
    chat = {"messages": [{"role": "user", "content": "q" * 400}, {"role": "assistant", "content": "a" * 500}]}
    block = (json.dumps(chat) + "\n").encode() * 1_000
    count = UPLOAD_BYTES // len(block)
    purpose = b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    file = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="large.jsonl"\r\n'
    file += b"Content-Type: application/octet-stream\r\n\r\n"
    end = b"\r\n--edge--\r\n"

    def body() -> Iterator[bytes]:
        yield purpose + file
        for _ in range(count):
            yield block
        yield end

    size = len(purpose) + len(file) + count * len(block) + len(end)
    headers = {"api-key": API_KEY, "Content-Type": "multipart/form-data; boundary=edge"}
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", FILES, body(), {**headers, "Content-Length": str(size)})
    answer = connection.getresponse()
    if answer.status not in (200, 201):
        raise OSError(f"the upload was answered {answer.status}: {answer.read()[:200]!r}")
    return time.perf_counter() - started


def _peak_mb(pid: int) -> float:
    """The most memory a process has had, in MB (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000
