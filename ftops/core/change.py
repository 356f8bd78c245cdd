"""Change: what would happen to one resource in one account, why, and the one act that makes it so.

`reason` and `note` are for people and may never be branched on. `act` is for the executor: it is present when every
input is known now, absent while something it needs is still being made. It is in no JSON and no digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ftops.core.address import Address, Node
from ftops.core.desired import Content


class Action(StrEnum):
    KEEP = "keep"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    WAIT = "wait"
    BLOCKED = "blocked"
    FORGET = "forget"


#: Actions that write to Azure.
WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE})


class Cause(StrEnum):
    SPEC = "spec"
    DRIFT = "drift"
    DEPENDENCY = "dependency"
    MISSING = "missing"
    ORPHAN = "orphan"
    RESUME = "resume"


class Effect(StrEnum):
    """What changing a field does."""

    IN_PLACE = "in place"
    TRAINING = "forces training"
    REPLACEMENT = "forces replacement"
    UPLOAD = "new upload"
    HELD = "held"


#: Stands in `FieldChange.after` for what is not known before something else is made.
UNKNOWN = "(known after apply)"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One differing field. `before`/`after` are JSON values; `note` says more for people ("412 → 431 rows")."""

    path: str
    before: Any
    after: Any
    effect: Effect
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars. None is unknown, 0 is free."""

    once_usd: float | None = None
    once_usd_max: float | None = None
    monthly_usd: float | None = None
    basis: str = ""


# Acts: exactly what the executor sends. All identifiers are resolved.


@dataclass(frozen=True, slots=True)
class Upload:
    """Upload a dataset's canonical bytes under `file_name`."""

    file_name: str
    content: Content


@dataclass(frozen=True, slots=True)
class Train:
    """Submit one job: the only paid act. Everything the request body holds, resolved to ids."""

    token: str
    fingerprint: str
    model: str
    training_file: str
    validation_file: str | None
    suffix: str
    seed: int
    method: str
    hyperparameters: Mapping[str, int | float | str]
    training_tier: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeploymentBody:
    """What a deployment PUT carries. `source` is the ARM id of the account that owns the model, when another one."""

    model_name: str
    model_format: str
    model_version: str | None
    source: str | None
    sku: str
    capacity: int
    content_policy: str | None
    upgrade: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PutDeployment:
    """Create, or change in place, with one idempotent PUT."""

    name: str
    body: DeploymentBody


@dataclass(frozen=True, slots=True)
class ReplaceDeployment:
    """Delete, then create under the same name; `before` is put back when the create fails."""

    name: str
    body: DeploymentBody
    before: DeploymentBody


@dataclass(frozen=True, slots=True)
class DeleteFile:
    file_id: str


@dataclass(frozen=True, slots=True)
class DeleteModel:
    model_id: str


@dataclass(frozen=True, slots=True)
class DeleteDeployment:
    name: str


@dataclass(frozen=True, slots=True)
class AdoptJob:
    """Take a job up in the ledger; nothing is written to Azure."""

    token: str
    job_id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


Act = Upload | Train | PutDeployment | ReplaceDeployment | DeleteFile | DeleteModel | DeleteDeployment | AdoptJob


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. `needs` are the nodes whose changes must be done first.

    `subject` is Azure's own id of a thing that is not the entry's current one (the file of an older content, an orphan
    model), so that (node, subject) is unique in a plan; it is empty for the entry itself.
    """

    address: Address
    account: str
    action: Action
    cause: Cause | None = None
    subject: str = ""
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    needs: tuple[Node, ...] = ()
    cost: Cost | None = None
    hazards: tuple[str, ...] = ()
    act: Act | None = field(default=None, compare=False, repr=False)

    @property
    def node(self) -> Node:
        return Node(self.address, self.account)

    @property
    def writes(self) -> bool:
        return self.action in WRITING
