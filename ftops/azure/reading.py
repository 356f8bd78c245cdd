"""Reading: the service's JSON as observed values. Pure; the service's text is cleaned of secrets here.

In: one object of a listing or an answer. Out: a value of core, with absent and null keys alike (Azure omits rather than
nulls: service contract, section 1.6). It must never make up a value that decides something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from ftops.azure.redact import shown
from ftops.core import identity
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob, ObservedModel

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's log. `created_at` in unix seconds; `data` holds the metrics of a metrics event."""

    id: str
    created_at: int
    level: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """A model kept from the end of an epoch; `model` is what a deployment or a next job names."""

    id: str
    created_at: int
    step: int
    model: str
    metrics: Mapping[str, Any] = field(default_factory=dict)


def file(document: Document) -> ObservedFile:
    """Service contract, section 1.4."""
    return ObservedFile(
        id=document["id"],
        name=_text(document, "filename"),
        status=_text(document, "status").lower(),
        size_bytes=_integer(document, "bytes"),
        purpose=_text(document, "purpose"),
        detail=shown(_text(document, "status_details")),
        created_at=_integer(document, "created_at") or 0,
    )


def job(document: Document) -> ObservedJob:
    """Service contract, section 1.6."""
    error = _mapping(document, "error")
    results = document.get("result_files")
    return ObservedJob(
        id=document["id"],
        status=_text(document, "status").lower(),
        model=_text(document, "model"),
        created_at=_integer(document, "created_at") or 0,
        training_file=_text(document, "training_file"),
        validation_file=_optional(document, "validation_file"),
        suffix=_optional(document, "suffix") or _optional(document, "user_provided_suffix"),
        seed=_integer(document, "seed"),
        fine_tuned_model=_optional(document, "fine_tuned_model"),
        finished_at=_integer(document, "finished_at"),
        estimated_finish=_integer(document, "estimated_finish"),
        trained_tokens=_integer(document, "trained_tokens"),
        result_files=tuple(str(one) for one in results) if isinstance(results, list) else (),
        hyperparameters=_hyperparameters(document),
        error_code=shown(_text(error, "code")),
        error_message=shown(_text(error, "message")),
    )


def finetuned_model(document: Document) -> ObservedModel | None:
    """None for a base model. v1 tells the two apart by name only (service contract, section 1.11)."""
    trained = isinstance(document.get("fine_tune"), str) or identity.job_hex(document["id"]) is not None
    created_at = _integer(document, "created_at") or _integer(document, "created") or 0
    return ObservedModel(document["id"], created_at) if trained else None


def event(document: Document) -> JobEvent:
    """Service contract, section 1.9. Dated versions say `warning`, v1 says `warn`."""
    level = _text(document, "level").lower()
    return JobEvent(
        id=document["id"],
        created_at=_integer(document, "created_at") or 0,
        level="warning" if level == "warn" else level,
        message=shown(_text(document, "message")),
        data=_mapping(document, "data"),
    )


def checkpoint(document: Document) -> JobCheckpoint:
    """Service contract, section 1.10."""
    return JobCheckpoint(
        id=document["id"],
        created_at=_integer(document, "created_at") or 0,
        step=_integer(document, "step_number") or 0,
        model=_text(document, "fine_tuned_model_checkpoint"),
        metrics=_mapping(document, "metrics"),
    )


def deployment(document: Document) -> ObservedDeployment:
    """Service contract, section 2.2. The owner of a model in another account stands in `source` or `sourceAccount`."""
    properties, sku = _mapping(document, "properties"), _mapping(document, "sku")
    model = _mapping(properties, "model")
    tags = _mapping(document, "tags")
    return ObservedDeployment(
        name=document["name"],
        provisioning=_text(properties, "provisioningState"),
        sku=_text(sku, "name"),
        capacity=_integer(sku, "capacity"),
        model_name=_text(model, "name"),
        model_version=_optional(model, "version"),
        model_format=_optional(model, "format") or "OpenAI",
        source=_optional(model, "source") or _optional(model, "sourceAccount"),
        content_policy=_optional(properties, "raiPolicyName"),
        upgrade=_optional(properties, "versionUpgradeOption"),
        tags={str(name): str(value) for name, value in tags.items()},
        created_at=_unix_seconds(_text(_mapping(document, "systemData"), "createdAt")),
    )


def _hyperparameters(document: Document) -> Document:
    top_level = _mapping(document, "hyperparameters")
    method = _mapping(document, "method")
    return top_level or _mapping(_mapping(method, _text(method, "type")), "hyperparameters")


def _text(document: Document, key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _optional(document: Document, key: str) -> str | None:
    return _text(document, key) or None


def _integer(document: Document, key: str) -> int | None:
    value = document.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        return None
    return int(value)


def _mapping(document: Document, key: str) -> Document:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _unix_seconds(timestamp: str) -> int:
    try:
        return int(datetime.fromisoformat(timestamp).timestamp())
    except ValueError:
        return 0
