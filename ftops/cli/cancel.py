"""`ftops cancel FINETUNE`: stops a running job. What it cost so far is spent; nothing is deleted."""

from __future__ import annotations

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.project import choose, opened
from ftops.cli.standing import job_of
from ftops.core.errors import CannotDecide, FtopsError


@options.command("cancel")
@click.argument("finetune")
def command(invocation: Invocation, finetune: str) -> int:
    """Cancel the running job of a fine-tune. The next plan shows it as blocked, with the ways out."""
    console = invocation.console
    with opened(invocation) as workspace:
        desired = workspace.desired()
        address = choose(finetune, "finetune", (f.address for f in desired.finetunes))
        wanted = next(f for f in desired.finetunes if f.address == address)
        account = workspace.observe().accounts.get(wanted.account)
        if account is None:
            raise CannotDecide(f"cancelling {address}: account {wanted.account} could not be read")
        job = job_of(wanted, account)
        if job is None:
            raise FtopsError(f"cancelling {address}: it has no job")
        if job.terminal:
            raise FtopsError(f"cancelling {address}: its job {job.id} already ended: {job.status}")
        after = workspace.connections.client(wanted.account).cancel_job(job.id)
    if console.json:
        console.document("ftops.cancel/1", {"address": str(address), "job": job.id, "status": after.status})
    else:
        console.result(f"{address}: job {job.id} is {after.status}")
    return 0
