"""Signing in: managed identities, client secrets, federated assertions, and the documents that lead to them.

In: requests of azure-identity, MSAL and the Azure CLI. Out: tokens, metadata, and refusals worded as Entra words them.
Signatures of assertions are not verified: the emulator knows no issuer but itself.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from ftops.emulator.exchange import Answer, Call
from ftops.emulator.identity import ARM_AUDIENCES, DATA_AUDIENCES, decoded_claims, issue_token
from ftops.emulator.ids import new_uuid
from ftops.emulator.names import CLIENT_ID, CLIENT_SECRET, TENANT
from ftops.emulator.roles import read_principals, write_principals
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface, WireError

_AUDIENCES: Final = ARM_AUDIENCES | DATA_AUDIENCES
_ADFS: Final = "adfs"  # how the Azure CLI addresses a cloud whose sign-in host it does not know
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Between these the answer is a list of all clouds; `az cloud register` asks with the later one.
_CLOUDS_LISTED_SINCE: Final = "2019-05-01"
_CLOUDS_LISTED_UNTIL: Final = "2022-09-01"
_FORM_BYTES_MAX: Final = 64 * 1024


def _app_service(call: Call) -> Answer:
    """The App Service form of the managed-identity endpoint: GET with X-IDENTITY-HEADER."""
    if not call.request.headers.get("X-IDENTITY-HEADER"):
        raise WireError(401, "unauthorized_client", "The X-IDENTITY-HEADER header is missing.")
    if call.query.get("api-version") != "2019-08-01":
        raise WireError(400, "invalid_request", "The api-version must be 2019-08-01.")
    return _managed(call)


def _metadata_service(call: Call) -> Answer:
    """The virtual machine form: GET with Metadata: true."""
    if (call.request.headers.get("Metadata") or "").lower() != "true":
        raise WireError(400, "invalid_request", "Required metadata header not specified.")
    return _managed(call)


def _managed(call: Call) -> Answer:
    resource = call.query.get("resource", "")
    if resource.rstrip("/") not in _AUDIENCES:
        raise WireError(400, "invalid_resource", "The resource is not one this emulator serves.")
    client = call.query.get("client_id", "")
    known = read_principals(call.db).get(client.lower())
    principal = client or TENANT
    role = known["role"] if known else call.profile.managed_identity_role
    seconds = call.profile.token_seconds
    token, expires_at = issue_token(call.db, resource, lifetime_seconds=seconds, principal=principal, role=role)
    return Answer(
        payload={
            "access_token": token,
            "expires_on": str(expires_at),
            "expires_in": str(seconds),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": principal,
        }
    )


def _token(call: Call) -> Answer:
    """The token endpoint: client credentials with a secret or an assertion."""
    form = _form(call)
    tenant = _tenant(call.names.get("tenant", _ADFS))
    if form.get("grant_type") != "client_credentials":
        raise _refused(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
    client = form.get("client_id", "").lower()
    role = _checked_client(call, client, form)
    audience = _audience(form)
    seconds = call.profile.token_seconds
    token, _ = issue_token(call.db, audience, lifetime_seconds=seconds, tenant=tenant, principal=client, role=role)
    return Answer(
        payload={"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token},
        headers={"Cache-Control": "no-store"},
    )


def _checked_client(call: Call, client: str, form: Mapping[str, str]) -> str:
    """The role of an application that proved itself. Raises `WireError` 400 or 401."""
    principals = {CLIENT_ID: {"role": "all", "secret": CLIENT_SECRET}, **read_principals(call.db)}
    known = principals.get(client)
    if known is None:
        raise _refused(
            700016,
            "unauthorized_client",
            f"Application with identifier '{client[:64]}' was not found in the directory.",
        )
    if "client_assertion" in form:
        _check_assertion(client, form)
    elif not hmac.compare_digest(form.get("client_secret", "").encode(), known.get("secret", CLIENT_SECRET).encode()):
        raise _refused(
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
            f" not the client secret ID, for a secret added to app '{client}'.",
            status=401,
        )
    return known["role"]


def _check_assertion(client: str, form: Mapping[str, str]) -> None:
    try:
        claims = decoded_claims(form["client_assertion"])
        expires_at = float(claims.get("exp", 0))
    except (ValueError, TypeError):
        raise _refused(50027, "invalid_request", "JWT token is invalid or malformed.") from None
    if form.get("client_assertion_type") != _ASSERTION:
        raise _refused(900144, "invalid_request", "The request body must contain the parameter client_assertion_type.")
    if expires_at <= time.time():
        raise _refused(
            700024, "invalid_client", f"Client assertion is not within its valid time range for '{client}'.", status=401
        )


def _audience(form: Mapping[str, str]) -> str:
    """What the token is for: of the scope, or of the older `resource`."""
    asked = form.get("resource") or next(
        (scope for scope in form.get("scope", "").split() if scope.endswith("/.default")), ""
    )
    audience = asked.removesuffix("/.default").rstrip("/")
    if audience not in _AUDIENCES:
        raise _refused(
            500011, "invalid_resource", f"The resource principal named {asked[:128]} was not found in the tenant."
        )
    return audience


def _tenant(name: str) -> str:
    if name.lower() in (_ADFS, "common", "organizations"):
        return TENANT
    from uuid import UUID  # rarely needed, and slow to load

    try:
        return str(UUID(name))
    except ValueError:
        raise _refused(90002, "invalid_request", f"Tenant '{name[:64]}' not found.") from None


def _form(call: Call) -> Mapping[str, str]:
    raw = b""
    while piece := call.request.body.read(_FORM_BYTES_MAX):
        raw += piece
        if len(raw) > _FORM_BYTES_MAX:
            raise _refused(90015, "invalid_request", "Requested query string is too long.")
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise _refused(900144, "invalid_request", "The request body cannot be decoded.") from None


def _refused(number: int, error: str, text: str, *, status: int = 400) -> WireError:
    trace, correlation = new_uuid(), new_uuid()
    instant = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    message = f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {instant}"
    body = {
        "error": error,
        "error_description": message,
        "error_codes": [number],
        "timestamp": instant,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return WireError(status, error, message, body=body)


def _openid(call: Call) -> Answer:
    name = call.names.get("tenant", _ADFS)
    tenant = _tenant(name)
    place = f"{call.request.base_url}/{name}/oauth2/v2.0"
    return Answer(
        payload={
            "issuer": f"{call.request.base_url}/{tenant}/v2.0",
            "authorization_endpoint": f"{place}/authorize",
            "token_endpoint": f"{place}/token",
            "device_authorization_endpoint": f"{place}/devicecode",
            "jwks_uri": f"{call.request.base_url}/{name}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "tenant_region_scope": "NA",
        }
    )


def _endpoints(call: Call) -> Answer:
    """What `az cloud register` asks for: where everything of this cloud is."""
    base = call.request.base_url
    cloud = {
        "name": "ftops-emulator",
        "portal": base,
        "authentication": {
            "loginEndpoint": f"{base}/{_ADFS}",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "ADFS",
        },
        "media": "https://rest.media.azure.net",
        "graphAudience": "https://graph.windows.net/",
        "graph": "https://graph.windows.net/",
        "suffixes": {
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "acrLoginServer": "azurecr.io",
            "sqlServerHostname": "database.windows.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
        },
        "batch": "https://batch.core.windows.net/",
        "resourceManager": base,
        "vmImageAliasDoc": base,
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "gallery": "https://gallery.azure.com/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
    }
    listed = _CLOUDS_LISTED_SINCE <= call.query.get("api-version", "") < _CLOUDS_LISTED_UNTIL
    return Answer(payload=[cloud] if listed else cloud)


def _show_principals(call: Call) -> Answer:
    shown = {client: facts["role"] for client, facts in read_principals(call.db).items()}
    return Answer(payload={"roles": shown, "managed_identity": call.profile.managed_identity_role})


def _put_principals(call: Call) -> Answer:
    write_principals(call.db, call.fields)
    return _show_principals(call)


_SIGN_IN: Final = frozenset({Surface.IDENTITY})
_DOOR: Final = frozenset({Surface.DOOR})
_MANAGED: Final = frozenset({"resource", "client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id"})
ROUTES: Final = (
    Route("GET", "/msi/token", _app_service, _SIGN_IN, parameters=_MANAGED),
    Route("GET", "/metadata/identity/oauth2/token", _metadata_service, _SIGN_IN, parameters=_MANAGED),
    Route("GET", "/metadata/endpoints", _endpoints, _SIGN_IN),
    Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", _openid, _SIGN_IN),
    Route("GET", "/{tenant}/.well-known/openid-configuration", _openid, _SIGN_IN),
    Route("POST", "/{tenant}/oauth2/v2.0/token", _token, _SIGN_IN),
    Route("POST", "/{tenant}/oauth2/token", _token, _SIGN_IN),
    Route("GET", "/_emulator/principals", _show_principals, _DOOR),
    Route("PUT", "/_emulator/principals", _put_principals, _DOOR, body="json", writes=True),
)
