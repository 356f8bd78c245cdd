"""What the schema holds but this version gives no effect: data. Using it is an error, never silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ftops.core.address import Kind


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A key (a path into an entry) without effect, unless its value is one of `supported`."""

    kind: Kind | Literal["project"]
    path: tuple[str, ...]
    supported: tuple[Any, ...] = ()


UNSUPPORTED: tuple[Unsupported, ...] = (
    Unsupported("project", ("imports",)),
    Unsupported("project", ("policy",)),
    Unsupported("project", ("drift",)),
    Unsupported("dataset", ("url",)),
    Unsupported("dataset", ("sha256",)),
    Unsupported("dataset", ("ignore",)),
    Unsupported("finetune", ("method",), ("supervised",)),
    Unsupported("finetune", ("hyperparameters", "beta")),
    Unsupported("finetune", ("hyperparameters", "l2_multiplier")),
    Unsupported("finetune", ("hyperparameters", "reasoning_effort")),
    Unsupported("finetune", ("hyperparameters", "compute_multiplier")),
    Unsupported("finetune", ("hyperparameters", "eval_interval")),
    Unsupported("finetune", ("hyperparameters", "eval_samples")),
    Unsupported("finetune", ("grader",)),
    Unsupported("finetune", ("response_format",)),
    Unsupported("finetune", ("integrations",)),
    Unsupported("finetune", ("checkpoint",), ("last",)),
    Unsupported("finetune", ("gates",)),
    Unsupported("deployment", ("checkpoint",), ("last",)),
    Unsupported("deployment", ("rollout",), ("recreate",)),
    Unsupported("deployment", ("drain",)),
)

_ROWS: Mapping[str, tuple[Unsupported, ...]] = {
    kind: tuple(row for row in UNSUPPORTED if row.kind == kind)
    for kind in ("project", "dataset", "finetune", "deployment")
}


def unsupported_in(kind: Kind | Literal["project"], data: Mapping[str, Any]) -> Iterator[Unsupported]:
    """The rows of the table that `data`, one entry as written, makes use of."""
    for row in _ROWS[kind]:
        if row.path[0] in data and _used(row, data):
            yield row


def _used(row: Unsupported, data: Any) -> bool:
    for part in row.path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return not any(data == value for value in row.supported)
