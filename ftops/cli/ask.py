"""`ftops ask DEPLOYMENT "…"`: one prompt to what is deployed, and who answered."""

from __future__ import annotations

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.project import choose, opened
from ftops.cli.standing import live_deployment
from ftops.core.errors import FtopsError
from ftops.renderers.safe import safe


@options.command("ask")
@click.argument("deployment")
@click.argument("prompt")
def command(invocation: Invocation, deployment: str, prompt: str) -> int:
    """Send one prompt to a deployment of this project and print the answer."""
    console = invocation.console
    with opened(invocation) as workspace:
        desired = workspace.desired()
        address = choose(deployment, "deployment", (d.address for d in desired.deployments))
        wanted = next(d for d in desired.deployments if d.address == address)
        observed = workspace.observe()
        account = observed.accounts.get(wanted.account)
        held = live_deployment(desired, wanted, account) if account else None
        if held is None:
            raise FtopsError(f"asking {address}: it is not deployed", hint="run `ftops apply` first")
        answer = workspace.connections.client(wanted.account).ask(held.name, prompt)
    if console.json:
        body = {"deployment": held.name, "account": wanted.account, "model": answer.model, "text": answer.text}
        console.document("ftops.ask/1", body)
    else:
        console.result(safe(answer.text, lines=True))
        console.talk(f"answered by {safe(answer.model)}")
    return 0
