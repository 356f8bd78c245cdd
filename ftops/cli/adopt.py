"""`ftops adopt`: takes over a deployment by its tags, or notes which trainings are kept as they are. Buys nothing.

In: an address, or --freeze. Out: one write of tags, or lines in the ledger and what to write into the specs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ftops.cli import options
from ftops.cli.approval import confirm
from ftops.cli.options import Invocation
from ftops.cli.project import choose, opened
from ftops.core import identity
from ftops.core.change import Action
from ftops.core.desired import DesiredFinetune
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import CannotDecide, FtopsError, Refused
from ftops.core.observed import ObservedJob
from ftops.core.recorded import RecordedEntry

if TYPE_CHECKING:
    from ftops.workspace import Review, Workspace

_TRAINING_ANEW = frozenset({Action.CREATE, Action.REPLACE, Action.BLOCKED})


@options.command("adopt")
@click.argument("address", required=False)
@click.option("-y", "--auto-approve", "approve", is_flag=True, help="Do not ask.")
@click.option("--from", "owner", metavar="PROJECT/ENVIRONMENT", help="Take it from whom its tags name.")
@click.option("--freeze", is_flag=True, help="Keep every fine-tune at the job it has, whatever the specs say now.")
def command(invocation: Invocation, address: str | None, approve: bool, owner: str | None, freeze: bool) -> int:
    """Take over what ftops did not make: ADDRESS is a deployment of the specs whose name is taken in Azure.

    Only its tags are written. With --freeze: note in the ledger which job each edited fine-tune has, and print the
    `hold: true` that keeps it. Nothing is trained.
    """
    if freeze == (address is not None):
        raise click.UsageError("Name a deployment, or give --freeze.")
    with opened(invocation) as workspace:
        review = workspace.review()
        if not review.plan.complete:
            invocation.console.diagnostics(review.plan.diagnostics)
            raise CannotDecide("adopting: something could not be read, so nothing is done", hint="run again")
        if address is not None:
            return _take_over(invocation, workspace, review, address, approve=approve, owner=owner or "")
        return _freeze(invocation, workspace, review)


def _take_over(
    invocation: Invocation, workspace: Workspace, review: Review, text: str, *, approve: bool, owner: str
) -> int:
    from ftops.workspace import takeover

    address = choose(text, "deployment", (d.address for d in review.desired.deployments))
    deployment = next(d for d in review.desired.deployments if d.address == address)
    found = takeover(review.desired, review.recorded, review.observed, deployment)
    if found is None:
        raise FtopsError(
            f"adopting {address}: account {deployment.account} has no deployment {deployment.name}",
            hint="`ftops apply` makes it",
        )
    body = {"address": str(address), "account": deployment.account, "name": found.act.name, "from": found.owner or None}
    if found.ours:
        return _told(invocation, body | {"written": False}, f"{address} is this environment's already.")
    if found.owner and found.owner != owner:
        diagnostic = Diagnostic(
            "error",
            "refused.not-ours",
            f"deployment {found.act.name} in account {deployment.account} belongs to {found.owner}",
            hint=f"--from {found.owner} takes it; its next apply will call it not ours and stop",
            address=address,
        )
        raise Refused([diagnostic])
    if not approve:
        whose = f"of {found.owner}" if found.owner else "that has no tags of ftops"
        question = f"Shall deployment {found.act.name} {whose} become {address}? Only its tags are written."
        confirm(invocation, question, "yes")
    workspace.connections.client(deployment.account).put_deployment(found.act.name, found.act.body)
    rest = "It is as the specs want it." if found.as_wanted else "`ftops plan` shows what the specs want of it."
    return _told(invocation, body | {"written": True}, f"{address} took over deployment {found.act.name}. {rest}")


def _freeze(invocation: Invocation, workspace: Workspace, review: Review) -> int:
    changes = {change.node: change for change in review.plan.changes if not change.subject}
    frozen: list[dict[str, str]] = []
    for finetune in review.desired.finetunes:
        change = changes.get(finetune.node)
        job = _held_job(review, finetune)
        if job is None or finetune.existing or change is None or change.action not in _TRAINING_ANEW:
            continue
        _note(workspace, review, finetune, job)
        frozen.append({"address": str(finetune.address), "account": finetune.account, "job": job.id})
    lines = [f"{item['address']}: keeps job {item['job']}: write `hold: true` into it" for item in frozen]
    if invocation.console.json:
        invocation.console.document("ftops.adopt/1", {"frozen": frozen})
    else:
        invocation.console.result("\n".join(lines) or "No fine-tune would be trained anew: there is nothing to freeze.")
    return 0


def _held_job(review: Review, finetune: DesiredFinetune) -> ObservedJob | None:
    """The job an entry has by the ledger, else by what our deployments of it serve; not the one it asks for now."""
    account = review.observed.accounts[finetune.account]
    names = {(d.account, d.name.casefold()) for d in review.desired.deployments if d.finetune == finetune.address}
    ours = {identity.TAG_PROJECT: review.desired.project, identity.TAG_ENVIRONMENT: review.desired.environment}
    served = [
        identity.token_of(deployment.model_name)
        for alias, other in sorted(review.observed.accounts.items())
        for deployment in other.deployments
        if (alias, deployment.name.casefold()) in names and ours.items() <= deployment.tags.items()
    ]
    entry = next((e for e in review.recorded.entries if _is_of(review, e, finetune)), None)
    held = [token for token in (entry.token if entry else None, *served) if token not in (None, finetune.token)]
    carrying = [job for job in account.jobs if held and identity.token_of(job.suffix) == held[0]]
    return min(carrying, key=lambda job: (job.created_at, job.id), default=None)


def _is_of(review: Review, entry: RecordedEntry, finetune: DesiredFinetune) -> bool:
    here = (review.desired.project, review.desired.environment, finetune.address)
    arm_id = review.desired.accounts[finetune.account].arm_id
    return (entry.project, entry.environment, entry.address) == here and entry.arm_id.lower() == arm_id


def _note(workspace: Workspace, review: Review, finetune: DesiredFinetune, job: ObservedJob) -> None:
    """`hold` reads it back on every machine that shares the ledger."""
    token = identity.token_of(job.suffix)
    assert token is not None, "a job is found by its token"
    desired = review.desired
    arm_id = desired.accounts[finetune.account].arm_id
    entry = RecordedEntry(desired.project, desired.environment, arm_id, finetune.address, token=token)
    known = review.recorded.jobs.get((arm_id, token))
    session = workspace.ledger.open()
    if not session.exists:
        session = workspace.ledger.create()
    session.adopt(token=token, job_id=job.id, inputs=known.inputs if known else {}, entry=entry)


def _told(invocation: Invocation, body: dict[str, object], text: str) -> int:
    if invocation.console.json:
        invocation.console.document("ftops.adopt/1", body)
    else:
        invocation.console.result(text)
    return 0
