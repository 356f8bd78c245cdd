"""Confirm: a listing may lag behind; a job the ledger says was made is asked for by its id before it counts as gone.

Invariant I10: facts are rechecked. Only reads; used by every command that plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from ftops.core.errors import RemoteError
from ftops.core.observed import Observed, ObservedAccount, ObservedJob, Unread
from ftops.core.recorded import Recorded


class JobReader(Protocol):
    @property
    def arm_id(self) -> str: ...
    def observe_job(self, job_id: str) -> ObservedJob | None: ...


def confirm(observed: Observed, recorded: Recorded, clients: Mapping[str, JobReader]) -> Observed:
    """`observed`, with recorded jobs that the listings lack and the service still has; unread where it cannot say."""
    accounts = dict(observed.accounts)
    unread = list(observed.unread)
    for alias, account in sorted(observed.accounts.items()):
        client = clients.get(alias)
        if client is None or any(item.account == alias for item in unread):
            continue
        try:
            found = [client.observe_job(job_id) for job_id in _unlisted(account, recorded, client.arm_id)]
        except RemoteError as error:
            unread.append(Unread(alias, "recorded jobs", error.summary, error.hint))
            continue
        there = tuple(job for job in found if job is not None)
        if there:
            accounts[alias] = replace(account, jobs=(*account.jobs, *there))
    return replace(observed, accounts=accounts, unread=tuple(unread))


def _unlisted(account: ObservedAccount, recorded: Recorded, arm_id: str) -> list[str]:
    listed = {job.id for job in account.jobs}
    made = {job.job_id for job in recorded.jobs.values() if job.arm_id == arm_id and job.job_id is not None}
    return sorted(made - listed)
