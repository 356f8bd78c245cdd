"""What lies above accounts in ARM: the tenant, the subscription, its one resource group, its provider.

In: ARM reads, as the Azure CLI makes them when it signs in. Out: the fixed names of the pretend subscription. These
operations have api-versions of their own, which are not checked against a list.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.control_plane.accounts import ARM, SUBSCRIPTION_PATH, account_shown, present_accounts
from ftops.emulator.control_plane.paging import PAGING, paged
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.names import DEFAULT_LOCATION, PROVIDER, RESOURCE_GROUP, SUBSCRIPTION, TENANT
from ftops.emulator.regions import REGIONS
from ftops.emulator.routing import Route

_SHORT: Final = ("id", "name", "type", "kind", "location", "tags")


def _subscription_shown() -> dict[str, object]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}",
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "Emulator",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _subscriptions(_: Call) -> Answer:
    return Answer(payload={"value": [_subscription_shown()], "count": {"type": "Total", "value": 1}})


def _subscription(_: Call) -> Answer:
    return Answer(payload=_subscription_shown())


def _tenants(_: Call) -> Answer:
    tenant = {
        "id": f"/tenants/{TENANT}",
        "tenantId": TENANT,
        "countryCode": "US",
        "displayName": "Emulator",
        "domains": ["emulator.local"],
        "defaultDomain": "emulator.local",
        "tenantCategory": "Home",
        "tenantType": "AAD",
    }
    return Answer(payload={"value": [tenant]})


def _locations(_: Call) -> Answer:
    shown = [
        {
            "id": f"/subscriptions/{SUBSCRIPTION}/locations/{region}",
            "name": region,
            "type": "Region",
            "displayName": name,
            "regionalDisplayName": name,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for region, name in REGIONS.items()
    ]
    return Answer(payload={"value": shown})


def _group_shown() -> dict[str, object]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}",
        "name": RESOURCE_GROUP,
        "type": "Microsoft.Resources/resourceGroups",
        "location": DEFAULT_LOCATION,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def _groups(_: Call) -> Answer:
    return Answer(payload={"value": [_group_shown()]})


def _group(_: Call) -> Answer:
    return Answer(payload=_group_shown())


def _resources(call: Call) -> Answer:
    accounts = present_accounts(call)
    shown = [(account.key, account_shown(call, account)) for account in accounts]
    return paged(call, [(key, {name: resource[name] for name in _SHORT}) for key, resource in shown])


def _provider(call: Call) -> Answer:
    return Answer(
        payload={
            "id": f"/subscriptions/{SUBSCRIPTION}/providers/{PROVIDER}",
            "namespace": PROVIDER,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered",
            "resourceTypes": [
                {"resourceType": name, "locations": list(REGIONS.values()), "apiVersions": []}
                for name in ("accounts", "accounts/deployments", "deletedAccounts", "locations", "locations/usages")
            ],
        }
    )


def _providers(call: Call) -> Answer:
    return Answer(payload={"value": [_provider(call).payload]})


_GROUPS: Final = SUBSCRIPTION_PATH + "/resourceGroups"
_LISTING: Final = PAGING | {"$filter", "$top", "$expand"}
ROUTES: Final = (
    Route("GET", "/tenants", _tenants, ARM),
    Route("GET", "/subscriptions", _subscriptions, ARM),
    Route("GET", SUBSCRIPTION_PATH, _subscription, ARM),
    Route("GET", SUBSCRIPTION_PATH + "/locations", _locations, ARM),
    Route("GET", _GROUPS, _groups, ARM, parameters=_LISTING),
    Route("GET", _GROUPS + "/{group}", _group, ARM),
    Route("GET", SUBSCRIPTION_PATH + "/resources", _resources, ARM, parameters=_LISTING),
    Route("GET", _GROUPS + "/{group}/resources", _resources, ARM, parameters=_LISTING),
    Route("GET", SUBSCRIPTION_PATH + "/providers", _providers, ARM, parameters=_LISTING),
    Route("GET", SUBSCRIPTION_PATH + f"/providers/{PROVIDER}", _provider, ARM, parameters=_LISTING),
)
