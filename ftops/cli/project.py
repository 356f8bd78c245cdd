"""What most commands begin with: the workspace of the project around the current directory.

In: an Invocation. Out: an open Workspace. The workspace and everything behind it are imported here, when a command
needs them, never at the top of ftops.cli.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ftops.cli.options import Invocation
from ftops.core.address import Address, Node
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import DiagnosticErrors, FtopsError

if TYPE_CHECKING:
    from ftops.core.plan import Plan
    from ftops.workspace import Review, Workspace


@contextmanager
def opened(invocation: Invocation) -> Iterator[Workspace]:
    """Finds the project, reads ftops.yaml; closes connections and the embedded emulator at the end."""
    from ftops.workspace import Workspace

    if not invocation.directory.is_dir():
        raise FtopsError(f"working in {invocation.directory}: there is no such directory")
    with Workspace.open(
        invocation.directory, environment=invocation.environment, variables=invocation.variables
    ) as workspace:
        yield workspace


def address_of(text: str) -> Address:
    """An address as typed, `kind/name` or `kind/name@account`; the account is checked by `node_of`."""
    return node_of(text, default_account="").address


def node_of(text: str, *, default_account: str) -> Node:
    try:
        return Node.parse(text, default_account=default_account)
    except ValueError as error:
        raise FtopsError(f"reading an address: {error}") from error


def choose(name: str, kind: str, known: Iterable[Address]) -> Address:
    """The address meant by `name` (`support-bot` or `deployment/support-bot`); raises when the specs have none."""
    wanted = name if "/" in name else f"{kind}/{name}"
    addresses = {str(address): address for address in known if address.kind == kind}
    if wanted in addresses:
        return addresses[wanted]
    from difflib import get_close_matches

    near = get_close_matches(wanted, addresses, n=1)
    raise FtopsError(
        f"looking for {wanted}: the specs have no such {kind}",
        hint=f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(addresses)) or 'none'}",
    )


def addresses_of(targets: Iterable[str], workspace: Workspace) -> frozenset[Address]:
    """The addresses that --target names; raises when an account is named that the thing is not in."""
    wanted = [node_of(text, default_account="") for text in targets]
    for node in wanted:
        accounts = sorted({r.account for r in workspace.desired().resources if r.address == node.address})
        if node.account and accounts and node.account not in accounts:
            raise FtopsError(f"looking for {node}: {node.address} is in {', '.join(accounts)}")
    return frozenset(node.address for node in wanted)


def check_targets(plan: Plan) -> None:
    """Raises when a target is nothing that is planned: a mistyped one must not read as "nothing to do"."""
    strays = [d for d in plan.diagnostics if d.code == "plan.unknown-target"]
    if strays:
        raise DiagnosticErrors(strays)


def remarks(review: Review) -> list[Diagnostic]:
    """What a plan says beside its changes, without what the rules say again."""
    refused = {diagnostic.summary for diagnostic in review.refusals}
    return [diagnostic for diagnostic in review.plan.diagnostics if diagnostic.summary not in refused]
