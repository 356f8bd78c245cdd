"""orphans: what this project and environment made and nothing desires any more. The only place that plans to clean up.

Foreign things are never planned for deletion: a file must carry our project in its name, a deployment our project and
environment in its tags, a model a token the ledger (or the specs, in a destroy) knows. Jobs are never deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ftops.core import identity
from ftops.core.address import Address, Node
from ftops.core.change import Action, Cause, Change, DeleteDeployment, DeleteFile, DeleteModel
from ftops.core.observed import FILE_FAILED, FILE_READY, ObservedDeployment, ObservedFile
from ftops.core.recorded import RecordedEntry
from ftops.planner.identify import (
    FINE_TUNE,
    VANISHING,
    copies,
    dataset_address_of,
    deployment_address_of,
    owned_by_project,
    recorded_elsewhere,
)
from ftops.planner.inventory import Inventory
from ftops.planner.situation import Situation

_DELETING = "Deleting"


Leaving = Mapping[tuple[str, str], Change]
"""What takes a deployment away (or its model out of it), by (account ARM id, case-folded name)."""


def orphan_changes(situation: Situation, planned: Mapping[Node, Change]) -> tuple[Change, ...]:
    """Every delete and forget of what is not desired; `planned` are the changes of what is.

    A deployment goes before its model, a model before the files it was trained on.
    """
    deployments = _deployments(situation, planned)
    leaving = {**_replaced(situation, planned), **deployments}
    models = _models(situation, leaving)
    files = _files(situation, deployments, models)
    return (*deployments.values(), *models, *files, *_forgotten(situation, models))


def _why(situation: Situation, otherwise: str) -> str:
    """A destroy says itself, not the specs: they may well have what it removes."""
    return "destroy was asked for" if situation.options.destroy else otherwise


# Deployments


def _deployments(situation: Situation, planned: Mapping[Node, Change]) -> dict[tuple[str, str], Change]:
    found = [
        (Node(address, inventory.alias), observed)
        for inventory in situation.homes
        for observed in _unclaimed(situation, inventory)
        if (address := deployment_address_of(observed)) is not None
    ]
    claims = Counter(node for node, _ in found)
    homes = {node.address: node for node in planned if node.address.kind == "deployment"}
    why = _why(situation, "it is not in the specs")
    return {
        (situation.arm_id(node.account), observed.name.casefold()): _delete_deployment(
            node, observed, planned, homes.get(node.address), why, alone=claims[node] == 1
        )
        for node, observed in found
    }


def _unclaimed(situation: Situation, inventory: Inventory) -> Iterator[ObservedDeployment]:
    """Ours by their tags, and no desired deployment has the name."""
    for name, observed in sorted(inventory.deployments.items()):
        if (inventory.arm_id, name) not in situation.claimed_names and situation.owns(observed):
            yield observed


def _delete_deployment(
    node: Node,
    observed: ObservedDeployment,
    planned: Mapping[Node, Change],
    home: Node | None,
    why: str,
    *,
    alone: bool,
) -> Change:
    subject = "" if home is None and alone else observed.name
    if observed.provisioning == _DELETING:
        return Change(node.address, node.account, Action.WAIT, Cause.ORPHAN, subject, "the service is deleting it")
    moving = home is not None and home != node and planned[home].action is not Action.KEEP
    needs = (home,) if home is not None and moving else ()
    reason = f"{node.address} is deployed as another one now" if home is not None else why
    return _delete(node, subject, reason, needs, DeleteDeployment(observed.name))


def _delete(
    node: Node,
    subject: str,
    reason: str,
    needs: tuple[Node, ...],
    act: DeleteDeployment | DeleteModel | DeleteFile,
    cause: Cause = Cause.ORPHAN,
) -> Change:
    """A delete; what must go before it is in `needs`, and until then it has no act."""
    ready = None if needs else act
    return Change(node.address, node.account, Action.DELETE, cause, subject, reason, needs=needs, act=ready)


def _replaced(situation: Situation, planned: Mapping[Node, Change]) -> dict[tuple[str, str], Change]:
    """Deployments that stay under their name and will serve another model."""
    return {
        (situation.arm_id(node.account), deployment.name.casefold()): planned[node]
        for node, deployment in situation.deployments.items()
        if node in planned and planned[node].action is Action.REPLACE
    }


# Models


def _models(situation: Situation, leaving: Leaving) -> tuple[Change, ...]:
    """Only on request: the models of finetunes that are in no specs, unless a deployment that stays serves them."""
    if not (situation.desired.delete_models or situation.options.delete_models):
        return ()
    changes = []
    why = _why(situation, "its finetune is not in the specs")
    for node, token in sorted(_released(situation)):
        inventory = situation.inventories[node.account]
        serving = [leaving.get(place) for place in _places_of(situation, inventory, token)]
        needs = tuple(sorted({change.node for change in serving if change is not None}))
        if None not in serving:
            for model in inventory.models_by_token.get(token, ()):
                changes.append(_delete(node, model, why, needs, DeleteModel(model)))
    return tuple(changes)


def _released(situation: Situation) -> set[tuple[Node, str]]:
    """(node, token) of what this environment trained and no entry of anybody's wants; nothing that still trains."""
    wanted = {(e.arm_id.lower(), e.token) for e in situation.recorded.entries if not _ours(situation, e)}
    released = {(node, entry.token) for node, entry in situation.entries_gone.items() if entry.token is not None}
    if situation.options.destroy:
        released |= {
            (finetune.node, finetune.token)
            for finetune in situation.desired.finetunes
            if finetune.account in situation.inventories and not finetune.existing
        }
    return {
        (node, token)
        for node, token in released
        if (situation.arm_id(node.account), token) not in wanted | situation.owner_of_job.keys()
        and not _training(situation, node.account, token)
    }


def _ours(situation: Situation, entry: RecordedEntry) -> bool:
    return (entry.project, entry.environment) == (situation.desired.project, situation.desired.environment)


def _training(situation: Situation, account: str, token: str) -> bool:
    return any(not job.terminal for job in situation.inventories[account].jobs_by_token.get(token, ()))


def _places_of(situation: Situation, inventory: Inventory, token: str) -> Iterator[tuple[str, str]]:
    """Where a token's model is deployed, in whichever account."""
    for home in situation.homes:
        for observed in home.deployed_by_token.get(token, ()):
            yield home.arm_id, observed.name.casefold()


# Files


def _files(
    situation: Situation, deployments: Mapping[tuple[str, str], Change], models: tuple[Change, ...]
) -> Iterator[Change]:
    """Uploads of this project whose content nothing desires and no unfinished job reads; broken ones of any content."""
    model_gone = {change.subject: change.node for change in models}
    why = _why(situation, "nothing in the specs needs it")
    for inventory in situation.homes:
        needed, broken = _contents(situation, inventory)
        for file in inventory.files:
            address = _removable(situation, inventory, file)
            if address is None or (file.id not in broken and identity.content_hex_of(file.name) in needed):
                continue
            node = Node(address, inventory.alias)
            if file.id in broken:
                yield _delete(node, file.id, "a broken upload", (), DeleteFile(file.id), Cause.DRIFT)
            elif not _protected(situation, inventory, address):
                needs = _before_file(inventory, file, deployments, model_gone)
                yield _delete(node, file.id, why, needs, DeleteFile(file.id))


def _contents(situation: Situation, inventory: Inventory) -> tuple[set[str], set[str]]:
    """(content hexes desired in this account, ids of broken uploads of them)."""
    here = [d for d in situation.datasets.values() if situation.arm_id(d.account) == inventory.arm_id]
    broken = {file.id for d in here for file in copies(situation, d.account, d.content).broken}
    return {d.content.sha256[:32] for d in here}, broken


def _removable(situation: Situation, inventory: Inventory, file: ObservedFile) -> Address | None:
    """The dataset of a file that is ours, settled, and in nobody's way; None for every other file."""
    settled = file.status == FILE_READY or file.status in FILE_FAILED - VANISHING
    if not settled or file.purpose != FINE_TUNE or file.id in inventory.files_in_use:
        return None
    if not owned_by_project(situation, file) or recorded_elsewhere(situation, inventory.alias, file):
        return None
    return dataset_address_of(situation, file)


def _protected(situation: Situation, inventory: Inventory, address: Address) -> bool:
    """A protected dataset keeps its older uploads too."""
    return any(
        dataset.protect and dataset.address == address and situation.arm_id(dataset.account) == inventory.arm_id
        for dataset in situation.datasets.values()
    )


def _before_file(
    inventory: Inventory,
    file: ObservedFile,
    deployments: Mapping[tuple[str, str], Change],
    model_gone: Mapping[str, Node],
) -> tuple[Node, ...]:
    """What was made from a file goes before it."""
    models = {job.fine_tuned_model for job in inventory.jobs_of_file.get(file.id, ()) if job.fine_tuned_model}
    serving = {
        change.node
        for (arm_id, name), change in deployments.items()
        if arm_id == inventory.arm_id and inventory.deployments[name].model_name in models
    }
    return tuple(sorted(serving | {model_gone[model] for model in models if model in model_gone}))


# Finetunes


def _forgotten(situation: Situation, models: tuple[Change, ...]) -> Iterator[Change]:
    """Entries that left the specs: their jobs and models stay and can be taken up again free."""
    deleting_later = {change.node for change in models if change.act is None}
    for node, entry in situation.entries_gone.items():
        token = entry.token
        shared = token is not None and (situation.arm_id(node.account), token) in situation.owner_of_job
        if node in deleting_later:
            continue
        if token and not shared and not situation.options.destroy and _training(situation, node.account, token):
            reason = "it left the specs while its job runs: it is forgotten when the job ends (`ftops cancel` ends it)"
            yield Change(node.address, node.account, Action.WAIT, Cause.ORPHAN, reason=reason)
        else:
            why = _why(situation, "it is not in the specs")
            reason = f"{why}: its job and model stay and can be taken up again free"
            yield Change(node.address, node.account, Action.FORGET, Cause.ORPHAN, reason=reason)
