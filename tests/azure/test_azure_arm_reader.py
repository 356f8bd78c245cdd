"""Reading from ARM as Azure's accounts do it: the authentication of the SDK, over the HTTP client of the data plane."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from azure.core.credentials import AccessToken
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from ftops.azure import sdk
from ftops.azure.access import ARM_SCOPE, ARM_URL

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
CHALLENGE = f'Bearer error="insufficient_claims", claims="{base64.b64encode(CLAIMS.encode()).decode()}"'


@dataclass
class Answer:
    status_code: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = "{}"


@dataclass
class Wire:
    """An HTTP client that gives these answers, one a request, and notes what was sent."""

    answers: list[Answer]
    sent: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def request(self, method: str, url: str, *, headers: dict[str, str]) -> Answer:
        self.sent.append((method, url, headers))
        return self.answers.pop(0)


class Credential:
    """Tokens named after the claims they were asked with."""

    def get_token(self, *scopes: str, claims: str | None = None, **_options: Any) -> AccessToken:
        assert scopes == (ARM_SCOPE,)
        return AccessToken("stronger" if claims == CLAIMS else "usual", 4102444800)


def test_a_path_is_read_from_arm_with_a_token_and_a_request_id() -> None:
    wire = Wire([Answer(200)])
    get = sdk.new_arm_reader(ARM_URL, ARMChallengeAuthenticationPolicy(Credential(), ARM_SCOPE), wire)
    assert get("/subscriptions/s?api-version=1").status_code == 200
    ((method, url, headers),) = wire.sent
    assert (method, url) == ("GET", "https://management.azure.com/subscriptions/s?api-version=1")
    assert headers["Authorization"] == "Bearer usual"
    assert headers["User-Agent"].startswith("ftops ")
    assert headers["x-ms-client-request-id"]


def test_a_whole_address_is_read_as_it_is() -> None:
    wire = Wire([Answer(200)])
    get = sdk.new_arm_reader(ARM_URL, ARMChallengeAuthenticationPolicy(Credential(), ARM_SCOPE), wire)
    get("https://management.azure.com/next?token=a%2Fb")
    assert wire.sent[0][1] == "https://management.azure.com/next?token=a%2Fb"


def test_when_azure_wants_a_token_with_more_claims_it_is_had_and_sent() -> None:
    wire = Wire([Answer(401, {"WWW-Authenticate": CHALLENGE}), Answer(200)])
    get = sdk.new_arm_reader(ARM_URL, ARMChallengeAuthenticationPolicy(Credential(), ARM_SCOPE), wire)
    assert get("/subscriptions/s").status_code == 200
    assert [headers["Authorization"] for _, _, headers in wire.sent] == ["Bearer usual", "Bearer stronger"]
