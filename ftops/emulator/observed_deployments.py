"""The deployments of an account as they are now: rows seen through the clock.

In: a call's database view, clock and profile. Out: `ObservedDeployment`s. A row is one life of a deployment; rows
of past lives stay, for the bill.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ftops.emulator.exchange import Account, Call
from ftops.emulator.profile import Profile

_NEVER: Final = float("inf")
_ACCEPTED_SHARE: Final = 0.2  # of the provisioning time, before Accepted becomes Creating


class ObservedDeployment(NamedTuple):
    """One deployment row, now."""

    row: sqlite3.Row
    now: float
    profile: Profile

    @property
    def gone_at(self) -> float:
        """When it ends: deleted, expired by its tier, or idle too long (contract 2.8)."""
        deleted_at = _NEVER if self.row["gone_at"] is None else float(self.row["gone_at"])
        if not self.row["custom"]:
            return deleted_at
        created_at = float(self.row["created_at"])
        if self.row["sku_name"] == "DeveloperTier":
            return min(deleted_at, created_at + self.profile.developer_deployment_seconds)
        active_at = max(created_at, self.row["last_used_at"] or 0.0)
        return min(deleted_at, active_at + self.profile.deployment_idle_seconds)

    @property
    def present(self) -> bool:
        return self.now < self.gone_at

    @property
    def provisioning_state(self) -> str:
        row = self.row
        if row["delete_asked_at"] is not None:
            return "Deleting"
        if self.now >= row["settled_at"]:
            return "Failed" if row["failure"] else "Succeeded"
        share = (self.now - row["changed_at"]) / (row["settled_at"] - row["changed_at"])
        return "Accepted" if row["revision"] > 1 or share < _ACCEPTED_SHARE else "Creating"

    @property
    def served(self) -> bool:
        """Whether the data plane knows it: some time after ARM says Succeeded (contract 2.4)."""
        served_from = self.row["first_ready_at"] + self.profile.data_plane_lag_seconds
        return not self.row["failure"] and self.row["delete_asked_at"] is None and self.now >= served_from

    @property
    def paused(self) -> bool:
        """Whether it answers inference with 423 until it is resumed (contract 2.2)."""
        return bool(json.loads(self.row["properties"]).get("deploymentState") == "Paused")

    @property
    def arm_model(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.row["arm_model"])
        return found


def find_deployment(call: Call, account: Account, name: str) -> ObservedDeployment | None:
    """The deployment of that name, compared without case, or None."""
    row = call.db.execute(
        "SELECT * FROM deployments WHERE account = ? AND name_key = ? ORDER BY serial DESC LIMIT 1",
        (account.key, name.lower()),
    ).fetchone()
    if row is None:
        return None
    found = ObservedDeployment(row, call.now, call.profile)
    return found if found.present else None


def deployments_of(call: Call, account: Account) -> list[ObservedDeployment]:
    """All deployments of an account, by name."""
    rows = call.db.execute(
        "SELECT * FROM deployments d WHERE account = ? AND serial = (SELECT max(serial) FROM deployments"
        " WHERE account = d.account AND name_key = d.name_key) ORDER BY name_key",
        (account.key,),
    ).fetchall()
    found = (ObservedDeployment(row, call.now, call.profile) for row in rows)
    return [deployment for deployment in found if deployment.present]


def past_and_present(call: Call, account: Account) -> list[ObservedDeployment]:
    """Every life a deployment of the account ever had, oldest first; for the bill."""
    rows = call.db.execute("SELECT * FROM deployments WHERE account = ? ORDER BY serial", (account.key,)).fetchall()
    return [ObservedDeployment(row, call.now, call.profile) for row in rows]
