"""`ftops plan`: what apply would do, and why. Reads Azure, writes nothing but the file that --out names."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.project import addresses_of, check_targets, opened, remarks
from ftops.core.errors import FtopsError
from ftops.core.plan import Plan
from ftops.renderers.terminal import render_plan

CANNOT_DECIDE = 7
REFUSED = 4
CHANGES = 2


@options.command("plan")
@click.option("--out", "out", metavar="FILE", help="Save the plan; `ftops apply FILE` does exactly that.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--target", "targets", metavar="ADDRESS", multiple=True, help="Only this and what it needs (repeatable).")
@click.option("--destroy", is_flag=True, help="Plan what `ftops destroy` would do.")
def command(
    invocation: Invocation, out: str | None, detailed_exitcode: bool, targets: tuple[str, ...], destroy: bool
) -> int:
    """Show what apply would do, and why."""
    console = invocation.console
    with opened(invocation) as workspace:
        review = workspace.review(targets=addresses_of(targets, workspace), destroy=destroy)
    plan = review.plan
    check_targets(review)
    document = plan.to_document(created_at=created_now())
    if out is not None and plan.complete:
        write_privately(invocation.path(out), json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    if console.json:
        console.document(document.pop("format"), document)
    else:
        console.result(render_plan(plan, console.palette, verbose=console.verbosity > 0))
        console.diagnostics(remarks(review))
    console.diagnostics(review.refusals)
    if out is not None and plan.complete:
        console.talk(f"\nSaved to {out}. `ftops apply {out}` does exactly this, or refuses.")
    if not plan.complete:
        return CANNOT_DECIDE
    if review.refusals:
        return REFUSED
    return CHANGES if detailed_exitcode and has_changes(plan) else 0


def has_changes(plan: Plan) -> bool:
    """Whether the last line says anything but "No changes"; adopting and forgetting alone are none."""
    return bool(plan.pending or plan.blocked)


def created_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_privately(path: Path, text: str) -> None:
    """Replaces a file in one step, readable by its owner only. Raises FtopsError."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, delete=False) as file:
            try:
                file.write(text)
                file.close()
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise FtopsError(f"writing {path}: {error.strerror}") from error
