"""Desired: what the specs say, resolved and ready to compare. Built by the loader, read by the planner.

Names are resolved to addresses, variables are replaced, dataset files are hashed, identities (F, T) are computed.
Nothing here knows YAML, and nothing here has been compared with Azure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ftops.core import identity
from ftops.core.account import Account
from ftops.core.address import Address, Node
from ftops.core.diagnostic import Diagnostic, Position

Checkpoint = str | int
"""`last`, `best` or a step number."""


@dataclass(frozen=True, slots=True)
class Content:
    """A dataset's canonical bytes: no BOM, LF line ends, exactly one final LF.

    `path` is relative to the project, for opening at upload; it is in no digest. `rows` counts lines.
    """

    sha256: str
    size_bytes: int
    rows: int
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DesiredDataset:
    """A dataset in one account that trains on it."""

    address: Address
    account: str
    content: Content
    keep: Literal["always", "until_trained"] = "always"
    protect: bool = False
    position: Position | None = field(default=None, compare=False)

    @property
    def node(self) -> Node:
        return Node(self.address, self.account)


@dataclass(frozen=True, slots=True)
class DesiredFinetune:
    """One training run, or (`existing_job`) one that was paid for before ftops.

    `inputs` is what F is computed from, in spec vocabulary, for reasons and the ledger: `model` or `parent`,
    `training` and `validation` (content hashes), `hyperparameters`, `suffix`, ... with defaults left out.
    """

    address: Address
    account: str
    fingerprint: str
    inputs: Mapping[str, Any]
    base_model: str | None = None
    parent: Address | None = None
    checkpoint: Checkpoint = "last"
    existing_job: str | None = None
    existing_model: str | None = None
    training: Address | None = None
    validation: Address | None = None
    training_content: Content | None = None
    validation_content: Content | None = None
    suffix: str | None = None
    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    hyperparameters: Mapping[str, int | float | str] = field(default_factory=dict)
    training_tier: str = "Standard"
    author_seed: int | None = None
    hold: bool = False
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    position: Position | None = field(default=None, compare=False)

    @property
    def node(self) -> Node:
        return Node(self.address, self.account)

    @property
    def existing(self) -> bool:
        return self.existing_job is not None or self.existing_model is not None

    @property
    def token(self) -> str:
        return identity.token(self.fingerprint)

    @property
    def seed(self) -> int:
        return identity.seed(self.fingerprint) if self.author_seed is None else self.author_seed

    @property
    def suffix_sent(self) -> str:
        return identity.suffix_sent(self.suffix, self.token)


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model as a deployment names it. `version` None means the service's default, never compared."""

    name: str
    version: str | None = None
    format: str = "OpenAI"


@dataclass(frozen=True, slots=True)
class DesiredDeployment:
    """A deployment of a finetune or of a base model. None in a field means: not managed, never compared."""

    address: Address
    account: str
    name: str
    sku: str
    fingerprint: str
    finetune: Address | None = None
    finetune_account: str | None = None
    checkpoint: Checkpoint = "last"
    base_model: BaseModel | None = None
    capacity: int | None = None
    content_policy: str | None = None
    upgrade: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    rollout: Literal["recreate", "blue_green"] = "recreate"
    on_expiry: Literal["recreate", "leave"] = "recreate"
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    position: Position | None = field(default=None, compare=False)

    @property
    def node(self) -> Node:
        return Node(self.address, self.account)


DesiredResource = DesiredDataset | DesiredFinetune | DesiredDeployment


@dataclass(frozen=True, slots=True)
class Limits:
    """Rules that refuse. None means no limit. `max_deletes` counts orphan deployments and models."""

    max_cost_usd: float | None = None
    max_new_jobs: int | None = None
    max_new_jobs_per_day: int | None = None
    max_deletes: int | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything the specs ask for, in one environment.

    `specs_digest` covers the meaning of the specs (not comments, order or file names). `emptied` is true when the spec
    set declares nothing at all. `unused_datasets` stay on this machine (no finetune uses them).
    """

    project: str
    environment: str
    accounts: Mapping[str, Account]
    datasets: tuple[DesiredDataset, ...] = ()
    finetunes: tuple[DesiredFinetune, ...] = ()
    deployments: tuple[DesiredDeployment, ...] = ()
    limits: Limits = Limits()
    train: bool = True
    delete_models: bool = False
    specs_digest: str = ""
    emptied: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def resources(self) -> tuple[DesiredResource, ...]:
        return (*self.datasets, *self.finetunes, *self.deployments)
