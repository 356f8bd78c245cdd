"""The body of an account's PUT and PATCH, checked (contract 2.7).

In: JSON as it came. Out: a `WantedAccount`, or ARM's refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ftops.emulator.control_plane.deployment_request import checked_tags, known_members, malformed
from ftops.emulator.exchange import Call
from ftops.emulator.regions import region_of
from ftops.emulator.wire_errors import WireError

KINDS: Final = ("OpenAI", "AIServices")
_TOP: Final = frozenset({"kind", "sku", "location", "tags", "identity", "properties"})
_READ_ONLY: Final = frozenset({"id", "name", "type", "etag", "systemData"})
_WRITABLE: Final = frozenset(
    {
        "allowedFqdnList",
        "allowProjectManagement",
        "apiProperties",
        "associatedProjects",
        "customSubDomainName",
        "defaultProject",
        "dynamicThrottlingEnabled",
        "encryption",
        "networkAcls",
        "networkInjections",
        "publicNetworkAccess",
        "raiMonitorConfig",
        "restrictOutboundNetworkAccess",
        "storedCompletionsDisabled",
        "userOwnedStorage",
    }
)
_SERVER_FILLED: Final = frozenset(
    {
        "callRateLimit",
        "capabilities",
        "dateCreated",
        "deletionDate",
        "endpoint",
        "endpoints",
        "isMigrated",
        "privateEndpointConnections",
        "provisioningState",
        "scheduledPurgeDate",
    }
)
_ACTED_ON: Final = frozenset({"restore", "disableLocalAuth"})
_SWITCHES: Final = ("restore", "disableLocalAuth", "allowProjectManagement", "restrictOutboundNetworkAccess")


@dataclass(frozen=True)
class WantedAccount:
    """What a PUT or PATCH says of an account; None where it says nothing."""

    kind: str | None
    location: str | None
    tags: Mapping[str, str] | None
    local_auth: bool | None
    restore: bool
    properties: Mapping[str, Any]


def checked_account(call: Call) -> WantedAccount:
    """The account a body asks for. Raises `WireError` 400."""
    fields = call.fields
    known_members(fields, _TOP | _READ_ONLY, "the resource")
    properties = fields.get("properties") or {}
    if not isinstance(properties, dict):
        raise malformed("properties must be an object.")
    known_members(properties, _WRITABLE | _SERVER_FILLED | _ACTED_ON, "properties")
    for name in _SWITCHES:
        if properties.get(name) is not None and not isinstance(properties[name], bool):
            raise malformed(f"properties.{name} must be true or false.")
    _check_sku(fields.get("sku"))
    kept = {name: value for name, value in properties.items() if name in _WRITABLE and value is not None}
    if isinstance(fields.get("identity"), dict):
        kept["identity"] = fields["identity"]
    disabled = properties.get("disableLocalAuth")
    return WantedAccount(
        kind=_kind(fields.get("kind")),
        location=_location(fields.get("location")),
        tags=None if fields.get("tags") is None else checked_tags(fields["tags"]),
        local_auth=None if disabled is None else not disabled,
        restore=bool(properties.get("restore")),
        properties=kept,
    )


def _kind(value: object) -> str | None:
    if value is None:
        return None
    for kind in KINDS:
        if isinstance(value, str) and value.lower() == kind.lower():
            return kind
    raise WireError(400, "InvalidApiSetId", "The account kind is not one this emulator has: OpenAI, AIServices.")


def _location(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not region_of(value).isalnum():
        raise malformed("location must name a region.")
    return region_of(value)


def _check_sku(value: object) -> None:
    if value is None:
        return
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or name.upper() != "S0":
        raise WireError(400, "InvalidSku", "The specified SKU of account is not supported; accounts have the SKU S0.")
