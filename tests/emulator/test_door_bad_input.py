"""What no client should send: it is answered in the documented shape, and the store stays as it was."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator import API_KEY
from tests.emulator.bench import Bench, chat_rows, multipart

FORM = "multipart/form-data; boundary=edge"
GOOD = multipart({"purpose": "fine-tune"}, chat_rows(10))


def held(bench: Bench, tmp_path: Path) -> list[object]:
    """All that the store holds but its request log, and the names of the contents beside it."""
    with sqlite3.connect(tmp_path / "emulator.db") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables if table != "requests"}
    folder = tmp_path / "emulator.db.files"
    return [rows, sorted(path.name for path in folder.glob("*"))]


@pytest.fixture
def unchanged(bench: Bench, tmp_path: Path) -> Iterator[None]:
    """The store holds at the end of the test what it held at its beginning."""
    bench.upload(chat_rows(12))
    before = held(bench, tmp_path)
    yield
    assert held(bench, tmp_path) == before


def spoken(bench: Bench, *pieces: bytes) -> bytes:
    """Bytes on a bare socket, all of what comes back; what the server will not take is not sent."""
    with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2])), timeout=5) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except ConnectionError:
            pass
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"api-key: {API_KEY}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def refused(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer that is one error object."""
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b""),
        (FORM, b"not a form"),
        (FORM, GOOD[:-20]),
        (FORM, GOOD.replace(b"--edge", b"--other")),
        (FORM, GOOD.replace(b"\r\n\r\n", b"\n", 1)),
        (FORM, GOOD.replace(b'name="purpose"', b'name="' + b"x" * 9000 + b'"')),
        (FORM, multipart({"purpose": "x" * 5000}, chat_rows(10))),
        (FORM, multipart({f"f{n}": "x" for n in range(30)}, chat_rows(10))),
        (FORM, GOOD.replace(b'filename="train.jsonl"', b'filename="../../etc/passwd.jsonl"')),
        (FORM, GOOD.replace(b'filename="train.jsonl"', b'filename="a\x00b.jsonl"')),
        (FORM, multipart({"purpose": "fine-tune"}, None)),
        ("multipart/form-data", GOOD),
        ("multipart/mixed; boundary=edge", GOOD),
        ("multipart/form-data; boundary=" + "x" * 300, GOOD),
        ("application/json", GOOD),
        ("", GOOD),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_form_that_is_none_is_refused(bench: Bench, kind: str, body: bytes) -> None:
    reply = bench.data("POST", "/openai/v1/files", body, Content_Type=kind)
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalidPayload")
    assert reply.json["error"]["type"] == "error"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
@pytest.mark.usefixtures("unchanged")
def test_json_of_another_content_type_is_refused(bench: Bench, kind: str) -> None:
    reply = bench.data("POST", "/openai/fine_tuning/jobs?api-version=2024-10-21", b"{}", Content_Type=kind)
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalidPayload")
    assert set(reply.json["error"]) <= {"code", "message", "target"}


@pytest.mark.parametrize(
    ("path", "kind", "status", "code"),
    [
        ("/main/openai/v1/files", FORM, 400, "quotaExceeded"),
        ("/main/openai/v1/fine_tuning/jobs", "application/json", 413, "invalidPayload"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_five_gigabytes_are_refused_when_they_are_announced(
    bench: Bench, path: str, kind: str, status: int, code: str
) -> None:
    answer = spoken(bench, head(path, f"Content-Length: {5 * 1024**3}", f"Content-Type: {kind}"), b"--edge\r\n")
    assert refused(answer) == (status, code)


@pytest.mark.parametrize(
    "lines",
    [
        [f"x-big: {'x' * 10_000_000}"],
        [f"x-{n}: {'y' * 60_000}" for n in range(80)],
        [f"x-{n}: y" for n in range(150)],
        [f"x-mine-{n}: y" for n in range(11)],
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_head_that_is_too_much_is_431(bench: Bench, lines: list[str]) -> None:
    answer = spoken(bench, head("/main/openai/v1/models", *lines, method="GET"))
    assert refused(answer) == (431, "431")


@pytest.mark.usefixtures("unchanged")
def test_a_client_that_sends_all_of_a_huge_header_still_gets_its_answer(bench: Bench) -> None:
    reply = bench.ask("GET", "/main/openai/v1/models", x_big="x" * 10_000_000)
    assert (reply.status, reply.json["error"]["code"]) == (431, "431")


@pytest.mark.usefixtures("unchanged")
def test_ten_headers_of_ones_own_and_all_of_the_sdk_pass(bench: Bench) -> None:
    own = [f"x-mine-{n}: y" for n in range(10)]
    sdk = [f"x-stainless-{n}: y" for n in range(10)] + ["x-ms-client-request-id: a", "traceparent: b"]
    assert b" 200 " in spoken(bench, head("/main/openai/v1/models", *own, *sdk, method="GET"))


@pytest.mark.parametrize(
    "path",
    [
        "/main/openai/v1/files/../../../etc/passwd/content",
        "/main/openai/v1/files/..%2f..%2fetc%2fpasswd/content",
        "/main/openai/v1/files/%2e%2e/content",
        "/main/openai/v1/files/..\\..\\emulator.db/content",
        "/main/openai/v1/files/%00/content",
        "/main/openai/v1/files//content",
        "//main/openai/v1/files/../emulator.db",
        "/main%2fopenai/v1/files",
        "/../_emulator/../main/openai/v1/nothing",
        "http://evil.example/etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.usefixtures("unchanged")
def test_a_path_that_climbs_finds_nothing(bench: Bench, method: str, path: str) -> None:
    status, code = refused(spoken(bench, head(path, method=method)))
    assert status in (400, 404, 405)
    assert code in ("404", "notFound", "405", "invalidPayload")


@pytest.mark.usefixtures("unchanged")
def test_an_upload_that_stops_in_the_middle_leaves_nothing(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(head("/main/openai/v1/files", "Content-Length: 9999", f"Content-Type: {FORM}") + GOOD)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert refused(answer) == (400, "invalidPayload")


@pytest.mark.usefixtures("unchanged")
def test_slow_clients_are_served_and_keep_nobody_waiting(bench: Bench) -> None:
    request = head("/main/openai/v1/models", method="GET")
    port = int(bench.url.rpartition(":")[2])
    slow = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(40)]
    for connection in slow:
        connection.sendall(request[:20])
    assert bench.data("GET", "/openai/v1/models").status == 200
    for position in range(20, len(request), 40):
        for connection in slow:
            connection.sendall(request[position : position + 40])
    for connection in slow:
        with connection:
            assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.usefixtures("unchanged")
def test_pipelined_requests_are_answered_in_order(bench: Bench) -> None:
    path, key = "/main/openai/v1/fine_tuning/jobs", f"api-key: {API_KEY}\r\n"
    first = f"GET {path}?limit=0 HTTP/1.1\r\nHost: x\r\n{key}\r\n".encode()
    second = f"POST {path} HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 2\r\n\r\n{{}}".encode()
    third = head(path, method="GET")
    answer = spoken(bench, first * 3 + second + third)
    statuses = [int(piece.split(b" ", 1)[0]) for piece in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [400, 400, 400, 400, 200]


def test_it_listens_on_loopback_only(bench: Bench) -> None:
    port = int(bench.url.rpartition(":")[2])
    assert bench.url.startswith("http://127.0.0.1:")
    with open("/proc/net/tcp") as table:
        bound = [line.split()[1] for line in table if line.split()[1].endswith(f":{port:04X}")]
    assert set(bound) == {f"0100007F:{port:04X}"}


def test_sixteen_clients_at_once_lose_no_write(bench: Bench) -> None:
    bench.profile(jobs_ever_max=1000, jobs_queued_max=1000)
    file = bench.upload(chat_rows(12))
    made: list[str] = []

    def work(number: int) -> None:
        for turn in range(4):
            made.append(bench.job(file, suffix=f"c{number}-{turn}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = bench.data("GET", "/openai/v1/fine_tuning/jobs?limit=100").json["data"]
    assert {job["id"] for job in page} == set(made)
    assert len({job["suffix"] for job in page}) == 64
    log = bench.ask("GET", "/_emulator/requests?method=POST&status=200").json["requests"]
    assert len([entry for entry in log if entry["path"].endswith("/jobs")]) == 64


def test_a_client_that_hangs_up_takes_nothing_with_it(bench: Bench) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2])), timeout=5) as connection:
            connection.sendall(head("/main/openai/v1/models", method="GET"))
    started = time.monotonic()
    assert bench.data("GET", "/openai/v1/models").status == 200
    assert time.monotonic() - started < 5
