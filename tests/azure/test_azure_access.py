"""Who we are on the wire: our own credential, nothing of the user's other programs, and only where it may go."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ftops.azure import connect
from ftops.core.account import EMBEDDED, Account
from ftops.core.errors import RemoteError
from tests.azure.wire import ACCOUNT, TOKEN, Answer, Service, answer, connected, error

FOREIGN = {
    "OPENAI_API_KEY": "foreign-key",
    "OPENAI_ADMIN_KEY": "foreign-key",
    "OPENAI_ORG_ID": "foreign-org",
    "OPENAI_PROJECT_ID": "foreign-project",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/foreign",
    "OPENAI_API_VERSION": "1999-01-01",
    "AZURE_OPENAI_API_KEY": "foreign-key",
    "AZURE_OPENAI_AD_TOKEN": "foreign-token",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9/foreign",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:9/foreign",
    "AZURE_CLIENT_ID": "foreign",
    "AZURE_TENANT_ID": "foreign",
    "AZURE_CLIENT_SECRET": "foreign",
}


@pytest.mark.parametrize("api", ["v1", "2024-10-21"])
@pytest.mark.parametrize("auth", ["entra", "key"])
def test_the_users_other_settings_never_reach_the_wire(
    service: Service, monkeypatch: pytest.MonkeyPatch, api: str, auth: str
):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MY_KEY", "0123456789abcdef")
    base = "/main/openai/v1" if api == "v1" else "/main/openai"
    service.on(f"GET {base}/files", answer(200, {"data": []}))
    service.on(f"GET {ACCOUNT}/deployments", answer(200, {"value": []}))

    with connected(service, api=api, auth=auth, key_env="MY_KEY") as connections:
        connections.client("main").list_files()
        connections.client("main").list_deployments()

    (request,) = service.sent("GET", f"{base}/files")
    sent = {name: value for name, value in request.headers.items() if name in ("authorization", "api-key")}
    assert sent == ({"authorization": f"Bearer {TOKEN}"} if auth == "entra" else {"api-key": "0123456789abcdef"})
    assert not [one for one in service.requests if "foreign" in repr(one)]
    (listing,) = service.sent("GET", f"{ACCOUNT}/deployments")
    assert listing.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_missing_key_is_told_by_the_name_of_its_variable(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MY_KEY", raising=False)

    with connected(service, auth="key", key_env="MY_KEY") as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").list_files()

    assert str(caught.value) == "signing in to account main: the environment variable MY_KEY is not set"
    assert (caught.value.kind, caught.value.sent) == ("denied", False)


def test_a_key_with_impossible_characters_is_refused_without_being_shown(
    service: Service, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MY_KEY", "0123456789\nabcdef")

    with connected(service, auth="key", key_env="MY_KEY") as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").list_files()

    assert str(caught.value) == "signing in to account main: the value of MY_KEY cannot be a key"


def test_a_token_is_asked_for_once_for_each_audience(service: Service):
    service.on("GET /main/openai/v1/files", answer(200, {"data": []}))

    with connected(service) as connections:
        for _ in range(3):
            connections.client("main").list_files()
            connections.client("main").observe_account()

    assert sorted(one.query for one in service.sent("GET", "/msi/token")) == [
        "api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com",
        "api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com",
    ]


def test_endpoint_and_location_come_from_arm_once(service: Service):
    service.on("GET /main/openai/v1/files", answer(200, {"data": []}))

    with connected(service) as connections:
        client = connections.client("main")
        client.list_files()
        client.list_files()
        assert (client.location(), client.endpoint()) == ("eastus2", f"{service.url}/main")

    assert len(service.sent("GET", ACCOUNT)) == 1


def test_what_ftops_yaml_gives_is_not_asked_for(service: Service):
    service.on("GET /given/openai/v1/files", answer(200, {"data": []}))

    with connected(service, endpoint=f"{service.url}/given/", location="westus") as connections:
        connections.client("main").list_files()
        assert connections.client("main").location() == "westus"

    assert service.sent("GET", ACCOUNT) == []


def test_an_account_that_arm_cannot_find_is_asked_for_again_next_time(service: Service):
    service.on(f"GET {ACCOUNT}", error(404, "ResourceNotFound"), answer(200, {"location": "x", "properties": {}}))

    with connected(service) as connections:
        with pytest.raises(RemoteError) as first:
            connections.client("main").endpoint()
        with pytest.raises(RemoteError) as second:
            connections.client("main").endpoint()

    assert (first.value.kind, second.value.kind) == ("missing", "unavailable")


@pytest.mark.parametrize(
    "url", ["http://emulator.example.org", "http://10.0.0.1:80", "ftp://127.0.0.1", "127.0.0.1:80", "http://"]
)
def test_an_emulator_elsewhere_is_refused_before_anything_is_sent(url: str):
    account = Account("main", "s", "g", "n", emulator=url)

    with pytest.raises(RemoteError, match="it is not on this machine"):
        connect({"main": account})


def test_an_emulator_cannot_send_its_clients_elsewhere(service: Service):
    away = {"location": "eastus2", "properties": {"endpoint": "http://169.254.169.254/main/"}}
    service.on(f"GET {ACCOUNT}", answer(200, away))

    with connected(service) as connections, pytest.raises(RemoteError, match="it is not on this machine"):
        connections.client("main").list_files()


@pytest.mark.parametrize(
    "endpoint", ["http://main.openai.azure.com", "https://", "https://user:pw@main.openai.azure.com", "main.azure.com"]
)
def test_an_azure_endpoint_must_be_a_plain_https_address(endpoint: str):
    account = Account("main", "s", "g", "n", endpoint=endpoint)

    with connect({"main": account}) as connections, pytest.raises(RemoteError, match="must be an https address"):
        connections.client("main").endpoint()


def test_an_embedded_account_needs_to_be_told_where_its_emulator_listens(service: Service):
    account = Account("main", "s", "g", "main", emulator=EMBEDDED)

    with pytest.raises(ValueError, match="embedded"):
        connect({"main": account})

    with connect({"main": account}, emulator_urls={"main": service.url}) as connections:
        assert connections.client("main").arm_id.endswith("/accounts/main")


def test_an_azure_account_without_a_credential_is_denied_with_a_hint_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
):
    class NoCredential:
        def get_token(self, *_scopes: str, **_options: object) -> object:
            from azure.identity import CredentialUnavailableError

            raise CredentialUnavailableError(message="EnvironmentCredential: not configured\nAzureCli: not installed")

        get_token_info = get_token

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", NoCredential)
    account = Account("prod", "s", "g", "n", endpoint="https://prod.openai.azure.com")

    with connect({"prod": account}) as connections:
        for read in (connections.client("prod").list_files, connections.client("prod").list_deployments):
            with pytest.raises(RemoteError) as caught:
                read()
            assert (caught.value.kind, caught.value.sent) == ("denied", False)
            assert "EnvironmentCredential: not configured AzureCli: not installed" in str(caught.value)
            assert "az login" in caught.value.hint


def test_connecting_imports_no_sdk():
    code = (
        "import sys; from ftops.azure import connect, survey; from ftops.core.account import Account; "
        "connect({'a': Account('a', 's', 'g', 'n')}); "
        "print([m for m in ('openai', 'azure.core', 'azure.identity', 'pydantic', 'ssl') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_an_azure_endpoint_may_end_in_a_slash():
    account = Account("main", "s", "g", "n", endpoint="https://main.openai.azure.com/")

    with connect({"main": account}) as connections:
        assert connections.client("main").endpoint() == "https://main.openai.azure.com"


@pytest.mark.parametrize(
    "said", [answer(200, {}), answer(200, "<html>"), answer(500), answer(200, {"expires_on": "1"})]
)
def test_a_token_route_that_gives_no_token_is_told(service: Service, said: Answer):
    service.on("GET /msi/token", said)

    with connected(service) as connections, pytest.raises(RemoteError, match="asking the emulator at") as caught:
        connections.client("main").observe_account()

    assert caught.value.sent is False


def test_a_token_that_runs_out_is_asked_for_anew(service: Service):
    service.on("GET /msi/token", answer(200, {"access_token": TOKEN, "expires_on": "1"}))

    with connected(service) as connections:
        connections.client("main").observe_account()
        connections.client("main").observe_account()

    assert len(service.sent("GET", "/msi/token")) == 2


def test_an_emulator_with_tls_is_trusted_by_its_certificate_only(service: Service):
    with (
        connected(service, emulator=service.url.replace("http:", "https:")) as connections,
        pytest.raises(RemoteError) as caught,
    ):
        connections.client("main").observe_account()

    assert (caught.value.kind, caught.value.sent) == ("unavailable", False)
    assert service.requests == []
