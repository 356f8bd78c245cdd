"""The one request that costs money: at most one POST, and a verdict that is never a guess."""

from __future__ import annotations

import socket

import pytest

from ftops.azure import sdk
from ftops.core.change import Train
from ftops.core.errors import RemoteError
from tests.azure.wire import ACCOUNT, RESET, Answer, Service, answer, connected, error

JOBS = "/main/openai/v1/fine_tuning/jobs"
TRAIN = Train(
    token="abcdefghij",
    fingerprint="f" * 64,
    model="gpt-4o-mini-2024-07-18",
    training_file="file-1",
    validation_file=None,
    suffix="support-abcdefghij",
    seed=7,
    method="supervised",
    hyperparameters={"n_epochs": 3},
    training_tier="Standard",
)
CREATED = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "pending", "suffix": "support-abcdefghij"}
WHOLE = answer(201, CREATED).wire

AMBIGUOUS = {
    "reset before a byte": Answer(end=RESET),
    "close before a byte": Answer(),
    "reset within the head": Answer(WHOLE[:30], RESET),
    "close within the head": Answer(WHOLE[:30]),
    "201 with a cut body": Answer(WHOLE[:-20]),
    "201 in chunks that end early": Answer(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"),
    "201 with cut JSON": answer(201, '{"id": "ftjob-1", "obj'),
    "201 with an empty body": answer(201),
    "200 with a web page": answer(200, "<html>Welcome</html>", headers={"Content-Type": "text/html"}),
    "201 with an empty object": answer(201, {}),
    "201 with a null id": answer(201, {**CREATED, "id": None}),
    "201 with an empty id": answer(201, {**CREATED, "id": ""}),
    "201 with an id that is none": answer(201, {**CREATED, "id": "\ud800"}),
    "201 with JSON too deep to read": answer(201, "[" * 99_999),
    "201 in an encoding that is none": answer(201, CREATED, headers={"Content-Type": "text/plain; charset=base64"}),
    "201 with a number for an id": answer(201, {**CREATED, "id": 7}),
    "201 with a list": answer(201, [CREATED]),
    "201 with text that is no UTF-8": Answer(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
    "307 to itself": answer(307, headers={"Location": JOBS}),
    "308 to another host": answer(308, headers={"Location": "http://127.0.0.1:9/jobs"}),
    "408": error(408, "timeout"),
    "409": error(409, "conflict"),
    "429 from a proxy": answer(429, "<html>slow down</html>"),
    "400 without a word": answer(400),
    "403 from a proxy": answer(403, "<html>blocked</html>"),
    "500": error(500, "internalFailure"),
    "502": answer(502, "<html>bad gateway</html>"),
    "503": error(503, "serviceUnavailable"),
    "503 that asks to retry": answer(503, headers={"x-should-retry": "true", "Retry-After": "0"}),
    "504": answer(504),
}


@pytest.mark.parametrize("api", ["v1", "2024-10-21"])
@pytest.mark.parametrize("said", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_answer_that_proves_nothing_is_unknown_after_one_post(service: Service, said: Answer, api: str):
    path = JOBS if api == "v1" else JOBS.replace("/v1", "")
    service.on(f"POST {path}", said)

    with connected(service, api=api) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.sent) == ("unknown", True)
    assert service.writes() == [f"POST {path}"]


def test_silence_until_the_timeout_is_unknown_after_one_post(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sdk, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with connected(service, endpoint=endpoint) as connections, pytest.raises(RemoteError) as caught:
            connections.client("main").create_job(TRAIN)

        accepted, _ = silent.accept()
        accepted.close()
        silent.settimeout(0.3)
        with pytest.raises(TimeoutError):
            silent.accept()
    assert caught.value.kind == "unknown"


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (error(400, "invalidPayload", "The model does not support fine-tuning."), "rejected", "invalidPayload"),
        (error(401, "PermissionDenied", "Principal does not have access."), "denied", "PermissionDenied"),
        (answer(401, {"statusCode": 401, "message": "Unauthorized. Access token is missing."}), "denied", "401"),
        (error(403, "403", "Access denied due to Virtual Network/Firewall rules."), "denied", "403"),
        (error(404, "notFound", "No such file."), "missing", "notFound"),
        (error(422, "invalidPayload"), "rejected", "invalidPayload"),
        (error(429, "429", "Please retry after 6 seconds."), "throttled", "429"),
        (error(429, "quotaExceeded", "Too many jobs."), "rejected", "quotaExceeded"),
    ],
)
def test_a_refusal_in_the_services_own_words_proves_that_no_job_was_made(
    service: Service, said: Answer, kind: str, code: str
):
    service.on(f"POST {JOBS}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert service.writes() == [f"POST {JOBS}"]


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_proves_that_nothing_was_sent(service: Service):
    endpoint = f"http://127.0.0.1:{_closed_port()}"

    with connected(service, endpoint=endpoint) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.sent) == ("unavailable", False)


def test_a_tls_handshake_that_fails_proves_that_nothing_was_sent(service: Service):
    endpoint = service.url.replace("http:", "https:")

    with connected(service, endpoint=endpoint) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.sent) == ("unavailable", False)
    assert service.writes() == []


def test_a_token_that_cannot_be_had_proves_that_nothing_was_sent(service: Service):
    service.on("GET /msi/token", error(400, "invalid_request", "No identity is assigned."))

    with connected(service, endpoint=f"{service.url}/main") as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.sent) == ("denied", False)
    assert service.writes() == []


def test_an_endpoint_that_cannot_be_read_proves_that_nothing_was_sent(service: Service):
    service.on(f"GET {ACCOUNT}", error(500, "internalFailure"))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").create_job(TRAIN)

    assert (caught.value.kind, caught.value.sent) == ("unavailable", False)
    assert service.writes() == []


@pytest.mark.parametrize("status", [200, 201])
def test_a_named_job_is_created_also_when_the_suffix_is_not_echoed(service: Service, status: int):
    service.on(f"POST {JOBS}", answer(status, {"id": "ftjob-1", "status": "PENDING"}))

    with connected(service) as connections:
        job = connections.client("main").create_job(TRAIN)

    assert (job.id, job.status, job.suffix) == ("ftjob-1", "pending", None)


def test_numbers_that_are_none_do_not_lose_a_job_that_was_made(service: Service):
    body = '{"id": "ftjob-1", "status": 7, "created_at": NaN, "seed": 1e999, "trained_tokens": "many", "error": []}'
    service.on(f"POST {JOBS}", answer(201, body))

    with connected(service) as connections:
        job = connections.client("main").create_job(TRAIN)

    assert (job.id, job.status, job.created_at, job.seed, job.trained_tokens) == ("ftjob-1", "", 0, None, None)


def test_a_paid_request_does_not_ride_on_an_idle_connection_that_may_be_stale(service: Service):
    service.on(f"GET {JOBS}", answer(200, {"data": [], "has_more": False}))
    service.on(f"POST {JOBS}", answer(201, CREATED))

    with connected(service) as connections:
        connections.client("main").list_jobs()
        connections.client("main").create_job(TRAIN)
        connections.client("main").list_jobs()

    before, after = service.sent("GET", JOBS)
    (paid,) = service.sent("POST", JOBS)
    assert before.connection == after.connection
    assert paid.connection != before.connection
    assert paid.headers["x-stainless-retry-count"] == "0"


@pytest.mark.parametrize(
    ("api", "said"),
    [
        ("v1", {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}}),
        ("2025-04-01-preview", {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}}),
        ("2024-10-21", {"hyperparameters": {"n_epochs": 3}}),
    ],
)
def test_the_body_says_what_the_version_of_the_data_plane_understands(
    service: Service, api: str, said: dict[str, object]
):
    path = JOBS if api == "v1" else JOBS.replace("/v1", "")
    service.on(f"POST {path}", answer(201, CREATED))

    with connected(service, api=api) as connections:
        connections.client("main").create_job(TRAIN)

    (request,) = service.sent("POST", path)
    assert request.query == ("" if api == "v1" else f"api-version={api}")
    assert request.json == {
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": "file-1",
        "suffix": "support-abcdefghij",
        "seed": 7,
        **said,
    }


def test_what_is_not_the_services_default_is_sent_in_full(service: Service):
    service.on(f"POST {JOBS}", answer(200, CREATED))
    train = Train("t", "f", "gpt-4.1-2025-04-14", "file-1", "file-2", "s-t", 1, "dpo", {"beta": 0.1}, "GlobalStandard")

    with connected(service) as connections:
        connections.client("main").create_job(train)

    (request,) = service.sent("POST", JOBS)
    assert request.json == {
        "model": "gpt-4.1-2025-04-14",
        "training_file": "file-1",
        "validation_file": "file-2",
        "suffix": "s-t",
        "seed": 1,
        "trainingType": "GlobalStandard",
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}},
    }


def test_without_hyperparameters_the_service_chooses(service: Service):
    service.on(f"POST {JOBS}", answer(200, CREATED))
    train = Train("t", "f", "gpt-4.1-2025-04-14", "file-1", None, "s-t", 1, "supervised", {}, "Standard")

    with connected(service) as connections:
        connections.client("main").create_job(train)

    (request,) = service.sent("POST", JOBS)
    assert request.json == {
        "model": "gpt-4.1-2025-04-14",
        "training_file": "file-1",
        "suffix": "s-t",
        "seed": 1,
        "method": {"type": "supervised"},
    }
