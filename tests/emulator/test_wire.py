"""Versions, authentication, malformed requests, the control door: the edges of the server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential
from openai import AzureOpenAI, DefaultHttpxClient, OpenAI

from ftops.emulator import API_KEY, Emulator, UnusableProfile, UnusableStore
from ftops.emulator.store import Store
from tests.emulator.bench import Bench, chat_rows, multipart

_SERVE = """
import pathlib, sys
from ftops.emulator import Emulator
with Emulator(pathlib.Path(sys.argv[1]), accounts={"main": None}) as emulator:
    print(emulator.url, flush=True)
    sys.stdin.read()
"""


def spoken(bench: Bench, text: bytes) -> bytes:
    """Bytes on a bare socket, and all that comes back."""
    with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("query", ["", "?api-version=2022-12-01", "?api-version=2025-09-01"])
def test_a_dated_route_without_a_version_it_knows_is_not_found(bench: Bench, query: str) -> None:
    reply = bench.data("GET", f"/openai/files{query}")
    assert reply.status == 404
    assert reply.json == {"error": {"code": "404", "message": "Resource not found"}}


def test_a_dated_version_on_a_v1_route_is_refused(bench: Bench) -> None:
    reply = bench.data("GET", "/openai/v1/files?api-version=2024-10-21")
    assert (reply.status, reply.json["error"]["code"]) == (400, "BadRequest")
    assert bench.data("GET", "/openai/v1/files?api-version=preview").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/openai/v1/nothing", 404),
        ("GET", "/openai/v1", 404),
        ("GET", "/openai", 404),
        ("PATCH", "/openai/v1/files", 405),
        ("GET", "/openai/v1/files?colour=red", 400),
        ("GET", "/openai/v1/fine_tuning/jobs?limit=0", 400),
        ("GET", "/openai/v1/fine_tuning/jobs?limit=many", 400),
        ("GET", "/openai/v1/fine_tuning/jobs?after=ftjob-none", 404),
        ("GET", "/openai/v1/files/%ff", 400),
        ("POST", "/openai/files/import?api-version=1999-01-01", 404),
    ],
)
def test_what_no_operation_has_is_refused_loudly(bench: Bench, method: str, path: str, status: int) -> None:
    assert bench.data(method, path).status == status


NO_NUMBERS = [b'{"seed": NaN}', b'{"seed": -Infinity}', b'{"metadata": {"a": [1e999]}}']


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"text"', b"[" * 100_000, *NO_NUMBERS])
def test_a_body_that_is_no_json_object_is_refused_without_repeating_it(bench: Bench, body: bytes) -> None:
    reply = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert reply.status == 400
    assert reply.json["error"]["code"] == "invalidPayload"


@pytest.mark.parametrize(
    ("rest", "status", "code"),
    [
        (b" HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "BadRequest"),
        (b" HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "BadRequest"),
        (b" HTTP/1.1\r\nno colon\r\n\r\n", 400, "BadRequest"),
        (b" HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n", 400, "BadRequest"),
        (b" HTTP/9.9\r\n\r\n", 400, "BadRequest"),
        (b" HTTP/1.1\r\nbig: " + b"x" * 70_000 + b"\r\n\r\n", 431, "431"),
        (b"?limit=%ff HTTP/1.1\r\nHost: here\r\n\r\n", 400, "invalidPayload"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_shape_of_its_surface(
    bench: Bench, rest: bytes, status: int, code: str
) -> None:
    for path, more in ((b"/main/openai/v1/files", {"type": "error"}), (b"/main/openai/files", {})):
        top, _, body = spoken(bench, b"GET " + path + rest).partition(b"\r\n\r\n")
        assert int(top.split()[1]) == status
        assert b"apim-request-id: " in top
        error = json.loads(body)["error"]
        assert error == {"code": code, "message": error["message"], **more}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/accounts/main/nothing", None, 404, "InvalidResourceType"),
        ("DELETE", "/accounts/main/models", None, 405, "MethodNotAllowed"),
        ("PUT", "/accounts/main/deployments/d", b"{", 400, "InvalidRequestContent"),
    ],
)
def test_arm_refuses_in_its_own_words(
    bench: Bench, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    reply = bench.resource(method, path, body)
    assert (reply.status, set(reply.json), reply.json["error"]["code"]) == (status, {"error"}, code)


def test_an_unknown_resource_type_is_named_with_its_version(bench: Bench) -> None:
    assert bench.resource("GET", "/accounts/main/nothing/below").json["error"]["message"] == (
        "The resource type 'accounts/nothing' could not be found in the namespace 'Microsoft.CognitiveServices'"
        " for api version '2025-09-01'."
    )


def test_v1_answers_at_a_projects_address_too_and_dated_routes_do_not(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))
    project = f"{bench.url}/main/api/projects/any/openai/v1/"
    with OpenAI(
        base_url=project, api_key=API_KEY, max_retries=0, http_client=DefaultHttpxClient(trust_env=False)
    ) as v1:
        assert [entry.id for entry in v1.files.list().data] == [file]
        assert v1.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file).status == "pending"
    assert len(bench.data("GET", "/openai/v1/fine_tuning/jobs").json["data"]) == 1
    assert bench.data("POST", "/api/projects/any/openai/v1/uploads", {}).status == 404
    assert bench.data("GET", "/api/projects/any/openai/files?api-version=2024-10-21").status == 404
    assert bench.data("GET", "/api/projects/any/openai/v1/files?api-version=2024-10-21").status == 400


def test_a_fault_strikes_at_a_projects_address_too(bench: Bench) -> None:
    assert bench.ask("PUT", "/_emulator/faults", {"fault": "C1", "route": "files.list"}).status == 200
    assert bench.data("GET", "/api/projects/any/openai/v1/files").status == 429


def test_the_version_seen_for_imports_alone_opens_files_and_nothing_else(bench: Bench) -> None:
    body = {"purpose": "fine-tune", "filename": "a.jsonl", "content_url": "https://example.com/a.jsonl"}
    made = bench.data("POST", "/openai/files/import?api-version=2025-11-15-preview", body)
    assert (made.status, made.json["status"]) == (201, "pending")
    assert bench.data("GET", f"/openai/files/{made.json['id']}?api-version=2025-11-15-preview").status == 200
    assert bench.data("GET", "/openai/fine_tuning/jobs?api-version=2025-11-15-preview").status == 404


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ],
)
def test_malformed_http_is_answered_in_json_and_the_connection_ends(
    bench: Bench, request_text: bytes, status: bytes
) -> None:
    answer = spoken(bench, request_text)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_a_connection_serves_many_requests_and_an_unread_body_does_not_confuse_it(bench: Bench) -> None:
    refused = b"POST /main/openai/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"
    good = f"GET /main/openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: {API_KEY}\r\n\r\n".encode()
    answer = spoken(bench, refused + good)
    assert answer.count(b"HTTP/1.1 401 ") == 1
    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_an_answer_names_request_ids_and_echoes_the_clients(bench: Bench) -> None:
    reply = bench.data("GET", "/openai/v1/models", x_ms_client_request_id="mine-1")
    assert len(reply.headers["apim-request-id"]) == 36
    assert reply.headers["x-ms-client-request-id"] == "mine-1"


def test_a_wrong_key_is_401_in_the_gateways_words(bench: Bench) -> None:
    for headers in ({}, {"api_key": "wrong"}, {"Authorization": "Bearer wrong"}):
        reply = bench.ask("GET", "/main/openai/v1/files", **headers)
        assert reply.status == 401
        assert reply.json["error"]["message"].startswith("Access denied due to invalid subscription key")


def test_a_token_opens_only_what_its_audience_names(bench: Bench) -> None:
    arm, data = bench.token(), bench.token("https://cognitiveservices.azure.com")
    path = "/main/openai/files?api-version=2024-10-21"
    assert bench.ask("GET", path, Authorization=f"Bearer {data}").status == 200
    assert bench.ask("GET", path, Authorization=f"Bearer {bench.token('https://ai.azure.com/')}").status == 200
    refused = bench.ask("GET", path, Authorization=f"Bearer {arm}")
    assert (refused.status, refused.json["statusCode"]) == (401, 401)
    subscription = "/subscriptions/00000000-0000-0000-0000-000000000000"
    accounts = f"{subscription}/providers/Microsoft.CognitiveServices/accounts?api-version=2025-09-01"
    assert bench.ask("GET", accounts, Authorization=f"Bearer {data}").status == 401
    assert bench.ask("GET", accounts).json["error"]["code"] == "InvalidAuthenticationToken"
    forged = arm[:-4] + ("AAAA" if arm[-4:] != "AAAA" else "BBBB")
    assert bench.ask("GET", accounts, Authorization=f"Bearer {forged}").status == 401


def test_an_expired_token_opens_nothing(bench: Bench) -> None:
    bench.profile(token_seconds=0)
    token = bench.token("https://ai.azure.com")
    assert bench.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {token}").status == 401


def test_moving_the_clock_expires_no_token(bench: Bench) -> None:
    token = bench.token("https://ai.azure.com")
    bench.advance(15 * 86_400)
    assert bench.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {token}").status == 200


def test_a_write_that_is_interrupted_leaves_no_trace(tmp_path: Path) -> None:
    store = Store(tmp_path / "e.db")

    def interrupted_write() -> None:
        with store.writing() as db:
            db.execute("INSERT INTO profile VALUES ('files_max', '1')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_write()
    with store.reading() as db:
        assert db.execute("SELECT count(*) FROM profile").fetchone()[0] == 0
    store.close()


def test_the_real_managed_identity_credential_gets_a_token(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{bench.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "any")
    token = ManagedIdentityCredential().get_token("https://cognitiveservices.azure.com/.default")
    client = AzureOpenAI(
        azure_endpoint=f"{bench.url}/main/", api_version="2024-10-21", azure_ad_token=token.token, max_retries=0
    )
    assert client.files.list().data == []


def test_the_token_route_and_the_door_answer_loopback_names_only(bench: Bench) -> None:
    for path in ("/_emulator/clock", "/msi/token?resource=https://ai.azure.com&api-version=2019-08-01"):
        assert bench.ask("GET", path, Host="evil.example", X_IDENTITY_HEADER="x").status == 421
    assert bench.ask("GET", "/_emulator/clock", Host="localhost:1").status == 200


def test_the_request_log_keeps_method_path_status_and_retry_count(bench: Bench, v1: OpenAI) -> None:
    v1.files.list()
    bench.ask("GET", "/nowhere")
    log = bench.ask("GET", "/_emulator/requests").json["requests"]
    kept = [(entry["method"], entry["path"], entry["status"], entry["retry_count"]) for entry in log]
    assert kept == [("GET", "/main/openai/v1/files", 200, "0"), ("GET", "/nowhere", 404, None)]


def test_the_request_log_is_bounded(bench: Bench) -> None:
    bench.profile(requests_kept=3)
    for n in range(5):
        bench.ask("GET", f"/n{n}")
    log = bench.ask("GET", "/_emulator/requests").json["requests"]
    assert [entry["path"] for entry in log] == ["/n2", "/n3", "/n4"]


def test_the_profile_is_checked_shown_and_taken_back(bench: Bench) -> None:
    assert bench.ask("PUT", "/_emulator/profile", {"colour": "red"}).status == 400
    assert bench.ask("PUT", "/_emulator/profile", {"metadata": "lose"}).status == 400
    assert bench.ask("PUT", "/_emulator/profile", {"files_max": -1}).status == 400
    bench.profile(files_max=5)
    assert bench.ask("GET", "/_emulator/profile").json["profile"]["files_max"] == 5
    bench.profile(files_max=None)
    assert bench.ask("GET", "/_emulator/profile").json["profile"]["files_max"] == 100


@pytest.mark.parametrize("body", [{}, {"advance_seconds": "1"}, {"advance_seconds": True}, {"freeze": 1}])
def test_the_clock_moves_by_numbers_only(bench: Bench, body: dict[str, Any]) -> None:
    assert bench.ask("PUT", "/_emulator/clock", body).status == 400


def test_reset_empties_the_store_but_for_its_accounts(bench: Bench) -> None:
    bench.upload(chat_rows(10))
    assert bench.ask("POST", "/_emulator/reset").status == 204
    assert bench.data("GET", "/openai/v1/files").json["data"] == []
    assert bench.ask("GET", "/_emulator/clock").json["offset_seconds"] == 0


def test_reading_changes_nothing_in_the_store(bench: Bench, tmp_path: Path) -> None:
    bench.deployed("bot", bench.trained())
    bench.profile(request_log=False)
    bench.ask("GET", "/_emulator/clock")
    before = (tmp_path / "emulator.db-wal").read_bytes()
    for path in ("/openai/v1/files", "/openai/v1/fine_tuning/jobs", "/openai/v1/models"):
        assert bench.data("GET", path).status == 200
    assert bench.resource("GET", "/accounts/main/deployments").status == 200
    assert (tmp_path / "emulator.db-wal").read_bytes() == before


def test_two_processes_on_one_store_agree_on_everything(bench: Bench, tmp_path: Path) -> None:
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _SERVE,
            str(tmp_path / "emulator.db"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        there = Bench(other.stdout.readline().strip())
        file = bench.upload(chat_rows(12))
        assert there.data("GET", f"/openai/v1/files/{file}").json["status"] == "processed"
        assert there.data("GET", f"/openai/v1/files/{file}/content").body == chat_rows(12)
        job = there.job(file)
        assert bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json["status"] == "pending"
        there.advance(61)
        assert bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json["status"] == "running"
        body = {"sku": {"name": "Standard"}, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o"}}}
        assert there.resource("PUT", "/accounts/main/deployments/a", body).status == 201
        assert bench.resource("PUT", "/accounts/main/deployments/b", body).status == 409
        there.profile(files_max=1)
        refused = bench.send_form(multipart({"purpose": "fine-tune"}, chat_rows(10)))
        assert refused.json["error"]["code"] == "quotaExceeded"
        other.stdin.close()


def test_a_form_that_cannot_be_read_prints_nothing(tmp_path: Path) -> None:
    broken = multipart({"purpose": "fine-tune"}, b"{}").replace(b"Content-Disposition:", b"Content(Disposition):")
    command = [sys.executable, "-c", _SERVE, str(tmp_path / "e.db")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        reply = Bench(server.stdout.readline().strip()).send_form(broken)
        printed = server.communicate("", timeout=30)
    assert (reply.status, printed) == (400, ("", ""))


def test_a_store_outlives_its_emulator(tmp_path: Path) -> None:
    store = tmp_path / "kept.db"
    with Emulator(store, accounts={"main": "uksouth"}, profile={"file_seconds": 0}) as first:
        file = Bench(first).upload(chat_rows(10))
    with Emulator(store) as second:
        assert Bench(second).data("GET", f"/openai/v1/files/{file}").json["status"] == "processed"


def test_many_writers_lose_nothing(bench: Bench) -> None:
    bench.profile(jobs_ever_max=1000, jobs_queued_max=1000)
    file = bench.upload(chat_rows(12))
    threads = [threading.Thread(target=lambda: [bench.job(file) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = bench.data("GET", "/openai/v1/fine_tuning/jobs?limit=100").json
    assert len({job["id"] for job in page["data"]}) == 20


def test_ids_repeat_when_the_profile_seeds_them(tmp_path: Path) -> None:
    def first_file(store: Path) -> str:
        with Emulator(store, accounts={"main": None}, profile={"id_seed": "s"}) as emulator:
            return Bench(emulator).upload(chat_rows(10))

    assert first_file(tmp_path / "a.db") == first_file(tmp_path / "b.db")


def test_an_account_or_profile_that_cannot_be_is_refused_at_construction(tmp_path: Path) -> None:
    with pytest.raises(UnusableStore, match="subscriptions"):
        Emulator(tmp_path / "a.db", accounts={"subscriptions": None})
    with pytest.raises(UnusableProfile, match="colour"):
        Emulator(tmp_path / "b.db", profile={"colour": "red"})


def test_nothing_is_printed_and_closing_twice_is_harmless(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    emulator = Emulator(tmp_path / "e.db", accounts={"main": None})
    emulator.start()
    bench = Bench(emulator)
    bench.data("GET", "/openai/v1/files")
    spoken(bench, b"nonsense\r\n\r\n")
    emulator.close()
    emulator.close()
    assert capfd.readouterr() == ("", "")
