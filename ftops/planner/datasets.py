"""datasets: what happens to the upload of one dataset in one account that trains on it. Uploads cost nothing.

Content counts, not names: datasets with equal content in one account share one upload, made in the name of the first.
"""

from __future__ import annotations

from ftops.core import identity
from ftops.core.address import Node
from ftops.core.change import Action, Cause, Change, DeleteFile, Upload
from ftops.core.desired import DesiredDataset
from ftops.core.observed import ObservedFile
from ftops.planner import reasons
from ftops.planner.decision import Decision
from ftops.planner.identify import Copies, copies, owned_by_project, recorded_elsewhere
from ftops.planner.situation import Situation

#: `keep: until_trained`: the upload goes again, within the same plan, once every job that reads it has succeeded.
TEMPORARY = "deleted-after-training"


def decide_dataset(situation: Situation, dataset: DesiredDataset, users: tuple[Decision, ...]) -> Decision:
    """Decides one upload; `users` are the decisions about all finetunes of the account that train on its content."""
    twins = situation.datasets_of_content[dataset.account, dataset.content.sha256]
    found = copies(situation, dataset.account, dataset.content)
    if twins[0] != dataset.node:
        change = _change(dataset, Action.KEEP, None, f"same content as {twins[0].address}: one upload serves both")
        return Decision(change, evidence=tuple(file.id for file in found.usable[:1]))
    always = any(situation.datasets[node].keep == "always" for node in twins)
    needed = any(user.submits for user in users)
    if found.usable:
        done = not always and not needed and all(user.model is not None for user in users)
        return _present(situation, dataset, found.usable, done=done, always=always)
    if found.pending:
        change = _change(dataset, Action.WAIT, Cause.RESUME, "the service is still checking the upload")
        return Decision(change, evidence=(found.pending[0].id,))
    if not needed and not (always and situation.desired.train):
        return Decision(_change(dataset, Action.KEEP, None, "not uploaded: nothing is still to be trained on it"))
    # Without a ledger, what was trained from it is the only witness; with one, a destroy has been forgotten on purpose.
    known = not situation.recorded.exists and any(user.evidence and not user.submits for user in users)
    return _upload(situation, dataset, found, known=known, always=always)


def _change(
    dataset: DesiredDataset,
    action: Action,
    cause: Cause | None,
    reason: str = "",
    *,
    hazards: tuple[str, ...] = (),
    act: Upload | DeleteFile | None = None,
) -> Change:
    node = dataset.node
    return Change(node.address, node.account, action, cause, reason=reason, hazards=hazards, act=act)


def _present(
    situation: Situation, dataset: DesiredDataset, usable: tuple[ObservedFile, ...], *, done: bool, always: bool
) -> Decision:
    hazards = () if always or done else (TEMPORARY,)
    ours = [file for file in usable if owned_by_project(situation, file)]
    if not done or not ours or not _releasable(situation, dataset.node, ours[0]):
        return Decision(_change(dataset, Action.KEEP, None, hazards=hazards), evidence=(usable[0].id,))
    reason = "everything that uses it is trained (`keep: until_trained`)"
    change = _change(dataset, Action.DELETE, Cause.SPEC, reason, act=DeleteFile(ours[0].id))
    return Decision(change, evidence=(ours[0].id,))


def _releasable(situation: Situation, node: Node, file: ObservedFile) -> bool:
    in_use = file.id in situation.inventories[node.account].files_in_use
    return not in_use and not recorded_elsewhere(situation, node.account, file)


def _upload(situation: Situation, dataset: DesiredDataset, found: Copies, *, known: bool, always: bool) -> Decision:
    """No usable upload and one is needed: made for the first time, again, or in place of a broken one."""
    act = Upload(
        identity.file_name(dataset.content.sha256, situation.desired.project, dataset.address.name), dataset.content
    )
    hazards = () if always else (TEMPORARY,)
    if found.broken:
        reason = reasons.broken_upload(found.broken[0], dataset.content)
        change = _change(dataset, Action.REPLACE, Cause.DRIFT, reason, hazards=hazards, act=act)
        return Decision(change, evidence=tuple(file.id for file in found.broken))
    entry = situation.entry_of(dataset.node)
    recorded = entry.file_name if entry is not None else None
    carried = identity.content_hex_of(recorded) if recorded else None
    if known or carried == dataset.content.sha256[:32]:
        change = _change(dataset, Action.CREATE, Cause.MISSING, "its upload is gone", hazards=hazards, act=act)
    else:
        reason = "its content changed" if carried else "not uploaded yet"
        change = _change(dataset, Action.CREATE, Cause.SPEC, reason, hazards=hazards, act=act)
    return Decision(change)
