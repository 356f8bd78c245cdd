"""Accounts as ARM shows them (contract 2.7); made with the emulator, never here.

In: ARM reads. Out: account resources whose endpoint starts with the address the caller used.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from ftops.emulator.exchange import Account, Answer, Call, account_of
from ftops.emulator.names import API_KEY, PROVIDER, arm_id
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface


def timestamp(instant: float) -> str:
    """An instant as ARM writes it."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _observe(call: Call) -> Answer:
    return Answer(payload=_shown(call, call.home))


def _list(call: Call) -> Answer:
    rows = call.db.execute("SELECT * FROM accounts ORDER BY name_key").fetchall()
    return Answer(payload={"value": [_shown(call, account_of(row)) for row in rows]})


def _keys(call: Call) -> Answer:
    return Answer(payload={"key1": API_KEY, "key2": API_KEY})


def _shown(call: Call, account: Account) -> dict[str, object]:
    endpoint = f"{call.request.base_url}/{account.name}/"
    created_at = timestamp(account.created_at)
    return {
        "id": arm_id(account.name),
        "name": account.name,
        "type": f"{PROVIDER}/accounts",
        "location": account.location,
        "kind": account.kind,
        "sku": {"name": "S0"},
        "tags": json.loads(account.tags),
        "etag": f'"{int(account.created_at * 1000):x}"',
        "systemData": {
            "createdBy": "emulator",
            "createdByType": "Application",
            "createdAt": created_at,
            "lastModifiedAt": created_at,
        },
        "properties": {
            "provisioningState": "Succeeded",
            "endpoint": endpoint,
            "endpoints": {"OpenAI Language Model Instance API": endpoint},
            "customSubDomainName": account.name,
            "dateCreated": created_at,
            "disableLocalAuth": not account.local_auth,
            "publicNetworkAccess": "Enabled",
        },
    }


ARM: Final = frozenset({Surface.ARM})
_SUBSCRIPTION: Final = "/subscriptions/{subscription}"
_PROVIDED: Final = f"/providers/{PROVIDER}/accounts"
ACCOUNTS: Final = _SUBSCRIPTION + "/resourceGroups/{group}" + _PROVIDED
ROUTES: Final = (
    Route("GET", _SUBSCRIPTION + _PROVIDED, _list, ARM),
    Route("GET", ACCOUNTS, _list, ARM),
    Route("GET", ACCOUNTS + "/{account}", _observe, ARM, account="account"),
    Route("POST", ACCOUNTS + "/{account}/listKeys", _keys, ARM, body="json", account="account"),
)
