"""Accounts as ARM shows them, and what can be asked of one (contract 2.7).

In: ARM reads, and requests for keys. Out: account resources whose endpoint starts with the address the caller used.
Creating, changing and deleting is `account_writes`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from ftops.emulator.control_plane.paging import PAGING, paged
from ftops.emulator.exchange import Account, Answer, Call, account_of
from ftops.emulator.ids import new_hex
from ftops.emulator.names import API_KEY, PROVIDER, arm_id
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface, WireError

KEY_NAMES: Final = ("key1", "key2")
_CAPABILITIES: Final = ("VirtualNetworks", "CustomerManagedKey", "MaxFineTuneCount", "MaxRunningFineTuneCount")


def timestamp(instant: float) -> str:
    """An instant as ARM writes it."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def account_shown(call: Call, account: Account) -> dict[str, object]:
    """The account resource."""
    return {
        "id": arm_id(account.name),
        "name": account.name,
        "type": f"{PROVIDER}/accounts",
        "location": account.location,
        "kind": account.kind,
        "sku": {"name": "S0"},
        "tags": json.loads(account.tags),
        "etag": f'"{int(account.created_at * 1000):x}-{account.revision:04x}"',
        **_identity_shown(account),
        "systemData": {
            "createdBy": "emulator",
            "createdByType": "Application",
            "createdAt": timestamp(account.created_at),
            "lastModifiedBy": "emulator",
            "lastModifiedByType": "Application",
            "lastModifiedAt": timestamp(account.changed_at or account.created_at),
        },
        "properties": _properties_shown(call, account),
    }


def provisioning_state(call: Call, account: Account) -> str:
    """Where an account is between its creation and its deletion."""
    if account.deleted_at is not None:
        return "Deleting"
    return "Succeeded" if call.now >= account.settled_at else "Accepted"


def _identity_shown(account: Account) -> dict[str, object]:
    identity = json.loads(account.properties).get("identity")
    return {"identity": identity} if identity else {}


def _properties_shown(call: Call, account: Account) -> dict[str, object]:
    endpoint = f"{call.request.base_url}/{account.name}/"
    kept = {name: value for name, value in json.loads(account.properties).items() if name != "identity"}
    limits = (None, None, str(call.profile.jobs_ever_max), str(call.profile.jobs_running_max))
    return {
        "customSubDomainName": account.name,
        "publicNetworkAccess": "Enabled",
        **kept,
        "provisioningState": provisioning_state(call, account),
        "endpoint": endpoint,
        "endpoints": {"OpenAI Language Model Instance API": endpoint},
        "dateCreated": timestamp(account.created_at),
        "disableLocalAuth": not account.local_auth,
        "isMigrated": False,
        "privateEndpointConnections": [],
        "callRateLimit": {"rules": []},
        "capabilities": [
            {"name": name, **({"value": value} if value else {})}
            for name, value in zip(_CAPABILITIES, limits, strict=True)
        ],
    }


def present_accounts(call: Call) -> list[Account]:
    """The accounts that are there now, by name."""
    rows = call.db.execute(
        "SELECT * FROM accounts WHERE deleted_at IS NULL OR deleted_at > ? ORDER BY name_key", (call.now,)
    ).fetchall()
    return [account_of(row) for row in rows]


def _observe(call: Call) -> Answer:
    return Answer(payload=account_shown(call, call.home))


def _list(call: Call) -> Answer:
    accounts = present_accounts(call)
    return paged(call, [(account.key, account_shown(call, account)) for account in accounts])


def keys_of(account: Account) -> dict[str, str]:
    """Both keys; the documented one until it is regenerated."""
    return {**dict.fromkeys(KEY_NAMES, API_KEY), **json.loads(account.keys)}


def _keys(call: Call) -> Answer:
    if not call.home.local_auth:
        raise WireError(400, "BadRequest", "Failed to list key. disableLocalAuth is set to be true")
    return Answer(payload=keys_of(call.home))


def _regenerate(call: Call) -> Answer:
    name = call.fields.get("keyName")
    if not isinstance(name, str) or name.lower() not in KEY_NAMES:
        raise WireError(400, "InvalidRequestContent", "The request content was invalid: keyName must be Key1 or Key2.")
    keys = keys_of(call.home) | {name.lower(): new_hex(call.db, call.profile.id_seed)}
    call.db.execute("UPDATE accounts SET keys = ? WHERE name_key = ?", (json.dumps(keys), call.home.key))
    return Answer(payload=keys)


ARM: Final = frozenset({Surface.ARM})
SUBSCRIPTION_PATH: Final = "/subscriptions/{subscription}"
PROVIDED: Final = f"{SUBSCRIPTION_PATH}/providers/{PROVIDER}"
ACCOUNTS: Final = f"{SUBSCRIPTION_PATH}/resourceGroups/{{group}}/providers/{PROVIDER}/accounts"
ROUTES: Final = (
    Route("GET", PROVIDED + "/accounts", _list, ARM, parameters=PAGING),
    Route("GET", ACCOUNTS, _list, ARM, parameters=PAGING),
    Route("GET", ACCOUNTS + "/{account}", _observe, ARM, account="account"),
    Route("POST", ACCOUNTS + "/{account}/listKeys", _keys, ARM, body="json", account="account"),
    Route("POST", ACCOUNTS + "/{account}/regenerateKey", _regenerate, ARM, body="json", writes=True, account="account"),
)
