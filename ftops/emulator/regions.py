"""Where Azure trains and deploys fine-tuned models: the tables of the service contract, section 4.3.

In: a base model, an SKU, a region. Out: whether the documents say it works there. Off unless the profile turns
`regional_rules` on: the tables change by the month, and a rehearsal should not fail over last month's table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Regions of Azure OpenAI resources that train (2026-10-06).
REGIONS: Final[Mapping[str, str]] = {
    "australiaeast": "Australia East",
    "brazilsouth": "Brazil South",
    "canadacentral": "Canada Central",
    "canadaeast": "Canada East",
    "eastus": "East US",
    "eastus2": "East US 2",
    "francecentral": "France Central",
    "germanywestcentral": "Germany West Central",
    "italynorth": "Italy North",
    "japaneast": "Japan East",
    "koreacentral": "Korea Central",
    "northcentralus": "North Central US",
    "norwayeast": "Norway East",
    "polandcentral": "Poland Central",
    "southafricanorth": "South Africa North",
    "southcentralus": "South Central US",
    "southindia": "South India",
    "southeastasia": "Southeast Asia",
    "spaincentral": "Spain Central",
    "swedencentral": "Sweden Central",
    "switzerlandnorth": "Switzerland North",
    "switzerlandwest": "Switzerland West",
    "uaenorth": "UAE North",
    "uksouth": "UK South",
    "westeurope": "West Europe",
    "westus": "West US",
    "westus3": "West US 3",
}
_UNITED_STATES: Final = frozenset(region for region, name in REGIONS.items() if " US" in name)
_MIDWEST: Final = frozenset({"northcentralus", "swedencentral"})
_EAST: Final = frozenset({"eastus2", "swedencentral"})
_REGIONAL: Final[Mapping[str, frozenset[str]]] = {
    "gpt-4o-mini": _MIDWEST,
    "gpt-4.1": _MIDWEST,
    "gpt-4.1-mini": _MIDWEST,
    "gpt-4.1-nano": _MIDWEST,
    "gpt-5": _MIDWEST,
    "gpt-4o": _EAST,
    "o4-mini": _EAST,
    "gpt-35-turbo": frozenset({"eastus2", "northcentralus", "swedencentral", "switzerlandwest"}),
    "babbage-002": _MIDWEST,  # UNCONFIRMED
    "davinci-002": _MIDWEST,  # UNCONFIRMED
}
_PROVISIONED: Final[Mapping[str, frozenset[str]]] = {
    "gpt-4.1": frozenset({"swedencentral"}),
    "gpt-4o": _MIDWEST,
    "gpt-4o-mini": _MIDWEST,
}


def region_of(location: str) -> str:
    """The short name of a region however it is spelled: `East US 2` is `eastus2`."""
    return "".join(location.split()).lower()


def deploys_there(model: str, sku_name: str, location: str) -> bool:
    """Whether a fine-tuned model of a base model's family deploys under an SKU in a region."""
    region = region_of(location)
    if sku_name == "Standard":
        return region in _REGIONAL.get(model, frozenset())
    if sku_name == "ProvisionedManaged":
        return region in _PROVISIONED.get(model, frozenset())
    if sku_name == "DataZoneStandard":
        return region in _UNITED_STATES
    return True
