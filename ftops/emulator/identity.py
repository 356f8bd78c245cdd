"""Who may ask: the emulator's key, and tokens from a managed-identity route of its own.

In: the store's random token key and request headers. Out: tokens that decode like real ones, and a verdict.
Tokens live by the wall clock: a client caches them by it, so moving emulated time must not expire them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import time
from typing import Final

from ftops.emulator.exchange import Account, Answer, Call, Request
from ftops.emulator.names import API_KEY, TENANT
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface, WireError, wrong_arm_token, wrong_data_token, wrong_key

ARM_AUDIENCES: Final = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
DATA_AUDIENCES: Final = frozenset({"https://cognitiveservices.azure.com", "https://ai.azure.com"})


def issue_token(db: sqlite3.Connection, audience: str, *, lifetime_seconds: int) -> tuple[str, int]:
    """A token for an audience and its expiry in unix seconds of the wall clock."""
    issued_at = int(time.time())
    expires_at = issued_at + lifetime_seconds
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "oid": TENANT,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": expires_at,
        "ver": "1.0",
    }
    head = _part({"alg": "HS256", "typ": "JWT"}) + "." + _part(claims)
    return f"{head}.{_signature(db, head)}", expires_at


def token_audience(db: sqlite3.Connection, token: str) -> str | None:
    """Whom a token is for, or None when it is not ours, damaged or expired."""
    head, _, signature = token.rpartition(".")
    try:
        if not hmac.compare_digest(signature.encode(), _signature(db, head).encode()):
            return None
        claims = json.loads(base64.urlsafe_b64decode(head.partition(".")[2] + "=="))
    except ValueError:
        return None
    return str(claims["aud"]).rstrip("/") if claims["exp"] > time.time() else None


def authenticate(db: sqlite3.Connection, request: Request, surface: Surface, account: Account | None) -> None:
    """Let the caller through or raise the 401 (or 403) of the surface (contract 1.2)."""
    if surface is Surface.ARM:
        _authenticate_arm(db, request)
    elif surface in (Surface.DATED, Surface.V1):
        _authenticate_data(db, request, surface, account)


def _authenticate_arm(db: sqlite3.Connection, request: Request) -> None:
    token = _bearer(request)
    if token is None:
        raise wrong_arm_token("Authentication failed. The 'Authorization' header is missing.")
    if token_audience(db, token) not in ARM_AUDIENCES:
        raise wrong_arm_token("The access token is invalid, has expired or is for another audience.")


def _authenticate_data(db: sqlite3.Connection, request: Request, surface: Surface, account: Account | None) -> None:
    key, token = request.headers.get("api-key"), _bearer(request)
    if key is None and surface is Surface.V1 and token is not None and token.count(".") != 2:
        key = token
    if key is not None:
        if not hmac.compare_digest(key.encode(), API_KEY.encode()):
            raise wrong_key()
        if account is not None and not account.local_auth:
            raise WireError(
                403, "AuthenticationTypeDisabled", "Key based authentication is disabled for this resource."
            )
    elif token is None:
        raise wrong_key()
    elif token_audience(db, token) not in DATA_AUDIENCES:
        raise wrong_data_token()


def _bearer(request: Request) -> str | None:
    scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _managed_identity(call: Call) -> Answer:
    """The App Service form of the managed-identity endpoint: GET with X-IDENTITY-HEADER."""
    if not call.request.headers.get("X-IDENTITY-HEADER"):
        raise WireError(401, "unauthorized_client", "The X-IDENTITY-HEADER header is missing.")
    if call.query.get("api-version") != "2019-08-01":
        raise WireError(400, "invalid_request", "The api-version must be 2019-08-01.")
    resource = call.query.get("resource", "")
    if resource.rstrip("/") not in ARM_AUDIENCES | DATA_AUDIENCES:
        raise WireError(400, "invalid_resource", "The resource is not one this emulator serves.")
    token, expires_at = issue_token(call.db, resource, lifetime_seconds=call.profile.token_seconds)
    return Answer(
        payload={
            "access_token": token,
            "expires_on": str(expires_at),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": TENANT,
        }
    )


def _signature(db: sqlite3.Connection, head: str) -> str:
    (key,) = db.execute("SELECT value FROM settings WHERE name = 'token_key'").fetchone()
    return _unpadded(hmac.new(bytes.fromhex(key), head.encode(), hashlib.sha256).digest())


def _part(value: object) -> str:
    return _unpadded(json.dumps(value, separators=(",", ":")).encode())


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


ROUTES: Final = (
    Route(
        "GET",
        "/msi/token",
        _managed_identity,
        frozenset({Surface.IDENTITY}),
        parameters=frozenset({"resource", "client_id", "object_id", "principal_id", "mi_res_id"}),
    ),
)
