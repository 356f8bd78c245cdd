"""Situation: desired, recorded and observed side by side, with the questions every decision asks of them.

Built once per plan. An account with anything unread is not in it: a failed look is never absence, so nothing at all
is decided about such an account (its changes are left out and the plan is incomplete).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ftops.core import identity
from ftops.core.address import Address, Node
from ftops.core.desired import Desired, DesiredDataset, DesiredDeployment, DesiredFinetune
from ftops.core.diagnostic import Diagnostic
from ftops.core.identity import TAG_ENVIRONMENT, TAG_PROJECT
from ftops.core.observed import Observed, ObservedDeployment
from ftops.core.recorded import Recorded, RecordedEntry, RecordedJob
from ftops.planner.inventory import Inventory, index
from ftops.planner.options import Options

Resource = TypeVar("Resource", DesiredDataset, DesiredFinetune, DesiredDeployment)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a decision may look at. `inventories` holds readable accounts only, by alias.

    `datasets`, `finetunes` and `deployments` are what is wanted in those accounts, sorted by node; nothing is wanted
    in a destroy. `owner_of_job` names the first entry of each (account ARM id, token): only that one may buy the job.
    `datasets_of_content` groups datasets by (account, sha256). `content_elsewhere` holds (account ARM id, content hex)
    of the uploads that the ledger knows of other environments and projects. `homes` holds every account once, also
    when two aliases name it; `claimed_names` the (account ARM id, deployment name) the specs ask for; `entries_gone`
    the finetunes the ledger has of this environment that are in its specs no more.
    """

    desired: Desired
    recorded: Recorded
    options: Options
    inventories: Mapping[str, Inventory]
    datasets: Mapping[Node, DesiredDataset]
    finetunes: Mapping[Node, DesiredFinetune]
    deployments: Mapping[Node, DesiredDeployment]
    homes: tuple[Inventory, ...]
    claimed_names: frozenset[tuple[str, str]]
    entries: Mapping[tuple[str, Address], RecordedEntry]
    entries_gone: Mapping[Node, RecordedEntry]
    owner_of_job: Mapping[tuple[str, str], Node]
    datasets_of_content: Mapping[tuple[str, str], tuple[Node, ...]]
    content_elsewhere: frozenset[tuple[str, str | None]]
    known_projects: frozenset[str]
    unread: tuple[Diagnostic, ...]

    def arm_id(self, alias: str) -> str:
        """An account's identity: what jobs are recorded under."""
        return self.inventories[alias].arm_id

    def entry_of(self, node: Node) -> RecordedEntry | None:
        """What this entry of this environment last had, if the ledger knows."""
        return self.entries.get((self.arm_id(node.account), node.address))

    def recorded_job(self, alias: str, token: str) -> RecordedJob | None:
        return self.recorded.jobs.get((self.arm_id(alias), token))

    def owns(self, deployment: ObservedDeployment) -> bool:
        """Whether its tags say: made by this project, in this environment."""
        return (
            deployment.tags.get(TAG_PROJECT) == self.desired.project
            and deployment.tags.get(TAG_ENVIRONMENT) == self.desired.environment
        )


def situate(desired: Desired, recorded: Recorded, observed: Observed, options: Options) -> Situation:
    """Puts the three side by side and indexes them; nothing in it depends on the order of its inputs."""
    broken = {item.account for item in observed.unread}
    inventories = {alias: index(account) for alias, account in sorted(observed.accounts.items()) if alias not in broken}
    wanted = desired if not options.destroy else Desired(desired.project, desired.environment, desired.accounts)
    finetunes = _by_node(wanted.finetunes, inventories)
    owners: dict[tuple[str, str], Node] = {}
    for node, finetune in finetunes.items():
        if not finetune.existing:
            owners.setdefault((inventories[node.account].arm_id, finetune.token), node)
    datasets = _by_node(wanted.datasets, inventories)
    twins: dict[tuple[str, str], list[Node]] = {}
    for node, dataset in datasets.items():
        twins.setdefault((node.account, dataset.content.sha256), []).append(node)
    ours = [e for e in recorded.entries if (e.project, e.environment) == (desired.project, desired.environment)]
    others = [e for e in recorded.entries if (e.project, e.environment) != (desired.project, desired.environment)]
    homes = {inventory.arm_id: inventory for inventory in reversed(inventories.values())}
    wanted_here = {(inventories[node.account].arm_id, node.address) for node in finetunes}
    deployments = _by_node(wanted.deployments, inventories)
    return Situation(
        desired=desired,
        recorded=recorded,
        options=options,
        inventories=inventories,
        datasets=datasets,
        finetunes=finetunes,
        deployments=deployments,
        homes=tuple(sorted(homes.values(), key=lambda home: home.alias)),
        claimed_names=frozenset((inventories[n.account].arm_id, d.name.casefold()) for n, d in deployments.items()),
        entries={(entry.arm_id.lower(), entry.address): entry for entry in ours},
        entries_gone={
            Node(e.address, homes[e.arm_id.lower()].alias): e
            for e in sorted(ours, key=lambda e: (e.address, e.arm_id))
            if e.address.kind == "finetune"
            and e.arm_id.lower() in homes
            and (e.arm_id.lower(), e.address) not in wanted_here
        },
        owner_of_job=owners,
        datasets_of_content={content: tuple(nodes) for content, nodes in twins.items()},
        content_elsewhere=frozenset(
            (e.arm_id.lower(), identity.content_hex_of(e.file_name)) for e in others if e.file_name
        ),
        known_projects=_known_projects(desired, recorded, observed),
        unread=_unread(desired, observed),
    )


def _by_node(resources: Iterable[Resource], inventories: Mapping[str, Inventory]) -> dict[Node, Resource]:
    readable = [resource for resource in resources if resource.account in inventories]
    return {resource.node: resource for resource in sorted(readable, key=lambda r: r.node)}


def _known_projects(desired: Desired, recorded: Recorded, observed: Observed) -> frozenset[str]:
    """Every project there is evidence of: a file is ours only when no longer project name fits it better."""
    tagged = (d.tags.get(TAG_PROJECT, "") for a in observed.accounts.values() for d in a.deployments)
    return frozenset({desired.project, *tagged, *(entry.project for entry in recorded.entries)} - {""})


def _unread(desired: Desired, observed: Observed) -> tuple[Diagnostic, ...]:
    told = [
        Diagnostic(
            "error",
            "observe.unread",
            f"account {item.account}: its {item.what} could not be read",
            detail=item.why,
            hint=item.hint,
        )
        for item in observed.unread
    ]
    silent = (
        {r.account for r in desired.resources} - set(observed.accounts) - {item.account for item in observed.unread}
    )
    told += [
        Diagnostic("error", "observe.unread", f"account {alias}: it was not looked at") for alias in sorted(silent)
    ]
    return tuple(sorted(told, key=Diagnostic.sort_key))
