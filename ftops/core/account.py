"""Accounts: where resources live. An account's identity is its ARM id, never an endpoint or a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What the embedded emulator answers for; part of ARM ids, so part of identity on emulator accounts.
EMULATOR_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
EMULATOR_RESOURCE_GROUP = "emulator"
#: `Account.emulator` of accounts that live in the emulator each command starts by itself.
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Account:
    """One Azure OpenAI account as ftops.yaml names it.

    `emulator` is "" for Azure, "embedded", or the URL of a running `ftops emulator serve`. Only the one module that
    opens connections may look at it. `api` is "v1" or a dated data-plane version.
    """

    alias: str
    subscription: str
    resource_group: str
    name: str
    emulator: str = ""
    location: str = ""
    endpoint: str = ""
    auth: Literal["entra", "key"] = "entra"
    key_env: str = ""
    api: str = "v1"
    bom: bool = False
    horizon_seconds: float = 900.0

    @property
    def arm_id(self) -> str:
        """The ARM id, lower-cased: ARM compares names case-insensitively (service contract, section 2.1)."""
        return (
            f"/subscriptions/{self.subscription}/resourcegroups/{self.resource_group}"
            f"/providers/microsoft.cognitiveservices/accounts/{self.name}"
        ).lower()
