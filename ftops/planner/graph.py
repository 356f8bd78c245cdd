"""graph: what depends on what among the desired, by node. Pure order; it knows no actions.

The specs are free of cycles (the loader spells them out), so every order here exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from ftops.core.address import Node
from ftops.core.desired import DesiredDeployment, DesiredFinetune
from ftops.planner.situation import Situation


def dependencies(situation: Situation) -> dict[Node, tuple[Node, ...]]:
    """What each desired node needs directly: parent and datasets of a finetune, finetune of a deployment."""
    needs = {node: _of_finetune(finetune) for node, finetune in situation.finetunes.items()}
    needs |= {node: _of_deployment(deployment) for node, deployment in situation.deployments.items()}
    return needs


def _of_finetune(finetune: DesiredFinetune) -> tuple[Node, ...]:
    addresses = (finetune.parent, finetune.training, finetune.validation)
    return tuple(Node(address, finetune.account) for address in addresses if address is not None)


def _of_deployment(deployment: DesiredDeployment) -> tuple[Node, ...]:
    node = finetune_of(deployment)
    return () if node is None else (node,)


def finetune_of(deployment: DesiredDeployment) -> Node | None:
    """The finetune a deployment serves; it may live in another account."""
    if deployment.finetune is None:
        return None
    return Node(deployment.finetune, deployment.finetune_account or deployment.account)


def parents_first(finetunes: Mapping[Node, DesiredFinetune]) -> tuple[Node, ...]:
    """Every finetune after the one it continues."""
    order: TopologicalSorter[Node] = TopologicalSorter()
    for node, finetune in finetunes.items():
        order.add(node, *([Node(finetune.parent, finetune.account)] if finetune.parent is not None else []))
    return tuple(order.static_order())


def closure(wanted: Iterable[Node], needs: Mapping[Node, Iterable[Node]]) -> frozenset[Node]:
    """`wanted` and everything they need, directly or not."""
    reached: set[Node] = set()
    pending = list(wanted)
    while pending:
        node = pending.pop()
        if node not in reached:
            reached.add(node)
            pending.extend(needs.get(node, ()))
    return frozenset(reached)
