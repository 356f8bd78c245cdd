"""Models: the base catalogue and what the account has trained, unpaged (contract 1.11).

In: nothing or an id. Out: Azure's rich element on dated routes, OpenAI's four keys on v1. The delete route is in
no document; what it does is a profile value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ftops.emulator.catalogue import CATALOGUE, BaseModel, base_model
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.observed_deployments import deployments_of
from ftops.emulator.observed_jobs import ObservedJob, find_model, succeeded_jobs
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.wire_errors import Surface, WireError, no_such_method, no_such_route, not_found

_BASE_CREATED_AT: Final = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())
_TRAINING_ENDS_AT: Final = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())  # a year on, where no source has a date
_INFERENCE_ENDS_AT: Final = int(datetime(2027, 6, 1, tzinfo=UTC).timestamp())  # two years on
_NEW_STATUSES_SINCE: Final = "2025-04-01"


def _list(call: Call) -> Answer:
    visible_until = call.now - call.profile.models_list_lag_seconds
    entries = [_shown_base(call, model) for model in CATALOGUE]
    trained = [job for job in succeeded_jobs(call, call.home) if job.model_listed]
    entries += [_shown_trained(call, job) for job in trained if job.life.ended_at <= visible_until]
    return Answer(payload={"object": "list", "data": entries})


def _observe(call: Call) -> Answer:
    name = call.names["model"]
    if base := base_model(name):
        return Answer(payload=_shown_base(call, base))
    job = find_model(call, call.home, name)
    if job is None or name != job.produced_model:
        raise not_found("model")
    return Answer(payload=_shown_trained(call, job))


def _delete(call: Call) -> Answer:
    choice = call.profile.delete_model_route
    if choice == "405":
        raise no_such_method("DELETE", ["GET"])
    if choice == "404":
        raise no_such_route()
    job = find_model(call, call.home, call.names["model"])
    if job is None or job.produced_model != call.names["model"]:
        raise not_found("model")
    if _deployed(call, job.produced_model):
        raise WireError(409, "conflict", "The model has a deployment and cannot be deleted.")
    call.db.execute("UPDATE jobs SET model_deleted_at = ? WHERE id = ?", (call.now, job.id))
    return Answer(payload={"object": "model", "id": job.produced_model, "deleted": True})


def _deployed(call: Call, model: str) -> bool:
    return any(found.row["model"] == model for found in deployments_of(call, call.home))


def _shown_base(call: Call, model: BaseModel) -> dict[str, object]:
    if call.surface is Surface.V1:
        return {"id": model.id, "object": "model", "created": _BASE_CREATED_AT, "owned_by": "openai"}
    # The catalogue's flag is wrong for open-weight models, in Azure too (contract 1.11).
    capabilities = _capabilities(model, finetunable=model.format == "OpenAI")
    return {
        "id": model.id,
        "object": "model",
        "created_at": _BASE_CREATED_AT,
        "status": "succeeded",
        "capabilities": capabilities,
        "lifecycle_status": "preview" if model.preview else _lifecycle(call, model.base_ends_at),
        "deprecation": {
            "fine_tune": _unix(model.training_ends_at, _TRAINING_ENDS_AT),
            "inference": _unix(model.base_ends_at, _INFERENCE_ENDS_AT),
        },
    }


def _unix(instant: float, default: int) -> int:
    return int(instant) if instant < float("inf") else default


def _lifecycle(call: Call, ends_at: float) -> str:
    """What the dates say; without the switch, and in documents that know no end, a model stays available."""
    if not call.profile.retirements or call.version < _NEW_STATUSES_SINCE or ends_at == float("inf"):
        return "generally-available"
    return "deprecated" if call.now >= ends_at else "deprecating"


def _shown_trained(call: Call, job: ObservedJob) -> dict[str, object]:
    if call.surface is Surface.V1:
        return {"id": job.produced_model, "object": "model", "created": int(job.life.ended_at), "owned_by": "system"}
    base = base_model(job.row["base_model"])
    assert base is not None, "a trained model has a base in the catalogue"
    ends_at = base.finetuned_ends_at(job.life.ended_at)
    return {
        "id": job.produced_model,
        "object": "model",
        "created_at": int(job.life.ended_at),
        "status": "succeeded",
        "model": job.row["base_model"],
        "fine_tune": job.id,
        "capabilities": _capabilities(base, finetunable=False),
        "lifecycle_status": _lifecycle(call, ends_at),
        "deprecation": {"inference": _unix(ends_at, _INFERENCE_ENDS_AT)},
    }


def _capabilities(model: BaseModel, *, finetunable: bool) -> dict[str, bool]:
    return {
        "fine_tune": finetunable,
        "inference": True,
        "completion": model.completion,
        "chat_completion": not model.completion,
        "embeddings": False,
    }


ROUTES: Final = (
    Route("GET", "models", _list, BOTH),
    Route("GET", "models/{model}", _observe, BOTH),
    Route("DELETE", "models/{model}", _delete, BOTH, writes=True),
)
