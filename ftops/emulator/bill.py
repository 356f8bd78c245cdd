"""The billing meter: what Azure would charge for everything that was ever trained and deployed here.

In: the rows of all accounts and the clock. Out: one entry for every job and every life of a deployment, deleted ones
too, by the rules of the service contract, section 4.6. It reads the emulator's own tables only, so that it can convict
a client that believes it paid once. Reading it changes nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import Final

from ftops.emulator.exchange import Account, Answer, Call, account_of
from ftops.emulator.observed_deployments import ObservedDeployment, past_and_present
from ftops.emulator.observed_jobs import ObservedJob, every_job
from ftops.emulator.prices import (
    DATED,
    PRICES,
    Rates,
    UnusablePrices,
    rates_of,
    read_overrides,
    write_overrides,
)
from ftops.emulator.routing import Route
from ftops.emulator.training import FAILED
from ftops.emulator.wire_errors import Surface, WireError

_HOUR_SECONDS: Final = 3600.0
_PROVISIONED: Final = "Provisioned"


def _bill(call: Call) -> Answer:
    accounts = call.db.execute("SELECT * FROM accounts ORDER BY name_key").fetchall()
    jobs: list[dict[str, object]] = []
    deployments: list[dict[str, object]] = []
    total = 0.0
    for account in map(account_of, accounts):
        jobs += [_job_entry(call, account, job) for job in every_job(call, account)]
        deployments += [_deployment_entry(call, account, found) for found in past_and_present(call, account)]
    for entry in (*jobs, *deployments):
        total += float(str(entry["usd"]))
    return Answer(
        payload={
            "at": call.now,
            "prices_dated": DATED,
            "jobs": jobs,
            "deployments": deployments,
            "total_usd": round(total, 6),
            "paid_jobs": sum(1 for job in jobs if job["paid"]),
        }
    )


def _job_entry(call: Call, account: Account, job: ObservedJob) -> dict[str, object]:
    rates = rates_of(call.db, str(job.row["base_model"]))
    share = trained_share(job)
    tokens = int(job.course.trained_tokens * share)
    hours = round(share * job.life.running_seconds / _HOUR_SECONDS, 2)
    tier = job.request.get("trainingType")
    return {
        "id": job.id,
        "account": account.name,
        "suffix": job.request.get("suffix"),
        "model": job.row["base_model"],
        "method": job.row["method"],
        "tier": tier or "standard",
        "status": job.status,
        "deleted": job.row["deleted_at"] is not None,
        "tokens": tokens,
        "epochs": job.course.epochs,
        "hours": hours,
        "paid": share > 0,
        "usd": rates.trained_usd(tier, tokens=tokens, hours=hours),
        "source": rates.source,
    }


def trained_share(job: ObservedJob) -> float:
    """How much of a job's training is charged by now, from 0 to 1.

    Nothing for one that waits, was cancelled before it ran, or failed; what was done for one that runs, pauses or was
    cancelled while it ran (contract 4.6). Training is taken to be even over the running time.
    """
    life = job.life
    if life.succeeded(job.now):
        return 1.0
    if job.status == FAILED or job.now <= life.started_at:
        return 0.0
    until = min(job.now, life.ended_at)
    worked = until - life.started_at
    for pause in life.pauses:
        worked -= max(0.0, min(until, pause.resumed_at) - min(until, pause.paused_at))
    return min(1.0, worked / life.running_seconds)


def _deployment_entry(call: Call, account: Account, found: ObservedDeployment) -> dict[str, object]:
    row = found.row
    hours = round(hosted_seconds(found) / _HOUR_SECONDS, 4)
    rates = rates_of(call.db, str(row["base_model"]))
    rate = _hosting_usd(row, rates)
    return {
        "name": row["name"],
        "account": account.name,
        "model": row["model"],
        "sku": row["sku_name"],
        "present": found.present,
        "hours": hours,
        "usd_per_hour": rate,
        "usd": round(hours * rate, 6),
        "prompt_tokens": row["prompt_tokens"],
        "completion_tokens": row["completion_tokens"],
        "source": rates.source,
    }


def hosted_seconds(found: ObservedDeployment) -> float:
    """How long a life of a deployment has lasted: from its creation, whether it is called or not (contract 2.8)."""
    return float(max(0.0, min(found.now, found.gone_at) - found.row["created_at"]))


def _hosting_usd(row: sqlite3.Row, rates: Rates) -> float:
    """Per hour: nothing for base models, the Developer tier and what never came up (the last is assumed)."""
    if not row["custom"] or row["sku_name"] == "DeveloperTier" or row["failure"]:
        return 0.0
    if _PROVISIONED in row["sku_name"]:
        return float(rates.ptu_usd * row["capacity"])
    return rates.hosting_usd


def _show_prices(call: Call) -> Answer:
    return Answer(
        payload={
            "dated": DATED,
            "models": {name: asdict(rates_of(call.db, name)) for name in PRICES},
            "overrides": read_overrides(call.db),
        }
    )


def _put_prices(call: Call) -> Answer:
    try:
        write_overrides(call.db, call.fields)
    except UnusablePrices as unusable:
        raise WireError(400, "invalidPayload", f"{unusable}.") from None
    return _show_prices(call)


_DOOR: Final = frozenset({Surface.DOOR})
ROUTES: Final = (
    Route("GET", "/_emulator/bill", _bill, _DOOR),
    Route("GET", "/_emulator/prices", _show_prices, _DOOR),
    Route("PUT", "/_emulator/prices", _put_prices, _DOOR, body="json", writes=True),
)
