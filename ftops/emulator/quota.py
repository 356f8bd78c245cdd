"""The quota ledger: tokens per minute, for each model and SKU of a region (contract 2.5, 2.7).

In: deployment rows and the clock. Out: what is used, what is left, and the refusal of a deployment that wants more.
Nothing is stored but limits of single quotas: use follows from the deployments there are, those deleted a moment ago,
and those of soft-deleted accounts, which hold theirs until the account is purged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ftops.emulator.catalogue import CATALOGUE, BaseModel, base_model
from ftops.emulator.exchange import Answer, Call, account_of
from ftops.emulator.observed_deployments import ObservedDeployment
from ftops.emulator.profile import Profile
from ftops.emulator.regions import region_of
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import Surface, WireError

_SETTING: Final = "quota"
_PROVISIONED: Final = "Provisioned"


@dataclass(frozen=True)
class Quota:
    """One quota of one region: `name` as usages show it, `unit` and `model` as people read it, and the numbers."""

    name: str
    label: str
    used: int
    limit: int

    @property
    def free(self) -> int:
        """What is left; below zero when the limit was lowered under what is used."""
        return self.limit - self.used


def quota_name(sku_name: str, base: BaseModel) -> str:
    """The name of a quota in usages; provisioned throughput is not counted by model."""
    return f"OpenAI.{sku_name}" if _PROVISIONED in sku_name else f"OpenAI.{sku_name}.{base.name}"


def quotas_of(call: Call, location: str, base: BaseModel, sku_names: Iterable[str]) -> dict[str, Quota]:
    """By SKU, the quotas that deployments of a model draw on in a region."""
    used = _used(call, location)
    return {sku: _quota(call, quota_name(sku, base), _label(sku, base), used) for sku in sku_names}


def quotas(call: Call, location: str) -> list[Quota]:
    """Every quota of a region, used or not, by name."""
    used = _used(call, location)
    labels = {
        quota_name(sku, model): _label(sku, model)
        for model in CATALOGUE
        for sku in (*model.base_skus, *model.finetuned_skus)
        if not sku.endswith("Batch")
    }
    return [_quota(call, name, labels[name], used) for name in sorted(labels)]


def refuse_over_quota(call: Call, location: str, sku_name: str, base: BaseModel, *, more: int) -> None:
    """Raise 400 `InsufficientQuota` when the region has less than `more` left."""
    quota = quotas_of(call, location, base, (sku_name,))[sku_name]
    if more <= max(0, quota.free):
        return
    raise WireError(400, "InsufficientQuota", _refusal(call.profile, quota, more, base))


def _refusal(profile: Profile, quota: Quota, more: int, base: BaseModel) -> str:
    free = max(0, quota.free)
    if profile.insufficient_quota_text == "old":
        return (
            f"The specified capacity '{more}' of account deployment is bigger than available capacity '{free}'"
            f" for UsageName '{quota.label}'."
        )
    return (
        f"This operation require {more} new capacity in quota {quota.label}, which is bigger than the current available"
        f" capacity {free}. The current quota usage is {quota.used} and the quota limit is {quota.limit} for quota"
        f" {quota.label}."
    )


def _used(call: Call, location: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    rows = call.db.execute("SELECT * FROM accounts WHERE purged_at IS NULL").fetchall()
    region = region_of(location)
    for account in map(account_of, rows):
        if region_of(account.location) != region:
            continue
        for row in call.db.execute("SELECT * FROM deployments WHERE account = ?", (account.key,)):
            held = _held(call, ObservedDeployment(row, call.now, call.profile), account.deleted_at)
            base = base_model(row["base_model"])
            if held and base is not None:
                name = quota_name(row["sku_name"], base)
                found[name] = found.get(name, 0) + row["capacity"]
    return found


def _held(call: Call, deployment: ObservedDeployment, account_deleted_at: float | None) -> bool:
    if deployment.now < deployment.gone_at + call.profile.quota_release_seconds:
        return True
    if account_deleted_at is None or deployment.row["gone_at"] != account_deleted_at:
        return False
    return deployment.now < account_deleted_at + call.profile.account_purge_after_seconds


def _quota(call: Call, name: str, label: str, used: Mapping[str, int]) -> Quota:
    profile = call.profile
    common = profile.quota_provisioned_units if _PROVISIONED in name else profile.quota_thousand_tokens
    return Quota(name, label, used.get(name, 0), limits(call.db).get(name.lower(), common))


def _label(sku_name: str, base: BaseModel) -> str:
    if _PROVISIONED in sku_name:
        return f"Provisioned Throughput Units - {sku_name}"
    return f"Tokens Per Minute (thousands) - {base.name}"


def limits(db: sqlite3.Connection) -> Mapping[str, int]:
    """Limits of single quotas that this store sets, by name in small letters."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (_SETTING,)).fetchone()
    found: Mapping[str, int] = json.loads(row["value"]) if row else {}
    return found


def _show_limits(call: Call) -> Answer:
    return Answer(payload=dict(limits(call.db)))


def _put_limits(call: Call) -> Answer:
    """Limits of single quotas, in the place of all that were set: name as in usages, whole number."""
    for name, limit in call.fields.items():
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise WireError(400, "invalidPayload", f"The limit of {name[:64]} must be a whole number of at least 0.")
    text = json.dumps({name.lower(): limit for name, limit in call.fields.items()})
    call.db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (_SETTING, text))
    return Answer(payload=call.fields)


_DOOR: Final = frozenset({Surface.DOOR})
ROUTES: Final = (
    Route("GET", "/_emulator/quota", _show_limits, _DOOR),
    Route("PUT", "/_emulator/quota", _put_limits, _DOOR, body="json", writes=True),
)
