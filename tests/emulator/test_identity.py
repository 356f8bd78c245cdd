"""Signing in and what one may do then: credentials of azure-identity and raw requests."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from ftops.emulator import API_KEY, CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT
from tests.emulator.bench import Bench, Reply, chat_rows, multipart
from tests.emulator.tokens import unsigned_token

ARM = "https://management.azure.com"
DATA = "https://cognitiveservices.azure.com"
ACCOUNT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/emulator/providers/Microsoft.CognitiveServices/accounts/main"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BASE = {"properties": {"model": {"format": "OpenAI", "name": "gpt-4o-mini"}}}
CHAT = {"model": "bot", "messages": [{"role": "user", "content": "hi"}]}


def sign_in(bench: Bench, tenant: str = TENANT, path: str = "oauth2/v2.0/token", **form: str) -> Reply:
    asked = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "scope": f"{ARM}/.default", **form}
    body = urllib.parse.urlencode(asked).encode()
    return bench.ask("POST", f"/{tenant}/{path}", body, Content_Type="application/x-www-form-urlencoded")


def claims(token: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def as_role(bench: Bench, role: str, resource: str = ARM) -> str:
    bench.profile(managed_identity_role=role)
    return f"Bearer {bench.token(resource)}"


def test_a_client_secret_gets_a_token_that_says_whose_it_is(bench: Bench) -> None:
    answer = sign_in(bench, client_secret=CLIENT_SECRET)
    assert (answer.status, answer.json["token_type"], answer.json["expires_in"]) == (200, "Bearer", 3600)
    said = claims(answer.json["access_token"])
    assert (said["aud"], said["tid"], said["appid"]) == (ARM, TENANT, CLIENT_ID)
    assert said["exp"] - said["iat"] == 3600
    used = bench.ask("GET", f"{ACCOUNT}?api-version=2025-09-01", Authorization=f"Bearer {answer.json['access_token']}")
    assert used.status == 200


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({}, 401, "invalid_client", 7000215),
        ({"client_id": "44444444-4444-4444-4444-444444444444"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        (
            {"client_secret": CLIENT_SECRET, "scope": "https://graph.microsoft.com/.default"},
            400,
            "invalid_resource",
            500011,
        ),
        ({"client_assertion": "nonsense", "client_assertion_type": ASSERTION}, 400, "invalid_request", 50027),
        (
            {"client_assertion": unsigned_token(lifetime_seconds=-60), "client_assertion_type": ASSERTION},
            401,
            "invalid_client",
            700024,
        ),
    ],
)
def test_a_refused_sign_in_has_a_number_of_its_own(
    bench: Bench, form: dict[str, str], status: int, error: str, number: int
) -> None:
    refused = sign_in(bench, **form)
    assert (refused.status, refused.json["error"], refused.json["error_codes"]) == (status, error, [number])
    assert refused.json["error_description"].startswith(f"AADSTS{number}: ")


def test_an_assertion_is_taken_in_the_place_of_a_secret(bench: Bench) -> None:
    answer = sign_in(bench, client_assertion=unsigned_token(), client_assertion_type=ASSERTION)
    assert answer.status == 200


def test_a_token_of_another_tenant_opens_nothing_in_arm(bench: Bench) -> None:
    other = "55555555-5555-5555-5555-555555555555"
    token = sign_in(bench, other, client_secret=CLIENT_SECRET).json["access_token"]
    assert claims(token)["tid"] == other
    refused = bench.ask("GET", f"{ACCOUNT}?api-version=2025-09-01", Authorization=f"Bearer {token}")
    assert (refused.status, refused.json["error"]["code"]) == (401, "InvalidAuthenticationTokenTenant")
    assert sign_in(bench, "contoso", client_secret=CLIENT_SECRET).json["error_codes"] == [90002]


@pytest.mark.parametrize("tenant", [TENANT, "common", "adfs"])
def test_the_openid_configuration_leads_to_the_token_endpoint(bench: Bench, tenant: str) -> None:
    versioned = "" if tenant == "adfs" else "v2.0/"
    found = bench.ask("GET", f"/{tenant}/{versioned}.well-known/openid-configuration").json
    endpoint = found["token_endpoint"].removeprefix(f"{bench.url}/")
    assert sign_in(bench, *endpoint.split("/", 1), client_secret=CLIENT_SECRET).status == 200


def test_the_metadata_of_the_cloud_say_where_everything_is(bench: Bench) -> None:
    newer = bench.ask("GET", "/metadata/endpoints?api-version=2022-09-01").json
    assert bench.ask("GET", "/metadata/endpoints?api-version=2015-01-01").json == newer
    assert bench.ask("GET", "/metadata/endpoints?api-version=2019-05-01").json == [newer]
    assert newer["resourceManager"] == bench.url
    assert newer["authentication"]["loginEndpoint"] == f"{bench.url}/adfs"


def test_the_virtual_machine_form_of_managed_identity(bench: Bench) -> None:
    path = f"/metadata/identity/oauth2/token?api-version=2018-02-01&resource={ARM}"
    assert bench.ask("GET", path).status == 400
    assert claims(bench.ask("GET", path, Metadata="true").json["access_token"])["aud"] == ARM


def test_the_managed_identity_credential_gets_its_refusals(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{bench.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "any")
    assert claims(ManagedIdentityCredential(client_id=CLIENT_ID).get_token(f"{ARM}/.default").token)["oid"] == CLIENT_ID
    with pytest.raises(ClientAuthenticationError):
        ManagedIdentityCredential().get_token("https://graph.microsoft.com/.default")


def test_expired_tokens_are_refused_in_the_shape_of_each_plane(bench: Bench) -> None:
    bench.profile(token_seconds=0)
    arm = bench.ask("GET", f"{ACCOUNT}?api-version=2025-09-01", Authorization=f"Bearer {bench.token()}")
    assert (arm.status, arm.json["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert "WWW-Authenticate" in arm.headers
    data = bench.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {bench.token(DATA)}")
    assert (data.status, data.json["statusCode"]) == (401, 401)
    assert "or have expired" in data.json["message"]


def test_a_token_is_for_its_plane_only_and_nobody_else_signs_any(bench: Bench) -> None:
    wrong = bench.ask("GET", f"{ACCOUNT}?api-version=2025-09-01", Authorization=f"Bearer {bench.token(DATA)}")
    assert (wrong.status, wrong.json["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert bench.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {bench.token(ARM)}").status == 401
    forged = unsigned_token(aud=ARM, tid=TENANT, oid=TENANT, emulator_role="all")
    assert bench.ask("GET", f"{ACCOUNT}?api-version=2025-09-01", Authorization=f"Bearer {forged}").status == 401


#: role: read ARM, deploy, read keys, read quota, list files, train, infer (contract 5).
ROLES = {
    "all": "1111111",
    "owner": "1111000",
    "contributor": "1111000",
    "reader": "1001000",
    "cognitive-contributor": "1111000",
    "openai-contributor": "1101111",
    "openai-user": "1000101",
    "usages-reader": "0001000",
    "foundry-owner": "1111111",
    "foundry-user": "1000111",
    "none": "0000000",
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_what_it_allows_and_no_more(bench: Bench, role: str) -> None:
    bench.profile(deployment_seconds=0)
    bench.resource("PUT", "/accounts/main/deployments/bot", BASE)
    arm = as_role(bench, role)
    data = f"Bearer {bench.token(DATA)}"
    version = "?api-version=2025-09-01"
    location = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/locations/eastus2"
    form = multipart({"purpose": "fine-tune"}, chat_rows(12))
    kind = "multipart/form-data; boundary=edge"
    answers = [
        bench.ask("GET", ACCOUNT + version, Authorization=arm),
        bench.ask("PUT", f"{ACCOUNT}/deployments/bot{version}", BASE, Authorization=arm),
        bench.ask("POST", f"{ACCOUNT}/listKeys{version}", {}, Authorization=arm),
        bench.ask("GET", f"{location}/usages{version}", Authorization=arm),
        bench.ask("GET", "/main/openai/v1/files", Authorization=data),
        bench.ask("POST", "/main/openai/v1/files", form, Authorization=data, Content_Type=kind),
        bench.ask("POST", "/main/openai/v1/chat/completions", CHAT, Authorization=data),
    ]
    assert "".join("1" if answer.status < 300 else "0" for answer in answers) == ROLES[role]
    for answer in answers:
        if answer.status >= 300:
            expected = {(403, "AuthorizationFailed"), (401, "PermissionDenied")}
            assert (answer.status, answer.json["error"]["code"]) in expected


def test_missing_roles_are_worded_as_each_plane_words_them(bench: Bench) -> None:
    token = as_role(bench, "reader")
    refused = bench.ask("PUT", f"{ACCOUNT}/deployments/bot?api-version=2025-09-01", BASE, Authorization=token)
    assert refused.status == 403
    assert refused.json["error"]["message"] == (
        f"The client '{TENANT}' with object id '{TENANT}' does not have authorization to perform action"
        f" 'Microsoft.CognitiveServices/accounts/deployments/write' over scope '{ACCOUNT}/deployments/bot' or the scope"
        " is invalid. If access was recently granted, please refresh your credentials."
    )
    data = f"Bearer {bench.token(DATA)}"
    nothing = bench.ask("GET", "/main/openai/v1/files", Authorization=data)
    assert nothing.json["error"]["message"] == "Principal does not have access to API/Operation."
    some = as_role(bench, "openai-user", DATA)
    lacking = bench.ask("POST", "/main/openai/v1/fine_tuning/jobs", {}, Authorization=some)
    assert (lacking.status, lacking.json["error"]["code"]) == (401, "PermissionDenied")
    assert "lacks the required data action" in lacking.json["error"]["message"]


def test_a_key_needs_no_role(bench: Bench) -> None:
    bench.profile(managed_identity_role="none")
    assert bench.ask("GET", "/main/openai/v1/files", api_key=API_KEY).status == 200


def test_what_serve_prints_opens_arm_too_and_other_words_do_not(bench: Bench) -> None:
    path = f"{ACCOUNT}/deployments?api-version=2025-09-01"
    assert bench.ask("GET", path, Authorization=f"Bearer {API_KEY}").json == {"value": []}
    assert bench.ask("GET", path, Authorization="Bearer something").status == 401


def test_principals_have_roles_and_secrets_of_their_own(bench: Bench) -> None:
    client = "66666666-6666-6666-6666-666666666666"
    put = bench.ask("PUT", "/_emulator/principals", {client: {"role": "reader", "secret": "own"}})
    assert put.json["roles"] == {client: "reader"}
    assert b"own" not in put.body
    assert sign_in(bench, client_id=client, client_secret=CLIENT_SECRET).status == 401
    token = f"Bearer {sign_in(bench, client_id=client, client_secret='own').json['access_token']}"
    path = f"{ACCOUNT}/deployments/bot?api-version=2025-09-01"
    assert bench.ask("PUT", path, BASE, Authorization=token).status == 403
    wrong = bench.ask("PUT", "/_emulator/principals", {client: {"role": "king"}})
    assert wrong.status == 400
