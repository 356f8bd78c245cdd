"""invariants: what must hold in every plan, whatever the world looks like. A breach is a bug and stops everything.

Checked once more at the end, from the changes alone, because the price of a mistake here is somebody's money or data.
"""

from __future__ import annotations

from collections.abc import Iterable

from ftops.core.change import (
    Action,
    AdoptJob,
    Change,
    DeleteDeployment,
    DeleteFile,
    DeleteModel,
    PutDeployment,
    ReplaceDeployment,
    Train,
    Upload,
)
from ftops.planner.identify import owned_by_project
from ftops.planner.situation import Situation

_MAKING = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})
_ACTIONS_OF = {
    Upload: _MAKING,
    Train: _MAKING,
    PutDeployment: _MAKING,
    ReplaceDeployment: frozenset({Action.REPLACE}),
    DeleteFile: frozenset({Action.DELETE}),
    DeleteModel: frozenset({Action.DELETE}),
    DeleteDeployment: frozenset({Action.DELETE}),
    AdoptJob: frozenset({Action.ADOPT}),
}


def check_invariants(situation: Situation, changes: Iterable[Change]) -> None:
    """Raises AssertionError when a plan would pay twice, touch what is not ours, or act on something unresolved."""
    paid: set[tuple[str, str]] = set()
    for change in changes:
        act = change.act
        assert act is None or change.action in _ACTIONS_OF[type(act)], f"{change.node}: its act is not its action"
        assert act is None or not change.needs, f"{change.node}: an act that still needs something"
        assert act is not None or change.needs or not change.writes, f"{change.node}: a write that nothing holds back"
        if isinstance(act, Train):
            _check_training(situation, change, act, paid)
        elif act is not None:
            _check_ownership(situation, change)


def _check_training(situation: Situation, change: Change, act: Train, paid: set[tuple[str, str]]) -> None:
    key = (situation.arm_id(change.account), act.token)
    assert key not in paid, f"{change.node}: the same training twice"
    assert situation.desired.train, f"{change.node}: this environment never trains"
    assert act.model, f"{change.node}: a training of nothing"
    assert act.training_file, f"{change.node}: a training on nothing"
    paid.add(key)


def _check_ownership(situation: Situation, change: Change) -> None:
    inventory = situation.inventories[change.account]
    act = change.act
    if isinstance(act, DeleteFile):
        assert owned_by_project(situation, inventory.file_by_id[act.file_id]), f"{change.node}: a foreign file"
        assert act.file_id not in inventory.files_in_use, f"{change.node}: a job still reads this file"
    elif isinstance(act, PutDeployment | ReplaceDeployment | DeleteDeployment):
        observed = inventory.deployment(act.name)
        assert observed is None or situation.owns(observed), f"{change.node}: a foreign deployment"
