"""approval: is what would be done now within what a person approved? Both plans are values; nothing else is looked at.

A plan that is applied changes under one's feet: what is done disappears from it, what was waited for comes true. What
remains must be a subset of what was approved. The specs and accounts of both plans are compared by the caller.
"""

from __future__ import annotations

from ftops.core.address import Node
from ftops.core.change import Action, Cause, Change
from ftops.core.plan import Plan
from ftops.planner.datasets import TEMPORARY
from ftops.planner.finetunes import UNRESOLVED

_MAKE = frozenset({Action.CREATE, Action.REPLACE})
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
