"""What a signed-in principal may do, by its role (contract section 5).

In: a role and the operation asked for. Out: nothing, or the refusal of the plane: 403 from ARM, 401 from the data plane
(catalogue C37, C38). ARM roles give no data actions: an Owner cannot infer; a Foundry User trains but cannot deploy.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Final

from ftops.emulator.exchange import Call
from ftops.emulator.names import PROVIDER
from ftops.emulator.profile import ROLES
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface, WireError

_SETTING: Final = "principals"
_OPEN: Final = "arm.list"
_READ: Final = frozenset({"arm.read", "arm.usages"})
_ARM: Final = _READ | {"arm.write", "arm.deploy", "arm.keys", "arm.purge"}
_DATA: Final = frozenset({"data.read", "data.infer", "data.train"})
_GRANTS: Final[Mapping[str, frozenset[str]]] = {
    "all": _ARM | _DATA,
    "owner": _ARM,
    "contributor": _ARM,
    "reader": _READ,
    "cognitive-contributor": _ARM - {"arm.purge"},
    "openai-contributor": _READ | {"arm.deploy"} | _DATA,
    "openai-user": frozenset({"arm.read", "data.read", "data.infer"}),
    "usages-reader": frozenset({"arm.usages"}),
    "foundry-owner": _ARM - {"arm.purge"} | _DATA,
    "foundry-user": frozenset({"arm.read"}) | _DATA,
    "none": frozenset(),
}
assert set(_GRANTS) == set(ROLES), "every role of the profile has its grants"


def read_principals(db: sqlite3.Connection) -> Mapping[str, Mapping[str, str]]:
    """Principals that this store knows beside the documented ones: `role` and, for applications, `secret`."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (_SETTING,)).fetchone()
    found: Mapping[str, Mapping[str, str]] = json.loads(row["value"]) if row else {}
    return found


def write_principals(db: sqlite3.Connection, principals: Mapping[str, object]) -> None:
    """Put these in the place of all principals there were. Raises `WireError` 400."""
    for facts in principals.values():
        if not isinstance(facts, dict) or not set(facts) <= {"role", "secret"} or facts.get("role") not in ROLES:
            raise WireError(
                400, "invalidPayload", f"A principal is an object of role and secret; roles are {', '.join(ROLES)}."
            )
        if not isinstance(facts.get("secret", ""), str):
            raise WireError(400, "invalidPayload", "The secret of a principal must be a string.")
    text = json.dumps({client.lower(): facts for client, facts in principals.items()})
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (_SETTING, text))


def authorize(call: Call, route: Route, principal: str, role: str) -> None:
    """Let a principal do what its role allows, or raise the refusal of the plane."""
    grants = _GRANTS[role]
    if call.surface is Surface.ARM:
        if _arm_grant(route) not in grants | {_OPEN}:
            raise _arm_refusal(call, route, principal)
    elif _data_grant(route) not in grants:
        raise _data_refusal(route, principal, any(grant in grants for grant in _DATA))


def _arm_grant(route: Route) -> str:
    pattern = route.pattern
    if PROVIDER not in pattern or route.pattern.endswith(PROVIDER):
        return _OPEN  # anyone may list what lies above accounts; they see what they may see
    if pattern.endswith(("/listKeys", "/regenerateKey")):
        return "arm.keys"
    if "/usages" in pattern:
        return "arm.usages"
    if "/deletedAccounts/" in pattern and route.method == "DELETE":
        return "arm.purge"
    if route.method == "GET" or not route.writes:
        return "arm.read"
    return "arm.deploy" if "/deployments/" in pattern else "arm.write"


def _data_grant(route: Route) -> str:
    if route.pattern.endswith(("completions", "responses")):
        return "data.infer"
    return "data.read" if route.method == "GET" else "data.train"


def _arm_refusal(call: Call, route: Route, principal: str) -> WireError:
    kind = "accounts/deployments" if "/deployments" in route.pattern else "accounts"
    verb = {"GET": "read", "DELETE": "delete", "POST": f"{route.pattern.rpartition('/')[2]}/action"}
    action = f"{PROVIDER}/{kind}/{verb.get(route.method, 'write')}"
    scope = call.request.target.partition("?")[0]
    return WireError(
        403,
        "AuthorizationFailed",
        f"The client '{principal}' with object id '{principal}' does not have authorization to perform action"
        f" '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh"
        " your credentials.",
    )


def _data_refusal(route: Route, principal: str, some: bool) -> WireError:
    if not some:
        return WireError(401, "PermissionDenied", "Principal does not have access to API/Operation.")
    action = f"{PROVIDER}/accounts/OpenAI/{route.pattern.split('{')[0].strip('/')}"
    verb = {"GET": "read", "DELETE": "delete"}.get(route.method, "action")
    return WireError(
        401,
        "PermissionDenied",
        f"The principal `{principal}` lacks the required data action `{action}/{verb}` to perform"
        f" `{route.method} /openai/{route.pattern}` operation.",
    )
