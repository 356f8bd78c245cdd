"""planner: the walk. Desired, recorded and observed go in, one Plan comes out: the same bytes for the same inputs.

Called again in every round of an apply, with the world half made: whatever is known now gets its act, whatever still
depends on something being made gets the nodes it needs. It reads no clock, no disk and no network, and it must never
answer for an account that could not be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ftops.core import identity
from ftops.core.address import Node
from ftops.core.change import Action, Change, DeleteDeployment
from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.observed import Observed
from ftops.core.plan import Base, Plan
from ftops.core.recorded import Recorded
from ftops.planner.datasets import decide_dataset
from ftops.planner.decision import Decision
from ftops.planner.deployments import decide_deployment, evidence_of
from ftops.planner.finetunes import decide_finetune
from ftops.planner.graph import closure, dependencies, finetune_of, parents_first
from ftops.planner.invariants import check_invariants
from ftops.planner.options import Options
from ftops.planner.orphans import orphan_changes
from ftops.planner.situation import Situation, situate


def plan(desired: Desired, recorded: Recorded, observed: Observed, options: Options | None = None) -> Plan:
    """Decides everything. `complete` is false when something could not be read: what depends on it is left out.

    Needs what the loader guarantees: no cycles, no dangling references. Raises nothing on any world.
    """
    options = options or Options()
    situation = situate(desired, recorded, observed, options)
    decisions = _decide(situation)
    planned = {node: decision.change for node, decision in decisions.items()}
    orphans = orphan_changes(situation, planned)
    changes, strays = _targeted(situation, (*planned.values(), *orphans))
    check_invariants(situation, changes)
    found = [diagnostic for decision in decisions.values() for diagnostic in decision.diagnostics]
    diagnostics = {*desired.diagnostics, *situation.unread, *found, *strays}
    rests_on = _rests_on(situation, changes, decisions)
    return Plan(
        project=desired.project,
        environment=desired.environment,
        tool=options.tool_version,
        base=Base(
            specs=desired.specs_digest,
            lineage=recorded.lineage,
            seq=recorded.seq,
            accounts={alias: account.arm_id for alias, account in sorted(desired.accounts.items())},
            observed=identity.digest([rests_on, _subjects(changes)]),
            rests_on=rests_on,
        ),
        changes=changes,
        diagnostics=tuple(sorted(diagnostics, key=Diagnostic.sort_key)),
        complete=not situation.unread,
        destroy=options.destroy,
        targets=options.targets,
    )


def _decide(situation: Situation) -> dict[Node, Decision]:
    """Finetunes first: only they know whether a file is still needed and what a deployment is to serve."""
    decisions: dict[Node, Decision] = {}
    for node in parents_first(situation.finetunes):
        finetune = situation.finetunes[node]
        parent = decisions[Node(finetune.parent, finetune.account)] if finetune.parent is not None else None
        decisions[node] = decide_finetune(situation, finetune, parent)
    users = _users_of_content(situation, decisions)
    for node, dataset in situation.datasets.items():
        decisions[node] = decide_dataset(situation, dataset, tuple(users[node.account, dataset.content.sha256]))
    for node, deployment in situation.deployments.items():
        served = finetune_of(deployment)
        if served is None or served in decisions:
            decisions[node] = decide_deployment(situation, deployment, decisions[served] if served else None)
    return decisions


def _users_of_content(
    situation: Situation, decisions: Mapping[Node, Decision]
) -> defaultdict[tuple[str, str], list[Decision]]:
    users: defaultdict[tuple[str, str], list[Decision]] = defaultdict(list)
    for node, finetune in situation.finetunes.items():
        for content in (finetune.training_content, finetune.validation_content):
            if content is not None:
                users[node.account, content.sha256].append(decisions[node])
    return users


def _targeted(situation: Situation, changes: Iterable[Change]) -> tuple[tuple[Change, ...], list[Diagnostic]]:
    """The changes that were asked for, sorted, and what was asked for and does not exist.

    What a target depends on is made, never removed; a delete goes only when all that must go before it goes too.
    """
    ordered = tuple(sorted(changes, key=lambda change: (change.node, change.subject)))
    targets = situation.options.targets
    if not targets:
        return ordered, []
    needs: defaultdict[Node, set[Node]] = defaultdict(set)
    for node, nodes in dependencies(situation).items():
        needs[node].update(nodes)
    for change in ordered:
        if change.action is not Action.DELETE:
            needs[change.node].update(change.needs)
    asked = {change.node for change in ordered if change.address in targets}
    reached = closure(asked, needs)
    kept = [c for c in ordered if c.node in asked or (c.node in reached and c.action is not Action.DELETE)]
    present = {change.node for change in kept}
    chosen = tuple(c for c in kept if c.action is not Action.DELETE or present.issuperset(c.needs))
    known = {change.address for change in ordered} | {resource.address for resource in situation.desired.resources}
    unknown = sorted(targets - known)
    return chosen, [
        Diagnostic("error", "plan.unknown-target", f"target {address} is nothing that is planned", address=address)
        for address in unknown
    ]


def _rests_on(situation: Situation, changes: Iterable[Change], decisions: Mapping[Node, Decision]) -> dict[str, str]:
    """What of Azure the plan rests on: the evidence of everything it touches and of all that this needs."""
    touched = [change for change in changes if change.action is not Action.KEEP]
    evidence = {node: decision.evidence for node, decision in decisions.items()}
    evidence |= {c.node: _leaving(situation, c) for c in touched if isinstance(c.act, DeleteDeployment)}
    reached = closure((change.node for change in touched), dependencies(situation))
    return {str(node): identity.digest(list(evidence.get(node, ()))) for node in sorted(reached)}


def _leaving(situation: Situation, change: Change) -> tuple[str, ...]:
    assert isinstance(change.act, DeleteDeployment)
    return evidence_of(situation.inventories[change.account].deployment(change.act.name))


def _subjects(changes: Iterable[Change]) -> list[list[str]]:
    return sorted([str(change.node), change.subject] for change in changes if change.subject)
