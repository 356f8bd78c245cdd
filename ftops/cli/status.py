"""`ftops status`: fine-tunes and deployments as they are now. Read-only."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.plan import CANNOT_DECIDE
from ftops.cli.project import opened
from ftops.cli.standing import Standing, standings
from ftops.core.errors import FtopsError
from ftops.core.observed import ObservedJob, Unread
from ftops.renderers.palette import Palette
from ftops.renderers.tables import render_table

WATCH_SECONDS = 2.0
_HOME_AND_CLEAR = "\x1b[H\x1b[2J"


@options.command("status")
@click.option("--watch", is_flag=True, help="Look again every two seconds until nothing moves any more.")
def command(invocation: Invocation, watch: bool) -> int:
    """Show fine-tunes and deployments as they are now."""
    console = invocation.console
    if watch and console.json:
        raise FtopsError("watching: -o json prints one document, --watch many", hint="leave one of them out")
    with opened(invocation) as workspace:
        desired = workspace.desired()
        said = ""
        while True:
            observed = workspace.observe()
            found = [s for s in standings(desired, observed) if s.node.address.kind != "dataset"]
            if console.json:
                console.document("ftops.status/1", status_document(found, observed.unread))
            else:
                text = render_status(found, console.palette)
                clear = _HOME_AND_CLEAR if watch and sys.stdout.isatty() else ""
                if text != said:
                    console.result(clear + text)
                said = text
            if not watch or not any(standing.moving for standing in found):
                break
            time.sleep(WATCH_SECONDS)
    for item in observed.unread:
        console.talk(f"could not read {item.what} of account {item.account}: {item.why}")
    return CANNOT_DECIDE if observed.unread else 0


def render_status(found: Sequence[Standing], palette: Palette) -> str:
    """Two tables; the account is a column only when there is more than one."""
    accounts = len({standing.node.account for standing in found}) > 1
    tables = []
    for kind, headings in (
        ("finetune", ("finetune", "status", "model", "progress", "trained tokens")),
        ("deployment", ("deployment", "status", "model", "sku", "capacity")),
    ):
        rows = [_row(standing, accounts) for standing in found if standing.node.address.kind == kind]
        if rows:
            shown = (*headings, "account") if accounts else headings
            tables.append(render_table(shown, rows, palette))
    return "\n\n".join(tables) or "The specs ask for no fine-tunes and no deployments."


def status_document(found: Sequence[Standing], unread: Sequence[Unread]) -> dict[str, Any]:
    """The same as JSON data."""
    return {
        "finetunes": [_finetune_document(s) for s in found if s.node.address.kind == "finetune"],
        "deployments": [_deployment_document(s) for s in found if s.node.address.kind == "deployment"],
        "unread": [{"account": item.account, "what": item.what, "why": item.why} for item in unread],
    }


def _row(standing: Standing, accounts: bool) -> tuple[object, ...]:
    name, account = standing.node.address.name, (standing.node.account,) if accounts else ()
    if standing.node.address.kind == "finetune":
        tokens = standing.job.trained_tokens if standing.job else None
        told = f"{tokens:,}" if tokens is not None else None
        return (name, standing.status, standing.model, progress_of(standing.job), told, *account)
    held = standing.deployment
    sku, capacity = (held.sku, held.capacity) if held else (None, None)
    return (name, standing.status, standing.model, sku, capacity, *account)


def progress_of(job: ObservedJob | None) -> str | None:
    """In the service's own terms: done, or when it expects to be."""
    if job is None:
        return None
    if job.status == "succeeded":
        return "100%"
    if job.terminal:
        return job.error_code or job.status
    if job.estimated_finish:
        return f"until about {datetime.fromtimestamp(job.estimated_finish, UTC):%H:%M} UTC"
    return None


def _finetune_document(standing: Standing) -> dict[str, Any]:
    job = standing.job
    return {
        "address": str(standing.node.address),
        "account": standing.node.account,
        "status": standing.status,
        "job": job.id if job else None,
        "model": standing.model,
        "trained_tokens": job.trained_tokens if job else None,
        "estimated_finish": job.estimated_finish if job else None,
        "error": {"code": job.error_code, "message": job.error_message} if job and job.error_code else None,
    }


def _deployment_document(standing: Standing) -> dict[str, Any]:
    held = standing.deployment
    return {
        "address": str(standing.node.address),
        "account": standing.node.account,
        "status": standing.status,
        "name": held.name if held else None,
        "model": standing.model,
        "sku": held.sku if held else None,
        "capacity": held.capacity if held else None,
    }
