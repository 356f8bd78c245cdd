"""Checkpoints copied to another account, behind a preview header (contract 1.8).

In: a checkpoint of this account and the ARM id and region of another. Out: where it was copied, and how far that is.
A copy keeps its name, is listed nowhere at its destination, and can be deployed and trained further there.
"""

from __future__ import annotations

from typing import Any, Final

from ftops.emulator.course import checkpoints
from ftops.emulator.exchange import Account, Answer, Call, read_account
from ftops.emulator.names import arm_id
from ftops.emulator.observed_jobs import ObservedJob, account_lives, find_job
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.wire_errors import invalid_payload, no_such_route, not_found

_GATE: Final = "aoai-copy-ft-checkpoints"


def _copy(call: Call) -> Answer:
    job, checkpoint = _source(call)
    destination = _destination(call)
    # Without a job of its own an account has no place for models; that shows only when the copying ends.
    possible = bool(account_lives(call, destination)) and destination.key != call.home.key
    call.db.execute(
        "INSERT INTO copies (account, destination, job, checkpoint, model, settled_at, possible)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            call.home.key,
            destination.key,
            job.id,
            checkpoint["id"],
            checkpoint["fine_tuned_model_checkpoint"],
            call.now + call.profile.copy_seconds,
            possible,
        ),
    )
    return _shown(call, job, checkpoint)


def _observe(call: Call) -> Answer:
    return _shown(call, *_source(call))


def _source(call: Call) -> tuple[ObservedJob, dict[str, Any]]:
    if (call.request.headers.get(_GATE) or "").lower() != "preview":
        raise no_such_route()
    job = find_job(call, call.names["job"])
    wanted = call.names["checkpoint"]
    for entry in [] if job.unsafe else checkpoints(job.course, job.life, job.now):
        if wanted in (entry["id"], entry["fine_tuned_model_checkpoint"]):
            return job, entry
    raise not_found("checkpoint")


def _destination(call: Call) -> Account:
    fields = call.fields
    if set(fields) != {"destinationResourceId", "region"}:
        raise invalid_payload("The body must hold destinationResourceId and region.")
    resource, region = str(fields["destinationResourceId"]), str(fields["region"])
    account = read_account(call.db, resource.rpartition("/")[2])
    if account is None or arm_id(account.name).lower() != resource.lower():
        raise invalid_payload("destinationResourceId names no account.", param="destinationResourceId")
    if region.replace(" ", "").lower() != account.location:
        raise invalid_payload("region is not where the destination is.", param="region")
    return account


def _shown(call: Call, job: ObservedJob, checkpoint: dict[str, Any]) -> Answer:
    rows = call.db.execute(
        "SELECT c.*, a.name, a.location FROM copies c JOIN accounts a ON a.name_key = c.destination"
        " WHERE c.checkpoint = ? AND c.serial = (SELECT max(serial) FROM copies"
        " WHERE checkpoint = c.checkpoint AND destination = c.destination) ORDER BY c.serial",
        (checkpoint["id"],),
    )
    details = [
        {
            "destinationResourceId": arm_id(row["name"]),
            "region": row["location"],
            "status": "InProgress" if call.now < row["settled_at"] else "Completed" if row["possible"] else "Failed",
        }
        for row in rows
    ]
    return Answer(
        payload={
            "checkpointedModelName": checkpoint["fine_tuned_model_checkpoint"],
            "fineTuningJobId": job.id,
            "copiedAccountDetails": details,
        }
    )


_PATH: Final = "fine_tuning/jobs/{job}/checkpoints/{checkpoint}/copy"
_SINCE: Final = "2025-04-01"
ROUTES: Final = (
    Route("POST", _PATH, _copy, BOTH, body="json", writes=True, since=_SINCE),
    Route("GET", _PATH, _observe, BOTH, since=_SINCE),
)
