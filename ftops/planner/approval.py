"""approval: is what would be done now within what a person approved? Plans are values; nothing else is looked at.

A plan that is applied changes under one's feet: what is done disappears from it, what was waited for comes true. What
remains must be a subset of what was approved (`outgrown`). A plan that was saved is an assertion besides: what it
touches, and what that depends on, must still be what it was made from (`moved`). What it did already is no movement.
"""

from __future__ import annotations

from collections.abc import Iterator

from ftops.core.address import Node
from ftops.core.change import Action, AdoptJob, Cause, Change
from ftops.core.plan import Plan
from ftops.core.recorded import Recorded
from ftops.planner.datasets import TEMPORARY
from ftops.planner.finetunes import SUPERSEDED, UNRESOLVED
from ftops.planner.trainings import LOOKALIKE

_MAKE = frozenset({Action.CREATE, Action.REPLACE})
_EDITING = frozenset({Action.UPDATE, Action.REPLACE, Action.DELETE})
#: Hazards that appear only when somebody did something.
_TELLING = frozenset({LOOKALIKE, SUPERSEDED})
#: What an approved action covers later. A deployment that was to be created is not replaced: no delete was shown.
_COVERS = {
    "dataset": {Action.CREATE: _MAKE, Action.REPLACE: _MAKE, Action.DELETE: frozenset({Action.DELETE})},
    "finetune": {Action.CREATE: _MAKE, Action.REPLACE: _MAKE, Action.DELETE: frozenset({Action.DELETE})},
    "deployment": {
        Action.CREATE: frozenset({Action.CREATE, Action.UPDATE}),
        Action.UPDATE: frozenset({Action.UPDATE}),
        Action.REPLACE: frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE}),
        Action.DELETE: frozenset({Action.DELETE}),
    },
}


def outgrown(approved: Plan, now: Plan) -> tuple[Change, ...]:
    """The changes of `now` that would write to Azure and were not approved; empty means: go on.

    A delete in it became possible only by time passing (a job ended that read the file) or by somebody else; it can
    be left for another plan. Anything else in it means that the approved plan is stale.
    """
    shown = {(change.node, change.subject): change for change in approved.changes}
    return tuple(
        change for change in now.pending if not _within(change, shown.get((change.node, change.subject)), shown)
    )


def _within(change: Change, before: Change | None, shown: dict[tuple[Node, str], Change]) -> bool:
    if before is not None and change.action in _COVERS[change.address.kind].get(before.action, frozenset()):
        return True
    if before is not None and _announced(change, before):
        return True
    return _own_debris(change, shown.get((change.node, "")))


def _announced(change: Change, before: Change) -> bool:
    """A hazard told what comes: the submission that is resolved by waiting, the upload that goes after training."""
    if change.address.kind == "finetune" and change.action in _MAKE:
        return UNRESOLVED in before.hazards
    return change.action is Action.DELETE and TEMPORARY in before.hazards


def _own_debris(change: Change, entry: Change | None) -> bool:
    """A broken upload that this very apply left: it was to be uploaded, and what came of it cannot be used."""
    broken = change.action is Action.DELETE and change.cause is Cause.DRIFT and change.address.kind == "dataset"
    return broken and entry is not None and entry.action in _MAKE


def came_with_time(approved: Plan, change: Change) -> bool:
    """Whether an unapproved change became possible by waiting: it is left for another plan and makes none stale."""
    before = approved.change_of(change.node, change.subject)
    return change.action is Action.DELETE or (before is not None and before.action is Action.WAIT)


def elsewhere(approved: Plan, change: Change) -> bool:
    """Whether a change is about nothing that the approved plan touches or depends on."""
    return str(change.node) not in approved.base.rests_on


def moved(saved: Plan, now: Plan, recorded: Recorded) -> tuple[str, ...]:
    """What makes a saved plan stale, as sentences for people; empty when it still holds.

    The ledger tells what an earlier apply of the plan did from what somebody else did.
    """
    told = [*_basis(saved, now)]
    if not told:
        told += _things(saved, now, recorded)
        more = [c for c in outgrown(saved, now) if not came_with_time(saved, c) and not elsewhere(saved, c)]
        told += [f"it would {change.action.value} {change.node} now" for change in more]
        told += _errors(saved, now)
    return tuple(dict.fromkeys(told))


def _basis(saved: Plan, now: Plan) -> Iterator[str]:
    """Whether it is about the same project, specs, accounts and ledger at all."""
    if not saved.complete:
        yield "it is incomplete"
    used = {change.account for change in saved.changes}
    before, after = saved.base, now.base
    pairs = {
        "project": (saved.project, now.project),
        "environment": (saved.environment, now.environment),
        "specs or data": (before.specs, after.specs),
        "accounts": [{alias: ids.get(alias) for alias in used} for ids in (before.accounts, after.accounts)],
        "ledger": (before.lineage or after.lineage, after.lineage),
    }
    for what, (was, becomes) in pairs.items():
        if was != becomes:
            yield f"{what} changed since it was made"
    if before.lineage and before.lineage == after.lineage and after.seq < before.seq:
        yield "the ledger went back behind it"


def _errors(saved: Plan, now: Plan) -> Iterator[str]:
    """What became suspicious, or somebody else's, among what the plan touches."""
    touched = {change.address for change in saved.changes if str(change.node) in saved.base.rests_on}
    known = {(diagnostic.code, diagnostic.address) for diagnostic in saved.diagnostics}
    for diagnostic in now.diagnostics:
        about = diagnostic.severity == "error" and diagnostic.code.startswith("plan.") and diagnostic.address in touched
        if about and (diagnostic.code, diagnostic.address) not in known:
            yield diagnostic.summary


def _things(saved: Plan, now: Plan, recorded: Recorded) -> Iterator[str]:
    present = {(change.node, change.subject): change for change in now.changes}
    for before in saved.changes:
        after = present.get((before.node, before.subject))
        if after is None or str(before.node) not in saved.base.rests_on:
            continue
        if before.action is Action.KEEP:
            if after.action is Action.BLOCKED:
                yield f"{before.node} is blocked now: {after.reason}"
        elif before.address.kind == "finetune":
            yield from _training_moved(before, after, now, recorded)
        elif before.address.kind == "deployment" and after.writes:
            yield from _deployment_moved(before, after, saved, now)


def _training_moved(before: Change, after: Change, now: Plan, recorded: Recorded) -> Iterator[str]:
    """A job of our token that the ledger knows nothing of was submitted by somebody else."""
    arm_id = now.base.accounts.get(after.account, "").lower()
    ours = [job for job in recorded.jobs.values() if job.arm_id.lower() == arm_id]
    if {*after.hazards} & _TELLING - {*before.hazards}:
        yield f"{before.node}: {after.reason or 'a job that looks the same appeared'}"
    if before.action not in _MAKE:
        return
    if isinstance(after.act, AdoptJob) and after.act.token not in {job.token for job in ours}:
        yield f"{before.node}: job {after.act.job_id} of somebody else carries the same token"
    dependent = after.cause is Cause.DEPENDENCY
    if after.action is Action.BLOCKED and not dependent and after.address not in {job.address for job in ours}:
        yield f"{before.node} is blocked now: {after.reason}"


def _deployment_moved(before: Change, after: Change, saved: Plan, now: Plan) -> Iterator[str]:
    """Its approved change is still to be made, on a deployment that is another one than was looked at."""
    place = str(before.node)
    edited = saved.base.rests_on[place] != now.base.rests_on.get(place)
    if before.action in _EDITING and after.action is not Action.CREATE and edited:
        yield f"{before.node} was changed since it was made"
    if before.action is Action.CREATE and after.action is not Action.CREATE:
        yield f"{before.node} exists by now, and is not what the plan makes"
