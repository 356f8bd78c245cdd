"""Deployments through ARM: one request a write, no answer made up from a strange one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ftops.azure import AccountClient
from ftops.core.change import DeploymentBody
from ftops.core.errors import RemoteError
from tests.azure.wire import ACCOUNT, RESET, Answer, Service, answer, connected, error

BOT = f"{ACCOUNT}/deployments/bot"
BODY = DeploymentBody(
    model_name="gpt-4o-mini-2024-07-18.ft-0123",
    model_format="OpenAI",
    model_version="1",
    source="/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/other",
    sku="Standard",
    capacity=50,
    content_policy="strict",
    upgrade="NoAutoUpgrade",
    tags={"ftops-project": "bots"},
)
SHOWN = {
    "id": f"{ACCOUNT}/deployments/bot",
    "name": "bot",
    "sku": {"name": "Standard", "capacity": 50},
    "tags": {"ftops-project": "bots"},
    "systemData": {"createdAt": "2026-11-22T10:00:00.1234567Z"},
    "properties": {
        "provisioningState": "Succeeded",
        "model": {"format": "OpenAI", "name": "gpt-4o-mini-2024-07-18.ft-0123", "version": "1", "sourceAccount": "/x"},
        "raiPolicyName": "strict",
        "versionUpgradeOption": "NoAutoUpgrade",
        "somethingNew": {"not": "known"},
    },
}


def test_a_put_carries_the_body_and_returns_when_it_is_accepted(service: Service):
    operation = {"Azure-AsyncOperation": f"{service.url}/operations/1", "Retry-After": "1"}
    service.on(f"PUT {BOT}", answer(201, {**SHOWN, "properties": {"provisioningState": "Accepted"}}, headers=operation))

    with connected(service) as connections:
        connections.client("main").put_deployment("bot", BODY)

    (request,) = service.sent("PUT", BOT)
    assert request.json == {
        "sku": {"name": "Standard", "capacity": 50},
        "tags": {"ftops-project": "bots"},
        "properties": {
            "model": {
                "format": "OpenAI",
                "name": "gpt-4o-mini-2024-07-18.ft-0123",
                "version": "1",
                "source": "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/other",
            },
            "raiPolicyName": "strict",
            "versionUpgradeOption": "NoAutoUpgrade",
        },
    }
    assert [one.path for one in service.requests if one.path.startswith("/operations")] == []


def test_what_is_not_managed_is_not_sent(service: Service):
    service.on(f"PUT {BOT}", answer(200, SHOWN))

    with connected(service) as connections:
        body = DeploymentBody("gpt-4o-mini", "OpenAI", None, None, "Standard", 1, None, None, {})
        connections.client("main").put_deployment("bot", body)

    (request,) = service.sent("PUT", BOT)
    assert request.json == {
        "sku": {"name": "Standard", "capacity": 1},
        "tags": {},
        "properties": {"model": {"format": "OpenAI", "name": "gpt-4o-mini"}},
    }


OUTCOMES = {
    "409 busy": (error(409, "RequestConflict", "Another operation is being performed."), "busy"),
    "409 busy with Retry-After": (error(409, "RequestConflict", "Another.", **{"Retry-After": "1"}), "busy"),
    "409 otherwise": (error(409, "FlagMustBeSetForRestore", "soft-deleted"), "rejected"),
    "409 that asks to register": (error(409, "MissingSubscriptionRegistration", "not registered"), "rejected"),
    "400 quota": (error(400, "InsufficientQuota", "This operation require 50 new capacity."), "rejected"),
    "400 not settled": (error(400, "AccountProvisioningStateInvalid", "in state Accepted"), "busy"),
    "403": (error(403, "AuthorizationFailed", "does not have authorization"), "denied"),
    "429": (error(429, "TooManyRequests", "slow down", **{"Retry-After": "1"}), "throttled"),
    "500": (answer(500), "unknown"),
    "503 with Retry-After": (error(503, "serviceUnavailable", **{"Retry-After": "0"}), "unknown"),
    "307": (answer(307, headers={"Location": "http://127.0.0.1:9/"}), "unknown"),
    "reset": (Answer(end=RESET), "unknown"),
    "close": (Answer(), "unknown"),
}


WRITES: dict[str, Callable[[AccountClient], None]] = {
    "PUT": lambda client: client.put_deployment("bot", BODY),
    "DELETE": lambda client: client.delete_deployment("bot"),
}


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_write_is_one_request_whatever_the_answer(service: Service, method: str, outcome: str):
    said, kind = OUTCOMES[outcome]
    service.on(f"{method} {BOT}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        WRITES[method](connections.client("main"))

    assert caught.value.kind == kind
    assert service.writes() == [f"{method} {BOT}"]


@pytest.mark.parametrize("said", [answer(200, "<html>Sign in</html>"), answer(201, '{"name": "b'), answer(201)])
def test_a_put_that_is_answered_with_nonsense_is_unknown(service: Service, said: Answer):
    service.on(f"PUT {BOT}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").put_deployment("bot", BODY)

    assert caught.value.kind == "unknown"
    assert service.writes() == [f"PUT {BOT}"]


def test_the_wait_that_arm_asks_for_is_told(service: Service):
    service.on(f"PUT {BOT}", error(409, "RequestConflict", "Another.", **{"Retry-After": "9"}))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").put_deployment("bot", BODY)

    assert caught.value.retry_after_seconds == 9.0


@pytest.mark.parametrize("said", [answer(204), answer(404), error(404, "ResourceNotFound"), answer(202), answer(200)])
def test_a_delete_is_done_when_it_is_accepted_or_there_is_nothing(service: Service, said: Answer):
    service.on(f"DELETE {BOT}", said)

    with connected(service) as connections:
        connections.client("main").delete_deployment("bot")

    assert service.writes() == [f"DELETE {BOT}"]


def test_a_deployment_is_read_from_the_raw_answer(service: Service):
    service.on(f"GET {BOT}", answer(200, SHOWN))

    with connected(service) as connections:
        observed = connections.client("main").observe_deployment("bot")

    assert observed is not None
    assert (observed.provisioning, observed.sku, observed.capacity) == ("Succeeded", "Standard", 50)
    assert (observed.model_name, observed.model_version) == ("gpt-4o-mini-2024-07-18.ft-0123", "1")
    assert (observed.source, observed.content_policy, observed.upgrade) == ("/x", "strict", "NoAutoUpgrade")
    assert (observed.tags, observed.created_at) == ({"ftops-project": "bots"}, 1795341600)


def test_why_a_deployment_failed_is_told_by_the_operation_of_this_process(service: Service):
    operation = f"{service.url}{ACCOUNT}/operations/1"
    service.on(f"PUT {BOT}", answer(201, SHOWN, headers={"Azure-AsyncOperation": f"{operation}?api-version=1"}))
    failed = {**SHOWN, "properties": {"provisioningState": "Failed"}}
    service.on(f"GET {BOT}", answer(200, failed))
    failure = {"status": "Failed", "error": {"code": "InsufficientQuota", "message": "50 is too much"}}
    service.on(f"GET {ACCOUNT}/operations/1", answer(200, failure))
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": [failed]}))

    with connected(service) as connections:
        client = connections.client("main")
        client.put_deployment("bot", BODY)
        observed = client.observe_deployment("bot")
        (listed,) = client.list_deployments()

    assert observed == listed
    assert (listed.provisioning, listed.detail) == ("Failed", "50 is too much (InsufficientQuota)")


def test_an_operation_on_another_host_is_not_asked(service: Service):
    away = {"Azure-AsyncOperation": f"{service.url.replace('127.0.0.1', 'localhost')}{ACCOUNT}/operations/1"}
    service.on(f"PUT {BOT}", answer(201, SHOWN, headers=away))
    service.on(f"GET {BOT}", answer(200, {**SHOWN, "properties": {"provisioningState": "Failed"}}))

    with connected(service) as connections:
        connections.client("main").put_deployment("bot", BODY)
        observed = connections.client("main").observe_deployment("bot")

    assert observed is not None
    assert observed.detail == ""
    assert service.sent("GET", f"{ACCOUNT}/operations/1") == []


def test_a_missing_deployment_is_none_but_a_missing_account_is_an_error(service: Service):
    service.on(f"GET {BOT}", error(404, "ResourceNotFound"), error(404, "ParentResourceNotFound", "no account"))

    with connected(service) as connections:
        assert connections.client("main").observe_deployment("bot") is None
        with pytest.raises(RemoteError) as caught:
            connections.client("main").observe_deployment("bot")

    assert (caught.value.kind, caught.value.code) == ("missing", "ParentResourceNotFound")


def test_deployments_are_listed_over_all_pages(service: Service):
    second = f"{service.url}{ACCOUNT}/more?page=2"
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": [SHOWN], "nextLink": second}))
    service.on(f"GET {ACCOUNT}/more", answer(200, {"value": [{**SHOWN, "name": "bot2"}]}))

    with connected(service) as connections:
        assert [one.name for one in connections.client("main").list_deployments()] == ["bot", "bot2"]


def test_a_page_that_fails_once_is_read_again(service: Service):
    service.on(
        f"GET {ACCOUNT}/deployments", answer(200, {"value": [], "nextLink": f"{service.url}{ACCOUNT}/more?page=2"})
    )
    service.on(f"GET {ACCOUNT}/more", error(503, "serviceUnavailable"), answer(200, {"value": [SHOWN]}))

    with connected(service) as connections:
        assert [one.name for one in connections.client("main").list_deployments()] == ["bot"]


STRANGE = {
    "an empty object": answer(200, {}),
    "null": answer(200, {"value": None}),
    "a list": answer(200, [SHOWN]),
    "no content": answer(204),
    "a redirect": answer(302, headers={"Location": "http://127.0.0.1:9/"}),
    "a web page": answer(200, "<html>Sign in</html>", headers={"Content-Type": "text/html"}),
    "nothing": answer(200),
    "an element without a name": answer(200, {"value": [{"id": "x"}]}),
    "the same name twice": answer(200, {"value": [SHOWN, SHOWN]}),
    "500": answer(500),
    "reset": Answer(end=RESET),
}


@pytest.mark.parametrize("said", STRANGE.values(), ids=STRANGE)
def test_what_is_no_listing_is_an_error_and_not_an_empty_account(service: Service, said: Answer):
    service.on(f"GET {ACCOUNT}/deployments", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").list_deployments()

    assert caught.value.kind == "unavailable"


def test_pages_in_a_circle_are_broken_paging(service: Service):
    circle = f"{service.url}{ACCOUNT}/deployments?page=2&api-version=1"
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": [], "nextLink": circle}))

    with connected(service) as connections, pytest.raises(RemoteError, match="broken paging"):
        connections.client("main").list_deployments()


def test_a_page_elsewhere_is_not_fetched(service: Service):
    away = f"{service.url.replace('127.0.0.1', 'localhost')}{ACCOUNT}/more"
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": [], "nextLink": away}))

    with connected(service) as connections, pytest.raises(RemoteError, match="broken paging"):
        connections.client("main").list_deployments()

    assert service.sent("GET", f"{ACCOUNT}/more") == []


@pytest.mark.parametrize("said", [answer(200, {}), answer(200, {"location": "x"}), answer(200, "[]")])
def test_an_account_without_endpoint_or_location_is_not_made_up(service: Service, said: Answer):
    service.on(f"GET {ACCOUNT}", said)

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").observe_account()

    assert caught.value.kind == "unavailable"


CHAT = "/main/openai/v1/chat/completions"


@pytest.mark.parametrize(
    "said",
    [{}, {"choices": []}, {"choices": [{"message": {"content": None}}]}, {"choices": [{"index": 0}]}, {"choices": 7}],
)
def test_an_answer_without_text_is_not_made_up(service: Service, said: dict[str, object]):
    service.on(f"GET {BOT}", answer(200, SHOWN))
    service.on(f"POST {CHAT}", answer(200, said))

    with connected(service) as connections, pytest.raises(RemoteError, match="the answer holds no text"):
        connections.client("main").ask("bot", "hello")


def test_a_deployment_that_is_not_served_yet_is_missing_with_a_hint(service: Service):
    service.on(f"GET {BOT}", answer(200, SHOWN))
    service.on(f"POST {CHAT}", error(404, "DeploymentNotFound", "The API deployment does not exist."))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").ask("bot", "hello")

    assert (caught.value.kind, caught.value.code) == ("missing", "DeploymentNotFound")
    assert "five minutes" in caught.value.hint


def test_an_operation_that_cannot_be_read_leaves_the_failure_unexplained(service: Service):
    operation = {"Azure-AsyncOperation": f"{service.url}{ACCOUNT}/operations/1"}
    service.on(f"PUT {BOT}", answer(201, SHOWN, headers=operation))
    service.on(f"GET {BOT}", answer(200, {**SHOWN, "properties": {"provisioningState": "Failed"}}))
    service.on(f"GET {ACCOUNT}/operations/1", Answer(end=RESET))

    with connected(service) as connections:
        connections.client("main").put_deployment("bot", BODY)
        observed = connections.client("main").observe_deployment("bot")

    assert observed is not None
    assert (observed.provisioning, observed.detail) == ("Failed", "")


def test_a_creation_time_that_cannot_be_read_is_not_told(service: Service):
    service.on(f"GET {BOT}", answer(200, {**SHOWN, "systemData": {"createdAt": "yesterday"}}))

    with connected(service) as connections:
        observed = connections.client("main").observe_deployment("bot")

    assert observed is not None
    assert observed.created_at == 0
