"""Loopback: the one module in which an emulator's accounts differ from Azure's.

In: the base URL of an emulator on this machine. Out: an Access with tokens from its managed-identity route, plain http
allowed, no proxies and short waits. It must refuse any address that is not this machine's own.
"""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ftops.azure import sdk
from ftops.azure.access import ARM_SCOPE, DATA_SCOPE, Access, login_error
from ftops.azure.errors import json_object, unreadable
from ftops.azure.redact import shown
from ftops.core.errors import RemoteError

#: Tokens are asked for anew when they are about to run out.
_TOKEN_MARGIN_SECONDS = 300


def loopback_access(url: str) -> Access:
    """The way into an emulator. Raises RemoteError for an address that is not on this machine."""
    base_url = _loopback(url)
    certificate = os.environ.get("SSL_CERT_FILE") if base_url.startswith("https:") else None
    verify = _tls_context(certificate) if base_url.startswith("https:") else False

    def new_http(keep_alive: bool) -> Any:
        return sdk.new_http_client(verify=verify, trust_env=False, keep_alive=keep_alive)

    credential = EmulatorCredential(base_url, new_http)

    def new_arm(subscription: str) -> Any:
        transport = {"use_env_settings": False, "connection_verify": certificate or True}
        policy = BearerPolicy(credential)
        return sdk.new_arm_client(
            subscription, base_url, credential=credential, authentication=policy, transport=transport
        )

    return Access(
        data_token=lambda: str(credential.get_token(DATA_SCOPE).token),
        new_http=new_http,
        new_arm_reader=lambda http: sdk.new_arm_reader(base_url, BearerPolicy(credential), http),
        new_arm=new_arm,
        checked_endpoint=_loopback,
        arm_url=base_url,
        read_pauses_seconds=(0.1, 0.4),
    )


class EmulatorCredential:
    """A TokenCredential that asks the emulator's managed-identity route and touches no environment variable.

    The real DefaultAzureCredential would work too, but with a user's AZURE_* set it calls the public login host.
    """

    def __init__(self, base_url: str, new_http: Callable[[bool], Any]) -> None:
        self._base_url = base_url
        self._new_http = new_http
        self._tokens: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **_options: Any) -> Any:
        with self._lock:
            token = self._tokens.get(scopes[0])
            if token is None or token.expires_on - time.time() < _TOKEN_MARGIN_SECONDS:
                token = self._tokens[scopes[0]] = self._asked(scopes[0].removesuffix("/.default"))
            return token

    def get_token_info(self, *scopes: str, **_options: Any) -> Any:
        from azure.core.credentials import AccessTokenInfo

        token = self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)

    def _asked(self, resource: str) -> Any:
        from azure.core.credentials import AccessToken

        doing = f"asking the emulator at {self._base_url} for a token"
        query = {"api-version": "2019-08-01", "resource": resource}
        url = f"{self._base_url}/msi/token"
        try:
            with self._new_http(False) as http:
                answer = http.get(url, params=query, headers={"X-IDENTITY-HEADER": "ftops"})
            document = json_object(answer.status_code, answer.headers, answer.text, doing, "read")
            return AccessToken(str(document["access_token"]), int(document["expires_on"]))
        except (KeyError, TypeError, ValueError) as error:
            raise login_error(unreadable(doing, "the answer holds no token", "read")) from error
        except Exception as error:  # of any HTTP client: no request was sent without a token
            raise login_error(error) from error


class BearerPolicy:
    """A policy of azure-core's pipeline that sets the token on plain http too, which azure-core's own refuse."""

    next: Any = None

    def __init__(self, credential: EmulatorCredential) -> None:
        self._credential = credential

    def send(self, request: Any) -> Any:
        request.http_request.headers["Authorization"] = f"Bearer {self._credential.get_token(ARM_SCOPE).token}"
        return self.next.send(request)


def _tls_context(certificate: str | None) -> Any:
    import ssl

    return ssl.create_default_context(cafile=certificate)


def _loopback(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _is_this_machine(parts.hostname or ""):
        raise RemoteError(
            "rejected",
            f"reading emulator address {shown(url)!r}: it is not on this machine",
            sent=False,
            hint="write http://127.0.0.1:PORT, as `ftops emulator serve` prints it",
        )
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
