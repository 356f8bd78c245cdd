"""Before anything is done: the rules, the yes, and whether a saved plan still holds.

In: a reviewed plan. Out: nothing, or the error that keeps the command from acting.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from ftops.cli.options import Invocation
from ftops.core.account import Account
from ftops.core.address import Address
from ftops.core.change import Action, Change
from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import CannotDecide, FtopsError, Refused, StalePlan
from ftops.core.plan import Plan

if TYPE_CHECKING:
    from ftops.workspace import Allow, Review, Workspace

_GOING = (Action.DELETE, Action.FORGET, Action.WAIT)


def allowances(texts: Sequence[str]) -> Allow:
    """What `--allow` lets through; a rule that does not exist is a usage error."""
    from ftops.workspace import allowances as read

    try:
        return read(texts)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--allow'") from error


def check_rules(review: Review, workspace: Workspace, allow: Allow) -> None:
    """Raises CannotDecide for an incomplete plan, Refused when a rule refuses."""
    if not review.plan.complete:
        raise CannotDecide("applying: something could not be read, so nothing is done", hint="see above; run again")
    alone = workspace.project.ledger.backend == "local" and not allow.unshared_ledger
    unshared = unshared_ledger(review.plan, workspace.project.accounts) if alone else ()
    refusals = (*review.refusals, *unshared)
    if refusals:
        raise Refused(refusals)


def unshared_ledger(plan: Plan, accounts: Mapping[str, Account]) -> tuple[Diagnostic, ...]:
    """A ledger that only this machine has cannot keep two CI runs from paying twice."""
    real = [change for change in _trainings(plan) if not accounts[change.account].emulator]
    if not real or not os.environ.get("CI"):
        return ()
    return (
        Diagnostic(
            "error",
            "refused.unshared_ledger",
            f"{real[0].address} would be paid for from CI with a ledger that only this machine has",
            hint="`ledger: {backend: azblob}`, or --allow unshared_ledger when no other machine ever applies",
            address=real[0].address,
        ),
    )


def confirm(invocation: Invocation, question: str, answer: str) -> None:
    """Asks on the terminal; raises unless exactly `answer` is typed. Refuses where nobody can answer."""
    if not invocation.interactive or invocation.console.json or not sys.stdin.isatty():
        raise FtopsError(
            "approving: there is nobody to ask, so nothing is done",
            hint="--auto-approve says yes beforehand; `ftops plan --out FILE` and `ftops apply FILE` need no question",
        )
    sys.stderr.write(f"\n{question}\n  Only {answer!r} is accepted: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != answer:
        raise FtopsError("approving: the answer was not a yes, so nothing is done")


def check_still_holds(approved: Plan, now: Plan) -> None:
    """Raises StalePlan when a saved plan is about other specs, accounts or another ledger than there are now.

    What it would do is compared by the executor, which does only what was approved.
    """
    told = [
        ("project", approved.project, now.project),
        ("environment", approved.environment, now.environment),
        ("specs", approved.base.specs, now.base.specs),
        ("accounts", dict(approved.base.accounts), dict(now.base.accounts)),
        ("ledger", approved.base.lineage or now.base.lineage, now.base.lineage),
    ]
    moved = [what for what, before, after in told if before != after]
    if not approved.complete:
        raise StalePlan("applying the saved plan: it is incomplete", hint="make a new one with `ftops plan --out FILE`")
    if moved:
        raise StalePlan(
            f"applying the saved plan: {' and '.join(moved)} changed since it was made",
            hint="make a new one with `ftops plan --out FILE`",
        )


def scope_of(approved: Plan, desired: Desired) -> tuple[frozenset[Address], bool]:
    """What a saved plan was about: its targets, and whether it destroys.

    A plan lists everything it considered, so its addresses are its targets; one that keeps or makes nothing of what the
    specs ask for can only have come from a destroy.
    """
    targets = frozenset(change.address for change in approved.changes)
    wanted = {resource.node for resource in desired.resources}
    staying = any(c.node in wanted and not c.subject and c.action not in _GOING for c in approved.changes)
    going = any(change.action in (Action.DELETE, Action.FORGET) for change in approved.changes)
    return targets, going and not staying


def _trainings(plan: Plan) -> list[Change]:
    making = (Action.CREATE, Action.REPLACE)
    return [change for change in plan.changes if change.address.kind == "finetune" and change.action in making]
