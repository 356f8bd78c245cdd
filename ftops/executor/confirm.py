"""Confirm: listings may lag behind, and are not of one moment. What they seem to say of jobs is looked at once more.

A job the ledger says was made is asked for by its id before it counts as gone (invariant I10: facts are rechecked). A
model of ours whose job is not listed may have been made between the two listings, and only the job tells whether it is
the training that was asked for: the jobs are listed again. Only reads; used by every command that plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from ftops.core import identity
from ftops.core.errors import RemoteError
from ftops.core.observed import Observed, ObservedAccount, ObservedJob, Unread
from ftops.core.recorded import Recorded


class JobReader(Protocol):
    @property
    def arm_id(self) -> str: ...
    def observe_job(self, job_id: str) -> ObservedJob | None: ...
    def list_jobs(self) -> tuple[ObservedJob, ...]: ...


def confirm(observed: Observed, recorded: Recorded, clients: Mapping[str, JobReader]) -> Observed:
    """`observed`, with recorded jobs that the listings lack and the service still has; unread where it cannot say."""
    accounts = dict(observed.accounts)
    unread = list(observed.unread)
    for alias, account in sorted(observed.accounts.items()):
        client = clients.get(alias)
        if client is None or any(item.account == alias for item in unread):
            continue
        try:
            accounts[alias] = _confirmed(account, recorded, client)
        except RemoteError as error:
            unread.append(Unread(alias, "recorded jobs", error.summary, error.hint))
    return replace(observed, accounts=accounts, unread=tuple(unread))


def _confirmed(account: ObservedAccount, recorded: Recorded, client: JobReader) -> ObservedAccount:
    if _has_model_without_job(account):
        account = replace(account, jobs=client.list_jobs())
    found = [client.observe_job(job_id) for job_id in _unlisted(account, recorded, client.arm_id)]
    there = tuple(job for job in found if job is not None)
    return replace(account, jobs=(*account.jobs, *there)) if there else account


def _has_model_without_job(account: ObservedAccount) -> bool:
    listed = {identity.job_hex(job.id) for job in account.jobs}
    ours = (model.id for model in account.models if identity.token_of(model.id))
    return any(identity.job_hex(model_id) not in listed for model_id in ours)


def _unlisted(account: ObservedAccount, recorded: Recorded, arm_id: str) -> list[str]:
    listed = {job.id for job in account.jobs}
    made = {job.job_id for job in recorded.jobs.values() if job.arm_id == arm_id and job.job_id is not None}
    return sorted(made - listed)
