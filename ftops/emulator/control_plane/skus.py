"""SKUs of accounts: which there are, and whether one can be had (contract 2.7, 2.8).

In: ARM reads. Out: the one SKU that accounts have, S0, for each kind and region.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.control_plane.account_request import KINDS
from ftops.emulator.control_plane.accounts import ACCOUNTS, ARM, PROVIDED
from ftops.emulator.control_plane.deployment_request import malformed
from ftops.emulator.control_plane.paging import PAGING, paged
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.names import PROVIDER
from ftops.emulator.regions import REGIONS, region_of
from ftops.emulator.routing import Route

_TYPE: Final = f"{PROVIDER}/accounts"


def _list(call: Call) -> Answer:
    entries: list[tuple[str, dict[str, object]]] = [
        (
            f"{kind}/{region}",
            {
                "resourceType": "accounts",
                "name": "S0",
                "tier": "Standard",
                "kind": kind,
                "locations": [region.upper()],
                "restrictions": [],
            },
        )
        for kind in sorted(KINDS)
        for region in sorted(REGIONS)
    ]
    return paged(call, entries)


def _of_account(_: Call) -> Answer:
    return Answer(payload={"value": [{"resourceType": _TYPE, "sku": {"name": "S0", "tier": "Standard"}}]})


def _check(call: Call) -> Answer:
    skus, kind, resource_type = (call.fields.get(name) for name in ("skus", "kind", "type"))
    if not isinstance(skus, list) or not all(isinstance(sku, str) for sku in skus):
        raise malformed("skus must be a list of names.")
    if not isinstance(kind, str) or not isinstance(resource_type, str):
        raise malformed("kind and type are required.")
    there = region_of(call.names["location"]) in REGIONS and kind.lower() in {known.lower() for known in KINDS}
    return Answer(payload={"value": [_availability(kind, resource_type, sku, there) for sku in skus]})


def _availability(kind: str, resource_type: str, sku: str, there: bool) -> dict[str, object]:
    available = there and sku.upper() == "S0"
    shown: dict[str, object] = {"kind": kind, "type": resource_type, "skuName": sku, "skuAvailable": available}
    if not available:
        shown |= {"reason": "NotAvailable", "message": "The SKU is not available for this kind in this location."}
    return shown


ROUTES: Final = (
    Route("GET", PROVIDED + "/skus", _list, ARM, parameters=PAGING | {"$filter"}),
    Route("GET", ACCOUNTS + "/{account}/skus", _of_account, ARM, account="account"),
    Route("POST", PROVIDED + "/locations/{location}/checkSkuAvailability", _check, ARM, body="json"),
)
