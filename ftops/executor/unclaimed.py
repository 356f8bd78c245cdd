"""Unclaimed: intents whose outcome nobody waits for any more, because the specs moved on before it was known.

What the specs still ask for is settled when it is recognised. The rest would stay open for ever, although the listing
shows what came of it: here it is settled by the job that carries its token and is what the intent asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftops.core import identity
from ftops.core.change import AdoptJob
from ftops.core.observed import ObservedAccount, ObservedJob
from ftops.core.recorded import RecordedJob
from ftops.executor.paid import settle
from ftops.executor.turn import Turn
from ftops.planner import fingerprinted


def settle_unclaimed(turn: Turn) -> None:
    """Writes what is known of open intents; raises LedgerError when it cannot be written. Sends nothing."""
    claimed = {(turn.client(c).arm_id, c.act.token) for c in turn.plan.changes if isinstance(c.act, AdoptJob)}
    for account in turn.observed.accounts.values():
        client = turn.run.clients[account.alias]
        for intent in turn.recorded.jobs.values():
            if intent.arm_id != client.arm_id or intent.outcome != "sending":
                continue
            job = _job_of(intent, account)
            if job is not None and (intent.arm_id, intent.token) not in claimed:
                settle(turn, intent.arm_id, intent.token, intent.nonce, job_id=job.id)
                turn.tell(None, "note", f"job {job.id} is what an interrupted run submitted for {intent.address}")


def _job_of(intent: RecordedJob, account: ObservedAccount) -> ObservedJob | None:
    """The oldest job with the intent's token that does not contradict it; a doubtful one is for the planner to tell."""
    contents = {file.id: identity.content_hex_of(file.name) for file in account.files}
    carrying = [job for job in account.jobs if identity.token_of(job.suffix) == intent.token]
    agreeing = [job for job in carrying if _agrees(job, intent.inputs, contents)]
    return min(agreeing, key=lambda job: (job.created_at, job.id), default=None)


def _agrees(job: ObservedJob, inputs: Mapping[str, Any], contents: Mapping[str, str | None]) -> bool:
    """What is not known (a file that is gone, the model of a continued training) contradicts nothing."""
    carried = contents.get(job.training_file)
    seed = inputs.get("seed", identity.seed(identity.fingerprint(fingerprinted(inputs))))
    return (
        inputs.get("model") in (None, job.model.lower())
        and job.seed in (None, seed)
        and (carried is None or str(inputs.get("training", "")).startswith(carried))
    )
