"""`ftops ledger show|init`: what ftops itself did, and the beginning of it."""

from __future__ import annotations

from typing import Any

import click

from ftops.cli import options
from ftops.cli.options import Invocation, with_global_options
from ftops.cli.project import opened
from ftops.core.errors import FtopsError, LedgerMoved
from ftops.core.recorded import Recorded
from ftops.renderers.palette import Palette
from ftops.renderers.tables import render_pairs, render_table

command = with_global_options(click.Group("ledger", help="Show or create the ledger."))


@options.command("show")
def _show(invocation: Invocation) -> int:
    """Show what ftops recorded: paid jobs, and what each entry of the specs has."""
    console = invocation.console
    with opened(invocation) as workspace:
        session = workspace.ledger.open()
        recorded, place = session.recorded(), session.place
        aliases = {account.arm_id: account.alias for account in workspace.project.accounts.values()}
    if console.json:
        console.document("ftops.ledger/1", _document(recorded, place))
    elif not recorded.exists:
        console.result(f"No ledger yet in {place}: the first `ftops apply` creates it.")
    else:
        console.result(_text(recorded, place, aliases, console.palette))
    return 0


@options.command("init")
@click.option("--nothing-in-flight", is_flag=True, help="State that no paid request of yours is under way anywhere.")
def _init(invocation: Invocation, nothing_in_flight: bool) -> int:
    """Create the ledger. Without --nothing-in-flight, paid work waits until no lost request can appear any more."""
    console = invocation.console
    with opened(invocation) as workspace:
        place = workspace.ledger.store.place
        try:
            recorded = workspace.ledger.create(nothing_in_flight=nothing_in_flight).recorded()
        except LedgerMoved as error:
            raise FtopsError(f"creating {place}: there is a ledger already", hint="see `ftops ledger show`") from error
    if console.json:
        console.document("ftops.ledger-init/1", {"place": place, "lineage": recorded.lineage})
    else:
        console.result(f"Created {place}.")
    return 0


for _child in (_show, _init):
    command.add_command(_child)


def _text(recorded: Recorded, place: str, aliases: dict[str, str], palette: Palette) -> str:
    young = f"{recorded.young_seconds_left:.0f} s" if recorded.young_seconds_left else None
    parts = [
        render_pairs(
            [
                ("place", place),
                ("lineage", recorded.lineage),
                ("entries", recorded.seq),
                ("jobs today", recorded.jobs_today),
                ("paid work waits", young),
            ],
            palette,
        )
    ]
    jobs = [
        (job.address, aliases.get(arm_id, arm_id), job.outcome, job.job_id, token)
        for (arm_id, token), job in sorted(recorded.jobs.items(), key=lambda item: (str(item[1].address), item[0]))
    ]
    if jobs:
        parts.append(render_table(("finetune", "account", "outcome", "job", "token"), jobs, palette))
    entries = [
        (e.address, aliases.get(e.arm_id, e.arm_id), e.environment, e.token or e.file_name or e.name)
        for e in sorted(recorded.entries, key=lambda e: (e.environment, e.address, e.arm_id))
    ]
    if entries:
        parts.append(render_table(("entry", "account", "environment", "holds"), entries, palette))
    return "\n\n".join(parts)


def _document(recorded: Recorded, place: str) -> dict[str, Any]:
    jobs = [
        {
            "account": arm_id,
            "token": token,
            "address": str(job.address),
            "outcome": job.outcome,
            "job": job.job_id,
            "seconds_left": job.seconds_left,
        }
        for (arm_id, token), job in sorted(recorded.jobs.items())
    ]
    entries = [
        {
            "project": entry.project,
            "environment": entry.environment,
            "account": entry.arm_id,
            "address": str(entry.address),
            "token": entry.token,
            "file_name": entry.file_name,
            "name": entry.name,
        }
        for entry in recorded.entries
    ]
    return {
        "exists": recorded.exists,
        "place": place,
        "lineage": recorded.lineage,
        "seq": recorded.seq,
        "jobs_today": recorded.jobs_today,
        "young_seconds_left": recorded.young_seconds_left,
        "jobs": jobs,
        "entries": entries,
    }
