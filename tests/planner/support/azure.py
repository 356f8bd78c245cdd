"""A small Azure: what accounts hold, in memory, and what each act of a plan does to it. Its clock is a counter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from ftops.core import identity
from ftops.core.change import (
    Act,
    AdoptJob,
    DeleteDeployment,
    DeleteFile,
    DeleteModel,
    DeploymentBody,
    PutDeployment,
    ReplaceDeployment,
    Train,
    Upload,
)
from ftops.core.observed import (
    Observed,
    ObservedAccount,
    ObservedDeployment,
    ObservedFile,
    ObservedJob,
    ObservedModel,
    Unread,
)


@dataclass
class AccountAzure:
    """One account. `bought` lists the token of every job that a plan submitted: the billing meter."""

    alias: str
    arm_id: str
    files: dict[str, ObservedFile] = field(default_factory=dict)
    jobs: dict[str, ObservedJob] = field(default_factory=dict)
    models: dict[str, ObservedModel] = field(default_factory=dict)
    deployments: dict[str, ObservedDeployment] = field(default_factory=dict)
    bought: list[str] = field(default_factory=list)

    def observed(self) -> ObservedAccount:
        return ObservedAccount(
            self.alias,
            self.arm_id,
            "eastus2",
            tuple(self.files.values()),
            tuple(self.jobs.values()),
            tuple(self.models.values()),
            tuple(self.deployments.values()),
        )


class Azure:
    """All accounts. Ids are told apart by a counter, so that every test can say them in advance."""

    def __init__(self, accounts: dict[str, str]) -> None:
        self.accounts = {alias: AccountAzure(alias, arm_id) for alias, arm_id in accounts.items()}
        self.unread: tuple[Unread, ...] = ()
        self._count = 0

    def observed(self) -> Observed:
        return Observed({alias: account.observed() for alias, account in self.accounts.items()}, self.unread)

    def tick(self) -> int:
        self._count += 1
        return self._count

    def add_file(self, account: str, name: str, size_bytes: int | None, **fields: Any) -> ObservedFile:
        count = self.tick()
        file = ObservedFile(f"file-{count}", name, "processed", size_bytes, created_at=count)
        file = replace(file, **fields)
        self.accounts[account].files[file.id] = file
        return file

    def add_job(self, account: str, **fields: Any) -> ObservedJob:
        count = self.tick()
        job = ObservedJob(f"ftjob-{count:032x}", "running", "gpt-4o-mini-2024-07-18", count)
        job = replace(job, **fields)
        self.accounts[account].jobs[job.id] = job
        return job

    def finish(self, account: str, job_id: str, status: str = "succeeded", message: str = "") -> ObservedJob:
        home = self.accounts[account]
        job = replace(home.jobs[job_id], status=status, error_message=message)
        if status == "succeeded":
            model = f"{job.model.partition('.ft-')[0]}.ft-{identity.job_hex(job.id)}-{job.suffix}"
            job = replace(job, fine_tuned_model=model)
            home.models[model] = ObservedModel(model, job.created_at)
        home.jobs[job_id] = job
        return job

    def put(self, account: str, name: str, body: DeploymentBody, **fields: Any) -> ObservedDeployment:
        """As the service does it: what was left out is filled in, so it is never absent when it is read."""
        deployment = ObservedDeployment(
            name=name,
            provisioning="Succeeded",
            sku=body.sku,
            capacity=body.capacity,
            model_name=body.model_name,
            model_version=body.model_version or "2024-07-18",
            model_format=body.model_format,
            source=body.source,
            content_policy=body.content_policy or "Microsoft.DefaultV2",
            upgrade=body.upgrade or "OnceNewDefaultVersionAvailable",
            tags=body.tags,
            created_at=self.tick(),
        )
        deployment = replace(deployment, **fields)
        self.accounts[account].deployments[name] = deployment
        return deployment

    def act(self, account: str, act: Act) -> ObservedJob | None:
        """Does one act; returns the job a training made."""
        home = self.accounts[account]
        match act:
            case Upload():
                self.add_file(account, act.file_name, act.content.size_bytes)
            case Train():
                home.bought.append(act.token)
                return self.add_job(
                    account,
                    model=act.model,
                    training_file=act.training_file,
                    validation_file=act.validation_file,
                    suffix=act.suffix,
                    seed=act.seed,
                )
            case PutDeployment() | ReplaceDeployment():
                self.put(account, act.name, act.body)
            case DeleteFile():
                del home.files[act.file_id]
            case DeleteModel():
                del home.models[act.model_id]
            case DeleteDeployment():
                del home.deployments[act.name]
            case AdoptJob():
                pass
        return None


def sha_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
