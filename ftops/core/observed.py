"""Observed: what Azure holds now, in plain values. Built by the survey (ftops.azure), read by the planner.

Everything an account holds is listed, ours or not: the planner does the recognising. Text that came from the service
is untrusted; it is never interpreted, only shown (escaped by the renderers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FILE_READY = "processed"
FILE_FAILED = frozenset({"error", "deleted", "deleting", "failed"})
JOB_TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
#: Stable but not terminal: a paused job trains on after `resume` (service contract, section 1.7).
JOB_PAUSED = frozenset({"paused", "pausing"})
DEPLOYMENT_SETTLED = frozenset({"Succeeded", "Failed", "Canceled", "Disabled"})


@dataclass(frozen=True, slots=True)
class ObservedFile:
    """A file of the data plane. `created_at` in unix seconds; `size_bytes` is None until the service knows."""

    id: str
    name: str
    status: str
    size_bytes: int | None = None
    purpose: str = "fine-tune"
    detail: str = ""
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A fine-tuning job. `suffix` is whichever of `suffix` and `user_provided_suffix` the service echoed."""

    id: str
    status: str
    model: str
    created_at: int
    training_file: str = ""
    validation_file: str | None = None
    suffix: str | None = None
    seed: int | None = None
    fine_tuned_model: str | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    trained_tokens: int | None = None
    result_files: tuple[str, ...] = ()
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_message: str = ""

    @property
    def terminal(self) -> bool:
        return self.status in JOB_TERMINAL


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """A fine-tuned model of the account (base models are not kept)."""

    id: str
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class ObservedDeployment:
    """A deployment as ARM shows it. `created_at` in unix seconds (systemData.createdAt), 0 when not told."""

    name: str
    provisioning: str
    sku: str
    capacity: int | None
    model_name: str
    model_version: str | None = None
    model_format: str = "OpenAI"
    source: str | None = None
    content_policy: str | None = None
    upgrade: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ObservedAccount:
    """One account's inventory. Newest first where the service says so; the planner does not rely on order."""

    alias: str
    arm_id: str
    location: str = ""
    files: tuple[ObservedFile, ...] = ()
    jobs: tuple[ObservedJob, ...] = ()
    models: tuple[ObservedModel, ...] = ()
    deployments: tuple[ObservedDeployment, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be listed. A failed look is never absence."""

    account: str
    what: str
    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What all accounts hold, and what could not be read. `complete` is false when anything is unread."""

    accounts: Mapping[str, ObservedAccount]
    unread: tuple[Unread, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.unread
