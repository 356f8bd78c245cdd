"""What most commands begin with: the workspace of the project around the current directory.

In: an Invocation. Out: an open Workspace. The workspace and everything behind it are imported here, when a command
needs them, never at the top of ftops.cli.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ftops.cli.options import Invocation
from ftops.core.address import Address, Node
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import DiagnosticErrors, FtopsError

if TYPE_CHECKING:
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
    raise FtopsError(f"looking for {wanted}: the specs have no such {kind}", hint=nearest(wanted, addresses))


def nearest(wanted: str, known: Iterable[str]) -> str:
    """The hint for an address that does not exist. Names are compared, not kinds: every finetune/x looks alike."""
    from difflib import get_close_matches

    kind, _, name = wanted.partition("/")
    names = {text.partition("/")[2]: text for text in sorted(known) if text.partition("/")[0] == kind}
    near = get_close_matches(name, names, n=1)
    return f"did you mean {names[near[0]]}?" if near else f"known: {', '.join(names.values()) or 'none'}"


def addresses_of(targets: Iterable[str], workspace: Workspace) -> frozenset[Address]:
    """The addresses that --target names; raises when an account is named that the thing is not in."""
    try:
        wanted = [Node.parse(text, default_account="") for text in targets]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--target'") from error
    for node in wanted:
        accounts = sorted({r.account for r in workspace.desired().resources if r.address == node.address})
        if node.account and accounts and node.account not in accounts:
            raise FtopsError(f"looking for {node}: {node.address} is in {', '.join(accounts)}")
    return frozenset(node.address for node in wanted)


def check_targets(review: Review) -> None:
    """Raises when a target is nothing that is planned: a mistyped one must not read as "nothing to do"."""
    strays = [d for d in review.plan.diagnostics if d.code == "plan.unknown-target"]
    if strays:
        known = {str(resource.address) for resource in review.desired.resources}
        raise DiagnosticErrors([replace(d, hint=nearest(str(d.address), known)) for d in strays])


def remarks(review: Review) -> list[Diagnostic]:
    """What a plan says beside its changes, without what the rules say again."""
    refused = {diagnostic.summary for diagnostic in review.refusals}
    return [diagnostic for diagnostic in review.plan.diagnostics if diagnostic.summary not in refused]
