"""Training: what F is computed from. A finetune's spec, its parent and its contents in, the `inputs` of F out.

Everything that stands at its default is left out, so that omitted, `auto` and the spelled-out default are one training,
and a key that a later version adds never changes an old F. The golden file in tests/identity pins the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.core import identity
from ftops.core.desired import Content
from ftops.kinds.finetune import ExistingSpec, FinetuneSpec


def training_inputs(
    spec: FinetuneSpec, *, parent: str | None, training: Content, validation: Content | None
) -> dict[str, Any]:
    """The inputs of F in spec vocabulary; `parent` is the identity of the finetune that is continued."""
    inputs: dict[str, Any] = {"training": training.sha256}
    if spec.model is not None:
        inputs["model"] = spec.model.lower()
    if parent is not None:
        inputs["parent"] = parent
    said: Mapping[str, tuple[Any, Any]] = {
        "checkpoint": (spec.checkpoint, "last"),
        "validation": (validation.sha256 if validation else None, None),
        "suffix": (spec.suffix, None),
        "method": (spec.method, "supervised"),
        "hyperparameters": (hyperparameters(spec), {}),
        "grader": (spec.grader, None),
        "response_format": (spec.response_format, None),
        "training_tier": (spec.training_tier, "Standard"),
        "seed": (spec.seed, None),
        "rerun": (spec.rerun, 0),
    }
    return inputs | {key: value for key, (value, default) in said.items() if value != default}


def hyperparameters(spec: FinetuneSpec) -> dict[str, int | float | str]:
    """Those that are not left to Azure, numbers in one spelling (2.0 is 2)."""
    written = spec.hyperparameters
    return {
        name: _canonical(value)
        for name in sorted(written.model_fields_set)
        if (value := getattr(written, name)) not in ("auto", None)
    }


def existing_identity(existing: ExistingSpec) -> str:
    """One identity for a job and the model it made: the hex they share; else what was written."""
    carrier = existing.job or existing.model or ""
    shared = identity.job_hex(carrier)
    if shared and ":ckpt-step-" not in carrier:
        return f"job:{shared}"
    return f"job:{existing.job}" if existing.job else f"model:{existing.model}"


def _canonical(value: int | float | str) -> int | float | str:
    return int(value) if isinstance(value, float) and value.is_integer() else value
