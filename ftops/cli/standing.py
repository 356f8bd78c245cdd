"""What the specs ask for beside what Azure shows of it now. In: Desired and Observed. Out: one Standing per resource.

For `status`, `show` and `output`; nothing is decided from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftops.core import identity
from ftops.core.address import Node
from ftops.core.desired import Desired, DesiredDeployment, DesiredFinetune
from ftops.core.identity import TAG_ADDRESS, TAG_ENVIRONMENT, TAG_PROJECT, TAG_ROLE
from ftops.core.observed import Observed, ObservedAccount, ObservedDeployment, ObservedFile, ObservedJob

NOT_THERE = "absent"
UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Standing:
    """One resource in one account. `status` is the service's word, or absent, or unread when nobody could look."""

    node: Node
    status: str
    file: ObservedFile | None = None
    job: ObservedJob | None = None
    deployment: ObservedDeployment | None = None

    @property
    def model(self) -> str | None:
        """What it made or serves."""
        if self.deployment is not None:
            return self.deployment.model_name
        return self.job.fine_tuned_model if self.job is not None else None

    @property
    def moving(self) -> bool:
        """Whether it will change without anybody doing anything."""
        if self.job is not None:
            return not self.job.terminal
        return self.status in ("Creating", "Accepted", "Updating", "Deleting", "Moving", "Scaling")


def standings(desired: Desired, observed: Observed) -> list[Standing]:
    """Finetunes, then deployments, then datasets, each in order of their names."""
    return [
        *sorted(_finetunes(desired, observed), key=lambda s: s.node),
        *sorted(_deployments(desired, observed), key=lambda s: s.node),
        *sorted(_datasets(desired, observed), key=lambda s: s.node),
    ]


def job_of(finetune: DesiredFinetune, account: ObservedAccount) -> ObservedJob | None:
    """The job a finetune stands for: the named one, or the oldest useful one that carries its token."""
    if finetune.existing:
        return next((j for j in account.jobs if j.id == finetune.existing_job), None)
    mine = [job for job in account.jobs if finetune.token in (_token(job.suffix), _token(job.fine_tuned_model))]
    useful = [job for job in mine if job.status not in ("failed", "cancelled")]
    return min(useful or mine, key=lambda job: (job.created_at, job.id), default=None)


def _token(carrier: str | None) -> str | None:
    return identity.token_of(carrier)


def _unread(observed: Observed, alias: str) -> bool:
    return alias not in observed.accounts or any(item.account == alias for item in observed.unread)


def _finetunes(desired: Desired, observed: Observed) -> Iterator[Standing]:
    for finetune in desired.finetunes:
        if _unread(observed, finetune.account):
            yield Standing(finetune.node, UNREAD)
            continue
        job = job_of(finetune, observed.accounts[finetune.account])
        yield Standing(finetune.node, job.status if job else NOT_THERE, job=job)


def _deployments(desired: Desired, observed: Observed) -> Iterator[Standing]:
    for wanted in desired.deployments:
        if _unread(observed, wanted.account):
            yield Standing(wanted.node, UNREAD)
            continue
        found = live_deployment(desired, wanted, observed.accounts[wanted.account])
        yield Standing(wanted.node, found.provisioning if found else NOT_THERE, deployment=found)


def live_deployment(desired: Desired, wanted: DesiredDeployment, account: ObservedAccount) -> ObservedDeployment | None:
    """The deployment that serves an entry now: ours and in the role `live`, or else the one with its name."""
    ours = {
        TAG_PROJECT: desired.project,
        TAG_ENVIRONMENT: desired.environment,
        TAG_ADDRESS: str(wanted.address),
    }
    tagged = [d for d in account.deployments if ours.items() <= dict(d.tags).items()]
    live = [d for d in tagged if d.tags.get(TAG_ROLE) == "live"]
    named = [d for d in account.deployments if d.name.lower() == wanted.name.lower()]
    return next(iter([*live, *named]), None)


def _datasets(desired: Desired, observed: Observed) -> Iterator[Standing]:
    for dataset in desired.datasets:
        if _unread(observed, dataset.account):
            yield Standing(dataset.node, UNREAD)
            continue
        files = observed.accounts[dataset.account].files
        held = [f for f in files if identity.content_hex_of(f.name) == dataset.content.sha256[:32]]
        file = min(held, key=lambda f: (f.status != "processed", f.created_at, f.id), default=None)
        yield Standing(dataset.node, file.status if file else NOT_THERE, file=file)
