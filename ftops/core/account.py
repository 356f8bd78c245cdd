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
class Pace:
    """How patiently an account is polled and retried: intervals grow from `first_seconds` to `most_seconds`.

    `obeyed_seconds` is the longest Retry-After that is waited for; more is cut to it.
    """

    first_seconds: float = 5.0
    most_seconds: float = 60.0
    obeyed_seconds: float = 600.0

    def interval(self, number: int, *, factor: float = 2.0) -> float:
        """The pause after try `number` (from 0)."""
        return min(self.most_seconds, self.first_seconds * factor ** min(number, 32))


@dataclass(frozen=True, slots=True)
class Account:
    """One Azure OpenAI account as ftops.yaml names it.

    `emulator` is "" for Azure, "embedded", or the URL of a running `ftops emulator serve`: only the module that opens
    connections may look at it. `horizon_seconds` and `pace` say how long things take there. `api` is "v1" or a dated
    data-plane version.
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
    pace: Pace = Pace()

    @property
    def arm_id(self) -> str:
        """The ARM id, lower-cased: ARM compares names case-insensitively (service contract, section 2.1)."""
        return (
            f"/subscriptions/{self.subscription}/resourcegroups/{self.resource_group}"
            f"/providers/microsoft.cognitiveservices/accounts/{self.name}"
        ).lower()
