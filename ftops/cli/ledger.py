"""`ftops ledger show|init|unlock|rebuild`: what ftops itself did, its beginning, and what to do when it is in the way.

In: the project. Out: what the ledger holds, as text or JSON. Nothing here touches a paid intent.
"""

from __future__ import annotations

import secrets
from typing import Any

import click

from ftops.cli import options
from ftops.cli.options import Invocation, with_global_options
from ftops.cli.project import opened
from ftops.core.errors import FtopsError, LedgerError, LedgerMoved
from ftops.core.recorded import Recorded, RecordedJob
from ftops.renderers.palette import Palette
from ftops.renderers.tables import render_pairs, render_table

command = with_global_options(click.Group("ledger", help="Show, create, unlock or rebuild the ledger."))


@options.command("show")
def _show(invocation: Invocation) -> int:
    """Show what ftops recorded: paid jobs, and what each entry of the specs has."""
    console = invocation.console
    with opened(invocation) as workspace:
        session, caution = workspace.ledger.open(), workspace.ledger.caution
        recorded, place, suspicion = session.recorded(), session.place, session.suspicion
        aliases = {account.arm_id: account.alias for account in workspace.project.accounts.values()}
    if console.json:
        console.document("ftops.ledger/1", _document(recorded, place) | {"suspicion": suspicion, "caution": caution})
        return 0
    if not recorded.exists:
        console.result(f"No ledger yet in {place}: the first `ftops apply` creates it.")
    else:
        console.result(_text(recorded, place, aliases, console.palette))
    if suspicion:
        console.talk(f"It cannot prove what is in flight ({suspicion}): what is paid for next waits as if it were new.")
    if caution:
        console.talk(f"Careful: {caution}.")
    return 0


@options.command("init")
@click.option("--nothing-in-flight", is_flag=True, help="State that no paid request of yours is under way anywhere.")
def _init(invocation: Invocation, nothing_in_flight: bool) -> int:
    """Create the ledger. Without --nothing-in-flight, paid work waits until no lost request can appear any more."""
    console = invocation.console
    with opened(invocation) as workspace:
        place = workspace.ledger.place
        try:
            recorded = workspace.ledger.create(nothing_in_flight=nothing_in_flight).recorded()
        except LedgerMoved as error:
            raise FtopsError(f"creating {place}: there is a ledger already", hint="see `ftops ledger show`") from error
    if console.json:
        console.document("ftops.ledger-init/1", {"place": place, "lineage": recorded.lineage})
    else:
        console.result(f"Created {place}.")
    return 0


@options.command("unlock")
@click.argument("run", metavar="RUN")
def _unlock(invocation: Invocation, run: str) -> int:
    """Take the run lock away from RUN, the run that the message about the lock names.

    Paid requests without an outcome stay as they are: the next apply looks for them.
    """
    console = invocation.console
    with opened(invocation) as workspace:
        ledger = workspace.ledger
        holder = ledger.holder()
        if holder is None:
            raise FtopsError(f"unlocking {ledger.place}: nobody holds it", hint="run again what was refused")
        if holder.run != run:
            raise FtopsError(f"unlocking {ledger.place}: it is held by {holder}, not by run {run}")
        seconds, unresolved = ledger.held_seconds(holder), _unresolved(ledger.open().recorded())
        console.talk(f"Held by {holder}, for {seconds:.0f} s.")
        console.talk(f"Paid requests without an outcome: {', '.join(map(_named, unresolved)) or 'none'}.")
        ledger.unlock()
    if console.json:
        body = {"place": ledger.place, "run": run, "host": holder.host, "pid": holder.pid, "held_seconds": seconds}
        console.document("ftops.ledger-unlock/1", body | {"unresolved": [_job_document(job) for job in unresolved]})
    else:
        console.result(f"Unlocked {ledger.place}.")
    return 0


@options.command("rebuild")
def _rebuild(invocation: Invocation) -> int:
    """Set a damaged ledger aside and start a new one; what was made is recognised in Azure by what it carries."""
    console = invocation.console
    with opened(invocation) as workspace:
        ledger = workspace.ledger
        try:
            session, aside = ledger.rebuild(secrets.token_hex(6))
        except LedgerMoved as error:
            raise LedgerError(f"rebuilding {ledger.place}: somebody else made one meanwhile") from error
        recorded = session.recorded()
    if console.json:
        body = {"place": ledger.place, "lineage": recorded.lineage, "aside": aside or None}
        console.document("ftops.ledger-rebuild/1", body | {"young_seconds_left": recorded.young_seconds_left})
        return 0
    console.result(f"Created {ledger.place}." + (f" The damaged one is {aside}." if aside else ""))
    console.talk(
        f"It is new: paid work waits {recorded.young_seconds_left:.0f} s. `ftops plan` shows what it recognises."
    )
    return 0


for _child in (_show, _init, _unlock, _rebuild):
    command.add_command(_child)


def _unresolved(recorded: Recorded) -> list[RecordedJob]:
    return [job for _, job in sorted(recorded.jobs.items()) if job.outcome == "sending"]


def _named(job: RecordedJob) -> str:
    return f"{job.address} (token {job.token})"


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
        (job.address, aliases.get(arm_id, arm_id), _outcome(job), job.job_id, token)
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


def _outcome(job: RecordedJob) -> str:
    """Of a request without an outcome: how long it may still become a job, and must not be sent again."""
    return f"{job.outcome} ({job.seconds_left:.0f} s left)" if job.seconds_left > 0 else job.outcome


def _job_document(job: RecordedJob) -> dict[str, Any]:
    return {
        "account": job.arm_id,
        "token": job.token,
        "address": str(job.address),
        "outcome": job.outcome,
        "job": job.job_id,
        "seconds_left": job.seconds_left,
    }


def _document(recorded: Recorded, place: str) -> dict[str, Any]:
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
        "jobs": [_job_document(job) for _, job in sorted(recorded.jobs.items())],
        "entries": entries,
    }
