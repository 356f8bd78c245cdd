"""Sweep: if two jobs carry the same token, the oldest is the job (invariant I9).

That can only happen without a shared ledger, or in a pause between the deadline check and the socket. A later job that
has not ended is cancelled before it costs more; one that has ended is reported. Nothing is ever deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from ftops.core import identity
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedFile, ObservedJob
from ftops.executor.ports import LedgerSession
from ftops.executor.turn import Turn

_ENDED_WITHOUT_MODEL = frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A later job for the same training. `kept` is the oldest."""

    token: str
    kept: ObservedJob
    later: ObservedJob


def duplicates(
    jobs: Iterable[ObservedJob], tokens: frozenset[str], files: Iterable[ObservedFile] = ()
) -> tuple[Duplicate, ...]:
    """Every later job of one of these trainings that is, or was, worth money; the oldest first by (created_at, id).

    Two machines may each have uploaded the same content, so files are compared by what their names say they hold.
    """
    contents = {file.id: identity.content_hex_of(file.name) or file.id for file in files}
    carrying: dict[str, list[ObservedJob]] = defaultdict(list)
    for job in jobs:
        token = identity.token_of(job.suffix) or identity.token_of(job.fine_tuned_model)
        if token in tokens and job.status not in _ENDED_WITHOUT_MODEL:
            carrying[token].append(job)
    found = []
    for token, same in sorted(carrying.items()):
        kept, *later = sorted(same, key=lambda job: (job.created_at, job.id))
        found += [Duplicate(token, kept, job) for job in later if _same_training(kept, job, contents)]
    return tuple(found)


def sweep(turn: Turn) -> None:
    """Cancels and reports the duplicates among what this ledger paid for. A cancel that fails is tried next turn."""
    for account in turn.observed.accounts.values():
        client = turn.run.clients[account.alias]
        tokens = frozenset(token for arm_id, token in turn.recorded.jobs if arm_id == client.arm_id)
        for found in duplicates(account.jobs, tokens, account.files):
            if found.later.terminal:
                turn.voice.note_once(f"job {found.later.id} is a second training of what job {found.kept.id} trained")
                continue
            try:
                client.cancel_job(found.later.id)
            except RemoteError as error:
                turn.tell(None, "note", f"cancelling the duplicate job {found.later.id}: {error.summary}")
                continue
            turn.tell(None, "note", f"cancelled job {found.later.id}: job {found.kept.id} is the same training")
            note = partial(_note, arm_id=client.arm_id, found=found)
            turn.record(note)


def _note(session: LedgerSession, *, arm_id: str, found: Duplicate) -> None:
    session.note_swept(arm_id=arm_id, token=found.token, kept=found.kept.id, cancelled=found.later.id)


def _same_training(kept: ObservedJob, later: ObservedJob, contents: Mapping[str, str]) -> bool:
    """Fields may be unknown (None, ""), never different: then it is the planner's to call suspicious."""
    files = [contents.get(job.training_file, job.training_file) for job in (kept, later)]
    pairs = ((kept.model.lower(), later.model.lower()), (kept.seed, later.seed), files)
    return all(not one or not other or one == other for one, other in pairs)
