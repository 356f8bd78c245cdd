"""Listings are whole or they are errors; reads are patient, within bounds; writes are sent once."""

from __future__ import annotations

import io

import pytest

from ftops.azure import NO_MODEL_ROUTE, AccountClient, patience
from ftops.core.errors import RemoteError
from tests.azure.wire import RESET, Answer, Request, Service, answer, connected, error

V1 = "/main/openai/v1"
DATED = "/main/openai"


def job(number: int) -> dict[str, object]:
    return {"id": f"ftjob-{number}", "status": "running", "created_at": number, "model": "m"}


def page_of(request: Request, total: int, size: int) -> Answer:
    """A well-behaved page of `total` jobs, newest first."""
    values = dict(pair.split("=") for pair in request.query.split("&") if "=" in pair)
    first = int(values["after"].removeprefix("ftjob-")) + 1 if "after" in values else 0
    data = [job(number) for number in range(first, min(first + size, total))]
    return answer(200, {"object": "list", "data": data, "has_more": first + size < total})


def test_jobs_are_listed_page_by_page_until_the_service_says_it_was_the_last(service: Service):
    service.rules[f"GET {V1}/fine_tuning/jobs"] = lambda request: page_of(request, total=250, size=100)

    with connected(service) as connections:
        jobs = connections.client("main").list_jobs()

    assert [one.id for one in jobs] == [f"ftjob-{number}" for number in range(250)]
    assert [one.query for one in service.sent("GET", f"{V1}/fine_tuning/jobs")] == [
        "limit=100",
        "limit=100&after=ftjob-99",
        "limit=100&after=ftjob-199",
    ]


BROKEN_JOBS = {
    "the same page again": answer(200, {"data": [job(1), job(2)], "has_more": True}),
    "an id twice in one page": answer(200, {"data": [job(1), job(1)], "has_more": False}),
    "an empty page that promises more": answer(200, {"data": [], "has_more": True}),
    "the same page without has_more": answer(200, {"data": [job(1)]}),
}


@pytest.mark.parametrize("said", BROKEN_JOBS.values(), ids=BROKEN_JOBS)
def test_broken_paging_is_an_error_and_never_a_part_of_the_listing(service: Service, said: Answer):
    service.on(f"GET {V1}/fine_tuning/jobs", said)

    with connected(service) as connections, pytest.raises(RemoteError, match="broken paging") as caught:
        connections.client("main").list_jobs()

    assert caught.value.kind == "unavailable"
    assert len(service.sent("GET", f"{V1}/fine_tuning/jobs")) <= 2


def test_a_listing_that_never_ends_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ftops.azure.data_plane.PAGES_MAX", 5)
    service.rules[f"GET {V1}/fine_tuning/jobs"] = lambda request: page_of(request, total=10**9, size=1)

    with connected(service) as connections, pytest.raises(RemoteError, match="there is no end after 5 pages"):
        connections.client("main").list_jobs()

    assert len(service.sent("GET", f"{V1}/fine_tuning/jobs")) == 5


def test_jobs_without_has_more_are_followed_until_a_page_is_empty(service: Service):
    service.on(f"GET {V1}/fine_tuning/jobs", answer(200, {"data": [job(2), job(1)]}), answer(200, {"data": []}))

    with connected(service) as connections:
        assert [one.id for one in connections.client("main").list_jobs()] == ["ftjob-2", "ftjob-1"]


def test_a_dated_file_list_is_one_request_although_it_never_says_that_it_is_whole(service: Service):
    files = [{"id": f"file-{number}", "filename": "a.jsonl", "status": "processed"} for number in range(300)]
    service.on(f"GET {DATED}/files", answer(200, {"object": "list", "data": files}))

    with connected(service, api="2024-10-21") as connections:
        assert len(connections.client("main").list_files()) == 300

    assert [one.query for one in service.sent("GET", f"{DATED}/files")] == ["api-version=2024-10-21"]


def test_a_v1_file_list_is_followed_when_it_says_that_there_is_more(service: Service):
    first = answer(200, {"data": [{"id": "file-1"}], "has_more": True})
    second = answer(200, {"data": [{"id": "file-2"}], "has_more": False})
    service.on(f"GET {V1}/files", first, second)

    with connected(service) as connections:
        assert [one.id for one in connections.client("main").list_files()] == ["file-1", "file-2"]

    assert [one.query for one in service.sent("GET", f"{V1}/files")] == ["", "after=file-1"]


NOT_A_LISTING = {
    "an empty object": answer(200, {}),
    "null data": answer(200, {"data": None}),
    "a list": answer(200, []),
    "a web page": answer(200, "<html>Sign in to the guest network</html>"),
    "nothing": answer(200),
    "an element without an id": answer(200, {"data": [{"status": "running"}], "has_more": False}),
    "an element that is text": answer(200, {"data": ["ftjob-1"], "has_more": False}),
    "a redirect": answer(302, headers={"Location": "http://127.0.0.1:9/"}),
    "no content": answer(204),
}


@pytest.mark.parametrize("listing", ["list_files", "list_jobs", "list_models"])
@pytest.mark.parametrize("said", NOT_A_LISTING.values(), ids=NOT_A_LISTING)
def test_a_success_that_is_no_listing_is_an_error_and_not_an_empty_account(
    service: Service, said: Answer, listing: str
):
    for path in ("files", "fine_tuning/jobs", "models"):
        service.on(f"GET {V1}/{path}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        getattr(connections.client("main"), listing)()

    assert caught.value.kind == "unavailable"


def test_models_are_the_fine_tuned_ones_in_both_forms(service: Service):
    trained = f"gpt-4o-mini-2024-07-18.ft-{'a' * 32}-support-abcdefghij"
    v1 = [{"id": "gpt-4o", "created": 1}, {"id": trained, "created": 2, "owned_by": "x"}]
    dated = [{"id": "gpt-4o", "created_at": 1}, {"id": "odd-name", "fine_tune": "ftjob-1", "created_at": 3}]
    service.on(f"GET {V1}/models", answer(200, {"data": v1}))
    service.on(f"GET {DATED}/models", answer(200, {"data": dated}))

    with connected(service) as connections:
        assert [(m.id, m.created_at) for m in connections.client("main").list_models()] == [(trained, 2)]
    with connected(service, api="2024-10-21") as connections:
        assert [(m.id, m.created_at) for m in connections.client("main").list_models()] == [("odd-name", 3)]


@pytest.mark.parametrize(
    "hiccup",
    [error(503, "serviceUnavailable"), error(429, "429"), answer(408), Answer(end=RESET), answer(200, "{")],
    ids=["503", "429", "408", "reset", "cut JSON"],
)
def test_a_read_survives_two_hiccups(service: Service, hiccup: Answer):
    service.on(f"GET {V1}/files/file-1", hiccup, hiccup, answer(200, {"id": "file-1", "status": "processed"}))

    with connected(service) as connections:
        observed = connections.client("main").observe_file("file-1")

    assert observed is not None
    assert observed.status == "processed"


def test_a_read_gives_up_after_three_attempts(service: Service):
    service.on(f"GET {V1}/files/file-1", error(503, "serviceUnavailable"))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").observe_file("file-1")

    assert (caught.value.kind, caught.value.status) == ("unavailable", 503)
    assert len(service.sent("GET", f"{V1}/files/file-1")) == 3


def test_a_read_that_is_told_to_wait_for_long_says_so_instead_of_waiting(service: Service):
    service.on(f"GET {V1}/files/file-1", error(429, "429", **{"Retry-After": "86400"}))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").observe_file("file-1")

    assert (caught.value.kind, caught.value.retry_after_seconds) == ("throttled", 86400.0)
    assert len(service.sent("GET", f"{V1}/files/file-1")) == 1


def test_a_denied_read_is_not_repeated(service: Service):
    service.on(f"GET {V1}/files/file-1", error(403, "403", "Access denied due to Virtual Network/Firewall rules."))

    with connected(service) as connections, pytest.raises(RemoteError):
        connections.client("main").observe_file("file-1")

    assert len(service.sent("GET", f"{V1}/files/file-1")) == 1


def test_patience_waits_as_long_as_the_service_asks_and_stops_when_told_to_close():
    waited: list[float] = []

    def throttled() -> None:
        raise RemoteError("throttled", "slow down", retry_after_seconds=7.0)

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 2

    with pytest.raises(RemoteError):
        patience.patiently(throttled, (1.0, 30.0, 2.0), wait)

    assert waited == [7.0, 30.0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (error(404, "notFound", "No such job."), None),
        (error(404, "ResourceNotFound", "Gone."), None),
    ],
)
def test_a_missing_thing_is_none_when_the_service_says_so(service: Service, said: Answer, expected: object):
    service.on(f"GET {V1}/fine_tuning/jobs/ftjob-1", said)

    with connected(service) as connections:
        assert connections.client("main").observe_job("ftjob-1") is expected


@pytest.mark.parametrize(
    "said",
    [error(404, "404", "Resource not found"), answer(404, "<html>not here</html>"), answer(404)],
    ids=["an unknown route", "a web page", "nothing"],
)
def test_a_404_that_is_not_about_the_thing_is_not_taken_for_its_absence(service: Service, said: Answer):
    service.on(f"GET {V1}/fine_tuning/jobs/ftjob-1", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").observe_job("ftjob-1")

    assert (caught.value.kind, caught.value.status) == ("unavailable", 404)
    assert len(service.sent("GET", f"{V1}/fine_tuning/jobs/ftjob-1")) == 1


def test_an_id_cannot_reach_another_route(service: Service):
    with connected(service) as connections:
        client = connections.client("main")
        client.delete_file("../files/x?y#z")
        for impossible in ("", ".", ".."):
            with pytest.raises(ValueError, match="impossible id"):
                client.observe_job(impossible)

    assert service.writes() == [f"DELETE {V1}/files/..%2Ffiles%2Fx%3Fy%23z"]


def _upload(client: AccountClient) -> object:
    return client.upload_file("a.jsonl", io.BytesIO(b"{}\n"), lambda _: None)


WRITES = {
    "upload": (_upload, "POST", "/files"),
    "cancel": (lambda client: client.cancel_job("ftjob-1"), "POST", "/fine_tuning/jobs/ftjob-1/cancel"),
    "pause": (lambda client: client.pause_job("ftjob-1"), "POST", "/fine_tuning/jobs/ftjob-1/pause"),
    "resume": (lambda client: client.resume_job("ftjob-1"), "POST", "/fine_tuning/jobs/ftjob-1/resume"),
    "delete a file": (lambda client: client.delete_file("file-1"), "DELETE", "/files/file-1"),
    "delete a model": (lambda client: client.delete_model("m"), "DELETE", "/models/m"),
}
OUTCOMES = {
    "reset": (Answer(end=RESET), "unknown"),
    "500": (error(500, "internalFailure"), "unknown"),
    "503 with retry": (answer(503, headers={"x-should-retry": "true", "Retry-After": "0"}), "unknown"),
    "408": (answer(408), "unknown"),
    "409": (error(409, "conflict"), "rejected"),
    "429": (error(429, "429", **{"retry-after-ms": "1"}), "throttled"),
    "307": (answer(307, headers={"Location": "/elsewhere"}), "unknown"),
    "cut JSON": (answer(200, '{"id": "x'), "unknown"),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_write_is_one_request_whatever_the_answer(service: Service, write: str, outcome: str):
    act, method, path = WRITES[write]
    said, kind = OUTCOMES[outcome]
    service.on(f"{method} {V1}{path}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        act(connections.client("main"))

    assert caught.value.kind == kind
    assert service.writes() == [f"{method} {V1}{path}"]


def test_deleting_what_is_gone_is_done(service: Service):
    for path in ("/files/file-1", "/models/m"):
        service.on(f"DELETE {V1}{path}", error(404, "notFound"))

    with connected(service) as connections:
        connections.client("main").delete_file("file-1")
        connections.client("main").delete_model("m")

    assert service.writes() == [f"DELETE {V1}/files/file-1", f"DELETE {V1}/models/m"]


@pytest.mark.parametrize(
    "said",
    [error(404, "404", "Resource not found"), error(405, "405", "Method not allowed"), answer(405), answer(404)],
    ids=["404", "405", "a bare 405", "a bare 404"],
)
def test_a_service_that_cannot_delete_models_says_so_under_a_code_of_its_own(service: Service, said: Answer):
    service.on(f"DELETE {V1}/models/m", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").delete_model("m")

    assert (caught.value.kind, caught.value.code) == ("rejected", NO_MODEL_ROUTE)
