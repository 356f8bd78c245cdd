"""`ftops output`: names and endpoints of deployments, for programs that call them. Read-only."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.plan import CANNOT_DECIDE
from ftops.cli.project import choose, opened
from ftops.cli.standing import standings
from ftops.core.account import EMBEDDED
from ftops.core.errors import CannotDecide, FtopsError
from ftops.renderers.safe import safe
from ftops.renderers.tables import render_table


@dataclass(frozen=True, slots=True)
class Output:
    """What a program needs to call one deployment."""

    name: str
    deployment: str
    endpoint: str
    model: str
    account: str


@options.command("output", formats=("text", "json", "dotenv"))
@click.argument("name", required=False)
def command(invocation: Invocation, name: str | None) -> int:
    """Print names and endpoints of deployments for programs: all, or the one called NAME."""
    console = invocation.console
    with opened(invocation) as workspace:
        desired = workspace.desired()
        wanted = choose(name, "deployment", (d.address for d in desired.deployments)) if name else None
        observed = workspace.observe()
        accounts = workspace.project.accounts.values()
        embedded = {account.alias for account in accounts if account.emulator == EMBEDDED}
        outputs = [
            Output(
                s.node.address.name,
                s.deployment.name,
                workspace.connections.client(s.node.account).endpoint(),
                s.model or "",
                s.node.account,
            )
            for s in standings(desired, observed)
            if s.deployment is not None and wanted in (None, s.node.address)
        ]
    if wanted is not None and not outputs:
        if observed.unread:
            raise CannotDecide(f"looking for {wanted}: {observed.unread[0].what} could not be read")
        raise FtopsError(f"looking for {wanted}: it is not deployed", hint="run `ftops apply` first")
    if console.json:
        keys = ("deployment", "endpoint", "model", "account")
        body = {output.name: {key: getattr(output, key) for key in keys} for output in outputs}
        console.document("ftops.output/1", {"outputs": body})
    elif invocation.output == "dotenv":
        lines = [line for output in outputs for line in dotenv_lines(output)]
        if lines:
            console.result("\n".join(lines))
    else:
        rows = [(o.name, o.deployment, o.endpoint, o.model) for o in outputs]
        console.result(render_table(("name", "deployment", "endpoint", "model"), rows, console.palette))
    if any(output.account in embedded for output in outputs):
        console.talk("The embedded emulator listens only while a command runs: `ftops emulator serve` keeps it up.")
    return CANNOT_DECIDE if observed.unread else 0


def dotenv_lines(output: Output) -> list[str]:
    """`SUPPORT_BOT_DEPLOYMENT=support-bot` and its endpoint; quoted where a shell would need it."""
    prefix = re.sub(r"[^A-Za-z0-9]", "_", output.name).upper()
    prefix = f"_{prefix}" if prefix[0].isdigit() else prefix
    facts = (("DEPLOYMENT", output.deployment), ("ENDPOINT", output.endpoint))
    return [f"{prefix}_{key}={shlex.quote(safe(value))}" for key, value in facts]
