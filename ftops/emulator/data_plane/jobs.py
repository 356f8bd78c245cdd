"""Jobs: create, list, observe, events, checkpoints (contract 1.5 to 1.10).

In: create requests and ids. Out: job objects in Azure's form: null keys left out, `auto` as -1 until the job
runs, the model canonical. A refused request leaves no trace; an accepted one is a row whose life is computed.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ftops.emulator import course as courses
from ftops.emulator.catalogue import BaseModel, base_model
from ftops.emulator.data_plane.file_rows import FINE_TUNE, created, file_status, find_file
from ftops.emulator.data_plane.job_request import JobRequest, checked_request
from ftops.emulator.data_plane.paging import PARAMETERS, optional_after, page_limit, page_of
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.ids import derived_hex, new_hex
from ftops.emulator.observed_jobs import (
    ObservedJob,
    account_lives,
    find_job,
    find_model,
    jobs_page,
)
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.row_formats import CHAT, COMPLETION, PREFERENCE, PROMPTS
from ftops.emulator.rows import Verdict
from ftops.emulator.training import FAILED, PENDING
from ftops.emulator.wire_errors import (
    WireError,
    invalid_payload,
    quota_exceeded,
    unexpected_entity_state,
)

_SHAPES: Final = {"supervised": CHAT, "dpo": PREFERENCE, "reinforcement": PROMPTS}


def _create(call: Call) -> Answer:
    asked = checked_request(call)
    base, parent = _trainable(call, asked)
    training = _usable_file(call, asked.training_file, "training_file")
    validation = None if asked.validation_file is None else _usable_file(call, asked.validation_file, "validation_file")
    _check_quota(call)
    job_id = _insert(call, asked, base, parent, training, _flaw(call, asked, base, training, validation))
    return created(call, job_shown(find_job(call, job_id)), f"fine_tuning/jobs/{job_id}")


def _trainable(call: Call, asked: JobRequest) -> tuple[BaseModel, str]:
    """The base model, and the canonical id of what is trained on. Raises `WireError` 400."""
    base, parent = base_model(asked.model), None
    if base is None:
        parent = find_model(call, call.home, asked.model)
        base = base_model(parent.row["base_model"]) if parent else None
    if base is None:
        raise invalid_payload(
            "The specified base model does not exist or is not visible to this resource.", param="model"
        )
    if parent is not None and not base.continuable:
        raise invalid_payload("The specified model cannot be fine-tuned further.", param="model")
    if asked.method not in base.methods:
        raise invalid_payload(
            f"The specified base model does not support fine-tuning with the method {asked.method}.", param="model"
        )
    _check_tier(call, asked, base)
    return base, asked.model if parent else base.id


def _check_tier(call: Call, asked: JobRequest, base: BaseModel) -> None:
    if asked.tier is None:
        if call.profile.training_tier_required and "standard" not in base.tiers:
            # Misleading on purpose: the service says this when only trainingType is missing (catalogue C29).
            raise invalid_payload("The specified base model does not support fine-tuning.", param="model")
        return
    if asked.tier not in base.tiers:
        name = asked.tier[0].upper() + asked.tier[1:]
        raise invalid_payload(
            f"The specified base model does not support fine-tuning with {name} TrainingType.", param="trainingType"
        )


def _usable_file(call: Call, file_id: str, param: str) -> Verdict:
    try:
        row = find_file(call, file_id)
    except WireError:
        raise invalid_payload("The specified file could not be found.", param=param) from None
    if row["purpose"] != FINE_TUNE:
        raise invalid_payload("The specified file does not have the purpose fine-tune.", param=param)
    status, _ = file_status(row, call.now)
    if status != "processed":
        raise unexpected_entity_state(f"The specified file is in status {status}; it must be processed.")
    return Verdict.from_json(row["verdict"])


def _check_quota(call: Call) -> None:
    profile = call.profile
    known = account_lives(call, call.home)
    if len(known) >= profile.jobs_ever_max:
        raise quota_exceeded(f"The quota for fine-tuning jobs is reached. The maximum is {profile.jobs_ever_max}.")
    if len(known) < profile.jobs_queued_max:
        return
    queued = sum(1 for life in known.values() if life.status(call.now) == PENDING)
    if queued >= profile.jobs_queued_max:
        raise quota_exceeded(
            f"The quota for queued fine-tuning jobs is reached. The maximum is {profile.jobs_queued_max}."
        )


def _flaw(
    call: Call, asked: JobRequest, base: BaseModel, training: Verdict, validation: Verdict | None
) -> dict[str, str] | None:
    shape = COMPLETION if base.completion else _SHAPES[asked.method]
    least = call.profile.training_rows_min
    if training.rows < least:
        return _failure(
            "invalidPayload",
            "training_file",
            f"Training file has {training.rows} example(s), but must have at least {least} examples.",
        )
    for param, verdict in (("training_file", training), ("validation_file", validation)):
        if verdict is not None and shape in verdict.faults:
            fault = verdict.faults[shape]
            return _failure("jsonlValidationFailed", param, f"Validation of jsonl file failed: {fault}.")
    epochs = asked.hyperparameters.get("n_epochs") or courses.effective_epochs(training.rows)
    if training.tokens * epochs > call.profile.trained_tokens_max:
        return _failure(
            "invalidPayload",
            "training_file",
            f"The tokens in the file times epochs exceed {call.profile.trained_tokens_max}.",
        )
    return None


def _failure(code: str, param: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "param": param}


def _insert(
    call: Call, asked: JobRequest, base: BaseModel, parent: str, training: Verdict, flaw: dict[str, str] | None
) -> str:
    digits = new_hex(call.db, call.profile.id_seed)
    job_id = f"ftjob-{digits}"
    prefix = parent.partition(":")[0] if call.profile.chained_model_prefix == "parent" else base.id
    produced = f"{prefix}.ft-{digits}" + (f"-{asked.suffix}" if asked.suffix else "")
    request = {
        "training_file": asked.training_file,
        "validation_file": asked.validation_file,
        "hyperparameters": asked.hyperparameters,
        "method": asked.method_echo,
        "suffix": asked.suffix,
        "trainingType": asked.tier,
        "metadata": asked.metadata,
        "integrations": asked.integrations,
    }
    seed = int(derived_hex("seed", digits)[:8], 16) >> 1 if asked.seed is None else asked.seed
    profile = call.profile
    call.db.execute(
        "INSERT INTO jobs (id, account, created_at, model, base_model, produced_model, method, request, seed,"
        " developer, rows, tokens, failure, pending_seconds, running_seconds, results_file)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job_id,
            call.home.key,
            call.now,
            parent,
            base.id,
            produced,
            asked.method,
            json.dumps(request),
            seed,
            asked.tier == "developerTier",
            training.rows,
            training.tokens,
            json.dumps(flaw) if flaw else None,
            profile.job_pending_seconds,
            profile.job_running_seconds,
            "file-" + derived_hex("results", digits),
        ),
    )
    return job_id


def job_shown(job: ObservedJob) -> dict[str, object]:
    """The job object (contract 1.6 and 9)."""
    row, request, life = job.row, job.request, job.life
    hyperparameters = _hyperparameters(job)
    shown: dict[str, object] = {
        "id": job.id,
        "object": "fine_tuning.job",
        "created_at": int(row["created_at"]),
        "model": row["model"],
        "status": job.status,
        "training_file": request["training_file"],
        "hyperparameters": {name: hyperparameters[name] for name in _ALWAYS_SHOWN},
        "seed": row["seed"],
    }
    for name in ("validation_file", "suffix", "trainingType", "metadata", "integrations"):
        if request.get(name):
            shown[name] = request[name]
    if echo := request.get("method"):
        kind = echo["type"]
        shown["method"] = {"type": kind, kind: {**echo["body"], "hyperparameters": hyperparameters}}
    if job.now < life.ended_at:
        expected = life.ended_at if life.ended_at < float("inf") else row["created_at"] + row["running_seconds"]
        shown["estimated_finish"] = int(expected) + 1
        return shown
    shown["finished_at"] = int(life.ended_at)
    if life.succeeded(job.now):
        shown["fine_tuned_model"] = job.produced_model
        shown["result_files"] = [row["results_file"]]
        shown["trained_tokens"] = job.course.trained_tokens
    elif job.status == FAILED:
        shown["error"] = dict(job.failure)
    return shown


_ALWAYS_SHOWN: Final = ("batch_size", "learning_rate_multiplier", "n_epochs")


def _hyperparameters(job: ObservedJob) -> dict[str, Any]:
    """-1 for auto, replaced once the job runs; the multiplier is resolved at once (contract 1.6)."""
    asked = job.request["hyperparameters"]
    running = job.now >= job.life.started_at
    nano = "nano" in job.row["base_model"]
    found: dict[str, Any] = {"batch_size": -1, "learning_rate_multiplier": 0.1 if nano else 1.0, "n_epochs": -1}
    if job.row["method"] == "dpo":
        found["beta"] = 0.1
    if running:
        found["batch_size"] = job.course.batch_size
        found["n_epochs"] = job.course.epochs
        found["learning_rate_multiplier"] = 0.1 if nano else 2.0
    return {**found, **asked}


def _list(call: Call) -> Answer:
    limit = page_limit(call.query, 20)
    page, more = jobs_page(call, after=optional_after(call), limit=limit)
    return Answer(payload={"object": "list", "data": [job_shown(job) for job in page], "has_more": more})


def _observe(call: Call) -> Answer:
    return Answer(payload=job_shown(find_job(call, call.names["job"])))


def _events(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    entries = courses.events(job.course, job.life, job.now, job.failure["message"])
    return Answer(payload=page_of(entries, call.query, 20))


def _checkpoints(call: Call) -> Answer:
    job = find_job(call, call.names["job"])
    return Answer(payload=page_of(courses.checkpoints(job.course, job.life, job.now), call.query, 10))


_JOBS: Final = "fine_tuning/jobs"
ROUTES: Final = (
    Route("POST", _JOBS, _create, BOTH, body="json", writes=True),
    Route("GET", _JOBS, _list, BOTH, parameters=PARAMETERS | {"metadata["}),
    Route("GET", _JOBS + "/{job}", _observe, BOTH),
    Route("GET", _JOBS + "/{job}/events", _events, BOTH, parameters=PARAMETERS),
    Route("GET", _JOBS + "/{job}/checkpoints", _checkpoints, BOTH, parameters=PARAMETERS, since="2024-05-01"),
)
