"""What an api-version of ARM has and has not (contract 2.1, 2.2).

In: a call. Out: nothing, or ARM's refusal of a resource type that came later. Previews order with the releases around
them, by date.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator import wire_errors
from ftops.emulator.exchange import Call
from ftops.emulator.names import PROVIDER
from ftops.emulator.routing import version_date
from ftops.emulator.wire_errors import WireError

PAUSING: Final = "2026-09-15-preview"  # the one version that pauses deployments
CAPACITIES_SINCE: Final = "2024-06-01"
QUOTA_TIERS_SINCE: Final = "2025-10-01"


def has(call: Call, since: str) -> bool:
    """Whether the call's version is as new as a date."""
    return version_date(call.version) >= since


def require(call: Call, since: str, resource_type: str) -> None:
    """Raise 404 for a resource type that came after the call's version."""
    if not has(call, since):
        raise no_such_type(call, resource_type)


def no_such_type(call: Call, resource_type: str) -> WireError:
    """A resource type that the call's version does not have."""
    return wire_errors.no_such_type(resource_type, PROVIDER, call.version)
