"""What the storage service answers, and what is made of it. The answers are canned; how the service behaves is tried
against Azurite in the long tests. Nothing here pretends to be a store.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved
from ftops.ledger import Holder, Ledger, open_store
from ftops.ledger.azblob import AzblobStore, ServiceClock
from ftops.ledger.blob_service import BlobProblem, BlobService, seconds_of
from ftops.ledger.guard import FileGuard
from ftops.ledger.lease import Lease
from ftops.ledger.store import LedgerUnsure

pytest.importorskip("azure.storage.blob", reason="needs the extra ftops[azblob]")

HOLDER = Holder("r1", "host", 4711, "2026-01-02T03:04:05Z")
DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
DATE_SECONDS = 1_767_323_045.0
Answer = tuple[int, str, bytes]


@dataclass
class Script:
    """What is answered to each kind of request, in order, the last one for ever; and what was asked."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def next(self, kind: str) -> Answer:
        waiting = self.answers.get(kind, [(500, "InternalError", b"")])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def count(self, kind: str) -> int:
        return sum(asked == kind for asked, _ in self.asked)


class _Canned(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.command
        if "comp=lease" in self.path:
            kind = self.headers["x-ms-lease-action"]
        elif "comp=metadata" in self.path:
            kind = "describe"
        self.script.asked.append((kind, {name.lower(): value for name, value in self.headers.items()}))
        status, code, body = self.script.next(kind)
        if status == 0:
            self.close_connection = True
            return
        self.send_response_only(status)
        if code != "no date":
            self.send_header("Date", DATE)
        for name, value in (
            ("x-ms-error-code", code if status >= 300 else ""),
            ("Content-Type", "application/xml" if body.startswith(b"<Error>") else ""),
            ("ETag", '"e1"' if status < 300 and code != "no etag" else ""),
            ("Content-Range", f"bytes 0-{len(body) - 1}/{len(body) + (9 if code == 'short' else 0)}" if body else ""),
            ("x-ms-lease-state", code if self.command == "HEAD" and status < 300 else ""),
        ):
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_GET = do_PUT = do_HEAD = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def script() -> Iterator[Script]:
    told = Script()
    handler = type("Canned", (_Canned,), {"script": told})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_address[1]}/devstoreaccount1"
        yield told
        server.shutdown()


@pytest.fixture
def store(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AzblobStore:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return AzblobStore(script.url, "ledgers", "l.jsonl", guard=FileGuard(tmp_path))


UNSURE = [
    (0, "", b""),
    (408, "X", b""),
    (429, "ServerBusy", b""),
    (500, "OperationTimedOut", b""),
    (503, "", b"<html>"),
]
UNSURE += [(200, "", b"<html>"), (201, "no etag", b"")]
MOVED = [
    (409, "BlobAlreadyExists"),
    (412, "ConditionNotMet"),
    (412, "LeaseIdMissing"),
    (412, "LeaseLost"),
    (412, "LeaseIdMismatchWithBlobOperation"),
    (404, "BlobNotFound"),
    (409, "LeaseAlreadyPresent"),
]


@pytest.mark.parametrize("answer", UNSURE, ids=str)
def test_a_write_without_a_readable_answer_is_unsure_and_is_sent_once(
    script: Script, store: AzblobStore, answer: Answer
) -> None:
    script.answers["PUT"] = [answer]
    with pytest.raises(LedgerUnsure):
        store.write_if('"e0"', b"x")

    assert script.count("PUT") == 1


@pytest.mark.parametrize("answer", MOVED, ids=str)
def test_a_write_that_the_service_refuses_for_its_condition_means_that_the_ledger_moved(
    script: Script, store: AzblobStore, answer: tuple[int, str]
) -> None:
    script.answers["PUT"] = [(*answer, b"")]
    with pytest.raises(LedgerMoved):
        store.write_if('"e0"', b"x")


def test_an_error_document_over_which_the_sdk_stumbles_is_understood(script: Script, store: AzblobStore) -> None:
    script.answers["PUT"] = [(412, "ConditionNotMet", b"<Error><Code>ConditionNotMet</Code></Error>")]
    with pytest.raises(LedgerMoved):
        store.write_if('"e0"', b"x")
    script.answers["PUT"] = [(503, "ServerBusy", b"<Error><Code>ServerBusy</Code></Error>")]
    with pytest.raises(LedgerUnsure):
        store.write_if('"e0"', b"x")
    script.answers["GET"] = [(404, "BlobNotFound", b"<Error><Code>BlobNotFound</Code></Error>")]
    assert store.read() == (None, "")


@pytest.mark.parametrize(
    ("status", "code", "says", "hint"),
    [
        (403, "AuthorizationPermissionMismatch", "access is denied (AuthorizationPermissionMismatch)", "Contributor"),
        (403, "AuthorizationFailure", "access is denied (AuthorizationFailure)", "network rule"),
        (404, "ContainerNotFound", "there is no such container", "az storage container create --name ledgers"),
        (400, "InvalidHeaderValue", "400 InvalidHeaderValue", "run again"),
        (409, "BlobImmutableDueToPolicy", "409 BlobImmutableDueToPolicy", "run again"),
        (307, "", "307", "run again"),
    ],
)
def test_a_write_that_is_refused_otherwise_is_final(
    script: Script, store: AzblobStore, status: int, code: str, says: str, hint: str
) -> None:
    script.answers["PUT"] = [(status, code, b"")]
    with pytest.raises(LedgerError) as caught:
        store.write_if('"e0"', b"x")

    assert not isinstance(caught.value, LedgerMoved | LedgerUnsure)
    assert (says in str(caught.value), hint in caught.value.hint) == (True, True)
    assert script.count("PUT") == 1


def test_a_write_names_what_it_replaces_and_a_creation_that_nothing_may_be_there(
    script: Script, store: AzblobStore
) -> None:
    script.answers["PUT"] = [(201, "", b"")]

    assert store.write_if('"e0"', b"x") == '"e1"'
    assert store.write_if("", b"x") == '"e1"'
    headers = [asked for _, asked in script.asked]
    assert (headers[0]["if-match"], headers[1]["if-none-match"]) == ('"e0"', "*")
    assert "x-ms-lease-id" not in headers[0]


def test_a_write_under_the_lock_names_the_lease_and_the_holder(script: Script, store: AzblobStore) -> None:
    script.answers |= {"acquire": [(201, "", b"")], "describe": [(200, "", b"")], "PUT": [(201, "", b"")]}
    script.answers["release"] = [(200, "", b"")]
    with store.lock(HOLDER):
        assert store.lock_lost() is False
        store.write_if('"e0"', b"x")
    lease = next(asked["x-ms-proposed-lease-id"] for kind, asked in script.asked if kind == "acquire")
    put = next(asked for kind, asked in script.asked if kind == "PUT")

    assert put["x-ms-lease-id"] == lease
    assert Holder.read(put["x-ms-meta-ftopsholder"]) == HOLDER
    assert [kind for kind, _ in script.asked] == ["acquire", "describe", "PUT", "release"]
    assert store.lock_lost() is False


def test_when_the_lease_is_gone_the_lock_is_lost_and_later_writes_rest_on_the_etag_alone(
    script: Script, store: AzblobStore
) -> None:
    script.answers |= {"acquire": [(201, "", b"")], "describe": [(200, "", b"")]}
    script.answers["PUT"] = [(412, "LeaseLost", b""), (201, "", b"")]
    with store.lock(HOLDER):
        with pytest.raises(LedgerMoved):
            store.write_if('"e0"', b"x")
        assert store.lock_lost() is True
        store.write_if('"e0"', b"x")

    assert "x-ms-lease-id" not in [asked for kind, asked in script.asked if kind == "PUT"][1]
    assert script.count("release") == 0


def test_a_lock_without_a_name_on_it_is_given_back(script: Script, store: AzblobStore) -> None:
    script.answers |= {"acquire": [(201, "", b"")], "describe": [(403, "AuthorizationFailure", b"")]}
    script.answers["release"] = [(412, "LeaseLost", b"")]
    with pytest.raises(LedgerError, match="access is denied"), store.lock(HOLDER):
        pass

    assert script.count("release") == 1


def test_a_lock_that_somebody_holds_is_told_with_their_name_where_they_gave_one(
    script: Script, store: AzblobStore
) -> None:
    script.answers |= {"acquire": [(409, "LeaseAlreadyPresent", b"")], "HEAD": [(200, "leased", b"")]}
    with pytest.raises(LedgerLocked, match="which has not said who it is") as caught, store.lock(HOLDER):
        pass
    assert caught.value.hint == "it runs out 60 s after that process ended"
    script.answers["HEAD"] = [(403, "AuthorizationFailure", b"")]
    with pytest.raises(LedgerLocked), store.lock(HOLDER):
        pass
    script.answers["acquire"] = [(403, "AuthorizationFailure", b"")]
    with pytest.raises(LedgerError, match="access is denied"), store.lock(HOLDER):
        pass


def test_a_reader_is_told_what_is_missing(script: Script, store: AzblobStore) -> None:
    script.answers["GET"] = [(404, "ContainerNotFound", b"")]
    with pytest.raises(LedgerError, match="there is no such container"):
        store.read()
    script.answers["GET"] = [(404, "BlobNotFound", b"")]
    assert store.read() == (None, "")
    script.answers["HEAD"] = [(404, "BlobNotFound", b"")]
    assert (store.holder(), store.set_aside()) == (None, "")


def test_an_answer_that_ends_early_is_no_ledger(script: Script, store: AzblobStore) -> None:
    script.answers["GET"] = [(206, "short", b"abc")]
    with pytest.raises(LedgerError, match="no answer"):
        store.read()


def test_ages_are_taken_on_the_services_clock(script: Script, store: AzblobStore) -> None:
    script.answers["HEAD"] = [(404, "BlobNotFound", b"")]

    assert DATE_SECONDS <= store.now() < DATE_SECONDS + 60
    assert script.count("HEAD") == 1
    assert Ledger(store).held_seconds(HOLDER) < 60
    assert Ledger(store).held_seconds(Holder.read("")) == 0.0


def test_a_service_that_does_not_tell_the_time_is_not_believed(script: Script, store: AzblobStore) -> None:
    script.answers["HEAD"] = [(200, "no date", b"")]
    with pytest.raises(LedgerError, match="do not tell the time"):
        store.now()


def test_the_services_clock_keeps_the_latest_time_that_has_surely_come() -> None:
    boot = [100.0]
    clock = ServiceClock(lambda: boot[0])
    assert clock.now() is None
    clock.hear(DATE)
    boot[0] = 100.9
    clock.hear(DATE)
    assert clock.now() == pytest.approx(DATE_SECONDS + 0.9)
    clock.hear("Fri, 02 Jan 2026 03:04:07 GMT")
    clock.hear("not a date")
    boot[0] = 110.9

    assert clock.now() == pytest.approx(DATE_SECONDS + 12.0)
    assert seconds_of("") is None


def test_a_lease_counts_as_lost_once_no_renewal_was_answered_for_its_length(script: Script) -> None:
    boot = [0.0]
    service = BlobService(script.url, "ledgers", "l.jsonl", heard=lambda date: None)
    lease = Lease(service, "e1d4b1de-6d6a-4d6c-9a57-0f5c4d4a1b11", 0.0, clock=lambda: boot[0])
    boot[0] = 59.9
    assert lease.lost is False
    boot[0] = 60.0
    assert lease.lost is True
    lease.end()


@pytest.mark.parametrize(
    ("answers", "lost"),
    [
        ([(200, "", b"")], False),
        ([(500, "X", b""), (200, "", b"")], False),
        ([(409, "LeaseIdMismatchWithLeaseOperation", b"")], True),
        ([(404, "BlobNotFound", b"")], True),
    ],
)
def test_a_lease_is_renewed_until_it_ends_or_is_taken_away(
    script: Script, monkeypatch: pytest.MonkeyPatch, answers: list[Answer], lost: bool
) -> None:
    monkeypatch.setattr("ftops.ledger.lease.RENEW_SECONDS", 0.01)
    monkeypatch.setattr("ftops.ledger.lease.RENEW_AGAIN_SECONDS", 0.01)
    script.answers["renew"] = list(answers)
    answered = threading.Event()
    ticks = iter(range(1_000_000))

    def clock() -> float:
        if script.count("renew") > len(answers):
            answered.set()
        return next(ticks) * 1e-6

    lease = Lease(
        BlobService(script.url, "ledgers", "l.jsonl", heard=lambda date: None),
        "e1d4b1de-6d6a-4d6c-9a57-0f5c4d4a1b11",
        0.0,
        clock=clock,
    )
    if lost:
        lease._thread.join(10)
    else:
        assert answered.wait(10)
    assert lease.lost is lost
    lease.end()
    assert script.count("release") == (0 if lost else 1)


def test_what_was_made_by_somebody_quicker_is_theirs(script: Script, store: AzblobStore) -> None:
    script.answers |= {
        "acquire": [(404, "BlobNotFound", b""), (409, "LeaseAlreadyPresent", b"")],
        "PUT": [(201, "", b"")],
        "HEAD": [(200, "leased", b"")],
    }
    with store.lock(HOLDER):
        assert store.lock_lost() is True
        with pytest.raises(LedgerMoved, match="another ftops took it at once"):
            store.write_if("", b"x")
        assert store.lock_lost() is True


def test_setting_aside_keeps_the_bytes_before_it_deletes(script: Script, store: AzblobStore) -> None:
    script.answers |= {
        "GET": [(206, "", b"damaged")],
        "PUT": [(201, "", b"")],
        "DELETE": [(202, "", b"")],
        "acquire": [(201, "", b"")],
        "describe": [(200, "", b"")],
    }
    with store.lock(HOLDER):
        aside = store.set_aside()
    assert aside.startswith(f"{script.url}/ledgers/l.jsonl.damaged-")
    assert [kind for kind, _ in script.asked] == ["acquire", "describe", "GET", "PUT", "DELETE"]
    assert script.asked[-1][1]["if-match"] == '"e1"'
    assert store.set_aside() != aside
    assert "x-ms-lease-id" not in script.asked[-1][1]


def test_unlocking_breaks_the_lease_and_one_that_is_free_stays_free(script: Script, store: AzblobStore) -> None:
    script.answers["break"] = [(202, "", b""), (409, "LeaseNotPresentWithLeaseOperation", b"")]
    store.unlock()
    store.unlock()

    assert script.asked[0][1]["x-ms-lease-break-period"] == "0"


def test_a_note_is_kept_on_this_machine_and_private(store: AzblobStore, tmp_path: Path) -> None:
    where = Path(store.leave_note("job ftjob-1"))

    assert (where.read_text(), where.stat().st_mode & 0o777) == ("job ftjob-1\n", 0o600)
    assert where.is_relative_to(tmp_path)
    where.unlink()
    where.mkdir()
    with pytest.raises(LedgerError, match="Is a directory"):
        store.leave_note("job ftjob-1")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "azure.storage.blob", None)
    with pytest.raises(LedgerError) as caught:
        open_store(tmp_path, "azblob", "https://x.blob.core.windows.net", "ledgers", "l.jsonl")

    assert str(caught.value) == "opening the ledger: `backend: azblob` needs the package azure-storage-blob"
    assert caught.value.hint == "pip install 'ftops[azblob]'"


@pytest.mark.parametrize("url", ["http://x.blob.core.windows.net", "http://localhost.example.com/devstoreaccount1"])
def test_plain_http_is_for_this_machine_only(url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="it must be an https address"):
        open_store(tmp_path, "azblob", url, "ledgers", "l.jsonl")


def test_azure_is_entered_with_entra_and_a_missing_sign_in_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    class NobodySignedIn:
        def get_token(self, *scopes: str, **options: Any) -> None:
            raise ClientAuthenticationError("DefaultAzureCredential: token abc")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", NobodySignedIn)
    store = open_store(tmp_path, "azblob", "https://localhost.invalid", "ledgers", "l.jsonl")
    with pytest.raises(LedgerError) as caught:
        store.read()

    assert str(caught.value) == (
        "reading https://localhost.invalid/ledgers/l.jsonl: signing in to Azure did not succeed"
    )
    assert "az login" in caught.value.hint
    assert (store.caution, store.place) == ("", "https://localhost.invalid/ledgers/l.jsonl")
    assert store.guard.latest("anywhere") == ""


def test_a_mistake_of_ours_looks_like_one(script: Script) -> None:
    service = BlobService(script.url, "ledgers", "l.jsonl", heard=lambda date: None)
    script.answers["PUT"] = [(201, "", b"")]
    with pytest.raises(TypeError):
        service.put(object(), etag="", lease_id=None, metadata={})  # type: ignore[arg-type]

    assert str(BlobProblem(None, "ServiceRequestError")) == "ServiceRequestError"
