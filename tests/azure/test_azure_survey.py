"""The survey: everything, or by name what could not be read."""

from __future__ import annotations

from ftops.azure import connect, survey
from ftops.core.account import Account
from ftops.core.observed import Unread
from tests.azure.wire import ACCOUNT, Service, answer, connected, error

V1 = "/main/openai/v1"


def empty(service: Service) -> None:
    for path in ("files", "models"):
        service.on(f"GET {V1}/{path}", answer(200, {"data": []}))
    service.on(f"GET {V1}/fine_tuning/jobs", answer(200, {"data": [], "has_more": False}))
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": []}))


def test_one_listing_per_kind_and_nothing_else(service: Service):
    empty(service)

    with connected(service) as connections:
        observed = survey(connections, ["main", "main"])

    assert observed.complete
    assert observed.accounts["main"].location == "eastus2"
    assert sorted(one.path for one in service.requests if one.path != "/msi/token") == [
        f"{V1}/files",
        f"{V1}/fine_tuning/jobs",
        f"{V1}/models",
        ACCOUNT,
        f"{ACCOUNT}/deployments",
    ]
    assert service.writes() == []


def test_what_cannot_be_read_is_named_with_a_reason_and_a_hint_and_the_rest_is_read(service: Service):
    empty(service)
    service.on(f"GET {V1}/files", answer(200, {"data": [{"id": "file-1", "filename": "a", "status": "processed"}]}))
    service.on(f"GET {V1}/fine_tuning/jobs", error(401, "PermissionDenied", "Principal does not have access."))

    with connected(service) as connections:
        observed = survey(connections, ["main"])

    assert not observed.complete
    assert observed.unread == (
        Unread(
            account="main",
            what="jobs",
            why="listing the jobs of account main: Principal does not have access (PermissionDenied, HTTP 401)",
            hint=observed.unread[0].hint,
        ),
    )
    assert "Cognitive Services OpenAI Contributor" in observed.unread[0].hint
    assert [one.id for one in observed.accounts["main"].files] == ["file-1"]
    assert observed.accounts["main"].jobs == ()


def test_a_listing_that_breaks_on_its_second_page_is_not_told_in_part(service: Service):
    empty(service)
    service.on(f"GET {V1}/fine_tuning/jobs", answer(200, {"data": [{"id": "ftjob-1"}], "has_more": True}))

    with connected(service) as connections:
        observed = survey(connections, ["main"])

    assert [one.what for one in observed.unread] == ["jobs"]
    assert observed.accounts["main"].jobs == ()


def test_an_account_that_is_not_there_leaves_everything_unread(service: Service):
    service.on(f"GET {ACCOUNT}", error(404, "ResourceNotFound", "was not found"))
    service.on(f"GET {ACCOUNT}/deployments", error(404, "ParentResourceNotFound", "no account"))

    with connected(service) as connections:
        observed = survey(connections, ["main"])

    assert [one.what for one in observed.unread] == ["location", "files", "jobs", "models", "deployments"]
    # Five readers want the account at once; ARM is asked for all of them together.
    assert len(service.sent("GET", ACCOUNT)) <= 4


def test_a_missing_key_leaves_the_data_plane_unread_and_names_the_variable(service: Service, monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    empty(service)

    with connected(service, auth="key", key_env="MY_KEY") as connections:
        observed = survey(connections, ["main"])

    assert [one.what for one in observed.unread] == ["files", "jobs", "models"]
    assert {one.why for one in observed.unread} == {
        "signing in to account main: the environment variable MY_KEY is not set"
    }


def test_no_accounts_are_observed_without_a_request():
    with connect({"main": Account("main", "s", "g", "n")}) as connections:
        assert survey(connections, []).accounts == {}
