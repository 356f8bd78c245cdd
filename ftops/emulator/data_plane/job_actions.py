"""What a caller may do to a job that exists: cancel, pause, resume, delete (contract 1.8).

In: job ids. Out: the job after the act. Acts are appended with the instant they take effect; the job's life
follows from them.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.catalogue import base_model
from ftops.emulator.course import steps_trained
from ftops.emulator.data_plane.job_view import job_shown
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.observed_jobs import ObservedJob, find_job
from ftops.emulator.routing import BOTH, DATED, Route
from ftops.emulator.training import RUNNING, TERMINAL
from ftops.emulator.wire_errors import WireError, unexpected_entity_state


def _cancel(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    if job.status in TERMINAL:
        raise _wrong_status(job, "cancelled")
    return _act(call, job, "cancel", call.profile.job_cancel_seconds)


def _pause(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    if job.status != RUNNING:
        raise _wrong_status(job, "paused")
    base = base_model(job.row["base_model"])
    if base is not None and not base.pausable:
        raise unexpected_entity_state("A job on this model cannot be paused.")
    if not steps_trained(job.course, job.life, call.now):
        raise unexpected_entity_state("A job can be paused once it has trained a step.")
    return _act(call, job, "pause", call.profile.job_pause_seconds)


def _resume(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    if job.status != "paused":
        raise _wrong_status(job, "resumed")
    return _act(call, job, "resume", call.profile.job_pause_seconds)


def _delete(call: Call) -> Answer:
    """Only once it has ended; what becomes of its model is a profile value (assumed: it stays)."""
    job = find_job(call, call.names["job"])
    if job.status not in TERMINAL:
        # 409, as the contract has it: the SDK has no call for this route that would send it again.
        raise WireError(409, "conflict", f"A job in status {job.status} cannot be deleted.")
    call.db.execute("UPDATE jobs SET deleted_at = ? WHERE id = ?", (call.now, job.id))
    if not call.profile.delete_job_keeps_model:
        call.db.execute("UPDATE jobs SET model_deleted_at = ? WHERE id = ?", (call.now, job.id))
    return Answer(204)


def _act(call: Call, job: ObservedJob, act: str, seconds: float) -> Answer:
    call.db.execute(
        "INSERT INTO job_acts (job, act, at, settled_at) VALUES (?, ?, ?, ?)",
        (job.id, act, call.now, call.now + seconds),
    )
    return Answer(payload=job_shown(call, find_job(call, job.id)))


def _wrong_status(job: ObservedJob, participle: str) -> Exception:
    return unexpected_entity_state(f"A job in status {job.status} cannot be {participle}.")


_JOB: Final = "fine_tuning/jobs/{job}"
_PAUSING_SINCE: Final = "2025-04-01"
ROUTES: Final = (
    Route("POST", _JOB + "/cancel", _cancel, BOTH, body="json", writes=True),
    Route("POST", _JOB + "/pause", _pause, BOTH, body="json", writes=True, since=_PAUSING_SINCE),
    Route("POST", _JOB + "/resume", _resume, BOTH, body="json", writes=True, since=_PAUSING_SINCE),
    Route("DELETE", _JOB, _delete, DATED, writes=True),
)
