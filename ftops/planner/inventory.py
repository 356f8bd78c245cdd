"""Inventory: what one account holds, indexed once, so that every decision is a look-up and never a search.

In: an ObservedAccount, in any order. Out: the same things by id, by content, by token and by name, oldest first.
It recognises nothing by itself and knows nothing of what is desired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ftops.core import identity
from ftops.core.observed import ObservedAccount, ObservedDeployment, ObservedFile, ObservedJob

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Inventory:
    """One account. Every list is ordered by (created_at, id), so that the first one is the oldest."""

    alias: str
    arm_id: str
    files: tuple[ObservedFile, ...]
    jobs: tuple[ObservedJob, ...]
    model_ids: tuple[str, ...]
    deployments: Mapping[str, ObservedDeployment]
    file_by_id: Mapping[str, ObservedFile]
    files_by_hex: Mapping[str, tuple[ObservedFile, ...]]
    job_by_id: Mapping[str, ObservedJob]
    jobs_by_token: Mapping[str, tuple[ObservedJob, ...]]
    jobs_of_file: Mapping[str, tuple[ObservedJob, ...]]
    jobs_without_token: Mapping[str, tuple[ObservedJob, ...]]
    models_by_token: Mapping[str, tuple[str, ...]]
    models_by_hex: Mapping[str, tuple[str, ...]]
    deployed_by_token: Mapping[str, tuple[ObservedDeployment, ...]]
    continued_tokens: frozenset[str]
    files_in_use: frozenset[str] = field(default_factory=frozenset)

    def deployment(self, name: str) -> ObservedDeployment | None:
        """By ARM name; ARM compares names case-insensitively."""
        return self.deployments.get(name.casefold())


def index(account: ObservedAccount) -> Inventory:
    """Indexes one account. `jobs_without_token` is keyed by lower-cased model; names of deployments are case-folded."""
    files = tuple(sorted(account.files, key=lambda f: (f.created_at, f.id)))
    jobs = tuple(sorted(account.jobs, key=lambda j: (j.created_at, j.id)))
    models = tuple(sorted({model.id for model in account.models}))
    deployments = {d.name.casefold(): d for d in sorted(account.deployments, key=lambda d: d.name)}
    whole = [model for model in models if ":ckpt-step-" not in model]
    unfinished = [job for job in jobs if not job.terminal]
    return Inventory(
        alias=account.alias,
        arm_id=account.arm_id.lower(),
        files=files,
        jobs=jobs,
        model_ids=models,
        deployments=deployments,
        file_by_id={file.id: file for file in files},
        files_by_hex=_grouped(files, lambda f: identity.content_hex_of(f.name)),
        job_by_id={job.id: job for job in jobs},
        jobs_by_token=_grouped(jobs, job_token),
        jobs_of_file=_jobs_of_file(jobs),
        jobs_without_token=_grouped([j for j in jobs if job_token(j) is None], lambda j: j.model.casefold()),
        models_by_token=_grouped(whole, identity.token_of),
        models_by_hex=_grouped(whole, identity.job_hex),
        deployed_by_token=_grouped(deployments.values(), lambda d: identity.token_of(d.model_name)),
        continued_tokens=frozenset(t for t in (identity.token_of(job.model) for job in jobs) if t),
        files_in_use=frozenset(i for job in unfinished for i in (job.training_file, job.validation_file) if i),
    )


def job_token(job: ObservedJob) -> str | None:
    """The token a job carries: in its suffix, or in the model it made (service contract, section 1.6)."""
    return identity.token_of(job.suffix) or identity.token_of(job.fine_tuned_model)


def _jobs_of_file(jobs: Iterable[ObservedJob]) -> dict[str, tuple[ObservedJob, ...]]:
    readers: defaultdict[str, list[ObservedJob]] = defaultdict(list)
    for job in jobs:
        for file_id in {job.training_file, job.validation_file} - {"", None}:
            readers[str(file_id)].append(job)
    return {file_id: tuple(group) for file_id, group in readers.items()}


def _grouped(things: Iterable[T], key: Callable[[T], K | None]) -> dict[K, tuple[T, ...]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for thing in things:
        name = key(thing)
        if name is not None:
            groups[name].append(thing)
    return {name: tuple(group) for name, group in groups.items()}
