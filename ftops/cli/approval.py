"""Before anything is done: the rules, and the yes.

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
from ftops.core.change import Action, Change
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import CannotDecide, FtopsError, Refused
from ftops.core.plan import Plan

if TYPE_CHECKING:
    from ftops.workspace import Allow, Review, Workspace


def allowances(texts: Sequence[str]) -> Allow:
    """What `--allow` lets through; a rule that does not exist is a usage error."""
    from ftops.workspace import Allow

    try:
        return Allow.parse(texts)
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


def confirm(invocation: Invocation, question: str, answer: str, *, planned_by: str = "") -> None:
    """Asks on the terminal; raises unless exactly `answer` is typed. Refuses where nobody can answer.

    `planned_by` is the command that saves a plan of the same, for those who approve it beforehand.
    """
    if not invocation.interactive or invocation.console.json or not sys.stdin.isatty():
        saved = f"; `{planned_by} --out FILE` and `ftops apply FILE` need no question" if planned_by else ""
        raise FtopsError(
            "approving: there is nobody to ask, so nothing is done",
            hint=f"--auto-approve says yes beforehand{saved}",
        )
    sys.stderr.write(f"\n{question}\n  Only {answer!r} is accepted: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != answer:
        raise FtopsError("approving: the answer was not a yes, so nothing is done")


def _trainings(plan: Plan) -> list[Change]:
    making = (Action.CREATE, Action.REPLACE)
    return [change for change in plan.changes if change.address.kind == "finetune" and change.action in making]
