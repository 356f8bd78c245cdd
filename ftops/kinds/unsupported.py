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
    Unsupported("project", ("imports",), ({},)),
    Unsupported("project", ("policy",)),
    Unsupported("project", ("drift",)),
    Unsupported("dataset", ("url",)),
    Unsupported("dataset", ("sha256",)),
    Unsupported("dataset", ("ignore",), ([],)),
    Unsupported("finetune", ("method",), ("supervised",)),
    Unsupported("finetune", ("hyperparameters", "beta"), ("auto",)),
    Unsupported("finetune", ("hyperparameters", "l2_multiplier"), ("auto",)),
    Unsupported("finetune", ("hyperparameters", "reasoning_effort")),
    Unsupported("finetune", ("hyperparameters", "compute_multiplier"), ("auto",)),
    Unsupported("finetune", ("hyperparameters", "eval_interval"), ("auto",)),
    Unsupported("finetune", ("hyperparameters", "eval_samples"), ("auto",)),
    Unsupported("finetune", ("grader",)),
    Unsupported("finetune", ("response_format",)),
    Unsupported("finetune", ("integrations",), ([],)),
    Unsupported("finetune", ("checkpoint",), ("last",)),
    Unsupported("finetune", ("gates",), ([],)),
    Unsupported("deployment", ("checkpoint",), ("last",)),
    Unsupported("deployment", ("rollout",), ("recreate",)),
    Unsupported("deployment", ("drain",), ("5m",)),
)

_BY_KEY: dict[str, dict[str, list[Unsupported]]] = {}
for _row in UNSUPPORTED:
    _BY_KEY.setdefault(_row.kind, {}).setdefault(_row.path[0], []).append(_row)


def unsupported_in(kind: Kind | Literal["project"], data: Mapping[str, Any]) -> Iterator[Unsupported]:
    """The rows of the table that `data`, one entry as written, makes use of."""
    rows = _BY_KEY[kind]
    if rows.keys().isdisjoint(data):
        return
    for key in data:
        for row in rows.get(key, ()):
            if _used(row, data):
                yield row


def _used(row: Unsupported, data: Any) -> bool:
    for part in row.path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return not any(data == value for value in row.supported)
