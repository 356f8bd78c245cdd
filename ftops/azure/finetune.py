"""Fine-tuning jobs: list, observe, create, cancel, pause, resume, and what a job tells and keeps.

In: a DataPlane and ids or a Train act. Out: ObservedJob values. `create_job` is the only paid request of ftops: it is
sent once, and it is a success only when the answer names a job.
"""

from __future__ import annotations

from typing import Any

from ftops.azure import reading
from ftops.azure.data_plane import DataPlane, Document, segment
from ftops.azure.errors import Effect, unreadable
from ftops.azure.reading import JobCheckpoint, JobEvent
from ftops.core.change import Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedJob

_JOBS = "/fine_tuning/jobs"
#: Older dated versions have hyperparameters at the top level only (service contract, section 1.5).
_METHOD_SINCE = "2025-04-01"
_INPUTS_IN_METHOD = ("grader", "response_format")


def list_jobs(plane: DataPlane) -> tuple[ObservedJob, ...]:
    documents = plane.pages(f"listing the jobs of account {plane.alias}", _JOBS, unsaid_means_more=True)
    return tuple(reading.job(document) for document in documents)


def observe_job(plane: DataPlane, job_id: str) -> ObservedJob | None:
    try:
        document = plane.read(f"reading job {job_id} of account {plane.alias}", f"{_JOBS}/{segment(job_id)}")
    except RemoteError as error:
        if error.kind == "missing":
            return None
        raise
    return reading.job({**document, "id": job_id})


def create_job(plane: DataPlane, train: Train, api_version: str) -> ObservedJob:
    """The paid request. What its errors prove is said at `AccountClient.create_job` in the executor's ports."""
    doing = f"creating the fine-tuning job {train.suffix} in account {plane.alias}"
    return _named(plane.pay(doing, _JOBS, job_body(train, api_version)), doing, "pay")


def job_body(train: Train, api_version: str) -> dict[str, Any]:
    """The JSON that buys the training. The service's own default is left out: Standard training (section 1.5)."""
    body: dict[str, Any] = {
        "model": train.model,
        "training_file": train.training_file,
        "suffix": train.suffix,
        "seed": train.seed,
    }
    if train.validation_file is not None:
        body["validation_file"] = train.validation_file
    if train.training_tier != "Standard":
        body["trainingType"] = train.training_tier
    hyperparameters = dict(train.hyperparameters)
    if train.method == "supervised" and api_version != "v1" and api_version < _METHOD_SINCE:
        return {**body, "hyperparameters": hyperparameters} if hyperparameters else body
    settings: dict[str, Any] = {key: train.inputs[key] for key in _INPUTS_IN_METHOD if key in train.inputs}
    if hyperparameters:
        settings["hyperparameters"] = hyperparameters
    return {**body, "method": {"type": train.method, **({train.method: settings} if settings else {})}}


def act_on_job(plane: DataPlane, job_id: str, action: str) -> ObservedJob:
    """`cancel`, `pause` or `resume`: one POST; returns the job as the service then shows it."""
    doing = f"asking to {action} job {job_id} of account {plane.alias}"
    return _named(plane.write(doing, "post", f"{_JOBS}/{segment(job_id)}/{action}"), doing, "write")


def list_events(plane: DataPlane, job_id: str) -> tuple[JobEvent, ...]:
    """Oldest first."""
    path = f"{_JOBS}/{segment(job_id)}/events"
    documents = plane.pages(f"listing the events of job {job_id}", path, unsaid_means_more=True)
    return tuple(reading.event(document) for document in reversed(documents))


def list_checkpoints(plane: DataPlane, job_id: str) -> tuple[JobCheckpoint, ...]:
    """Oldest first."""
    path = f"{_JOBS}/{segment(job_id)}/checkpoints"
    documents = plane.pages(f"listing the checkpoints of job {job_id}", path, unsaid_means_more=True)
    return tuple(reading.checkpoint(document) for document in reversed(documents))


def _named(document: Document, doing: str, effect: Effect) -> ObservedJob:
    job_id = document.get("id")
    if not isinstance(job_id, str) or not job_id or not job_id.isascii():
        raise unreadable(doing, "the answer names no job", effect)
    return reading.job(document)
