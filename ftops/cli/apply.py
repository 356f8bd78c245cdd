"""`ftops apply [PLANFILE]`: plans, shows, asks, acts. A saved plan is recomputed, compared and not asked for."""

from __future__ import annotations

from typing import Literal, cast

import click

from ftops.cli import options
from ftops.cli.acting import Manner, act, nothing_to_do
from ftops.cli.approval import allowances, check_rules, confirm
from ftops.cli.options import Invocation
from ftops.cli.project import addresses_of, check_targets, opened, remarks
from ftops.cli.show import read_plan
from ftops.renderers.terminal import render_plan

QUESTION = "Shall ftops do this?"


@options.command("apply")
@click.argument("planfile", required=False)
@click.option("-y", "--auto-approve", "approve", is_flag=True, help="Do not ask.")
@click.option("--wait", type=click.Choice(["all", "none"]), default="all", help="Wait for training, or submit and end.")
@click.option("--deadline", metavar="DURATION", type=options.duration, help="Stop waiting after 90m, 2h, …")
@click.option("--target", "targets", metavar="ADDRESS", multiple=True, help="Only this and what it needs (repeatable).")
@click.option("--allow", metavar="NAME[=VALUE]", multiple=True, help="Let one rule pass (repeatable).")
def command(
    invocation: Invocation,
    planfile: str | None,
    approve: bool,
    wait: str,
    deadline: float | None,
    targets: tuple[str, ...],
    allow: tuple[str, ...],
) -> int:
    """Make Azure match the specs: plan, show, ask, act.

    With PLANFILE, do what was planned and nothing else; it is not asked for again.
    """
    if planfile is not None and targets:
        raise click.UsageError("--target goes with `ftops plan --out`: a saved plan has its own.")
    allowed = allowances(allow)
    saved = read_plan(invocation.path(planfile)) if planfile is not None else None
    console = invocation.console
    with opened(invocation) as workspace:
        chosen = addresses_of(targets, workspace) if saved is None else saved.targets
        review = workspace.review(targets=chosen, destroy=saved is not None and saved.destroy, allow=allowed)
        plan = review.plan
        if saved is not None and plan.complete:
            from ftops.workspace import check_saved

            check_saved(saved, plan, review.recorded)
        check_targets(review)
        if not console.json:
            console.result(render_plan(plan, console.palette, verbose=console.verbosity > 0))
            console.diagnostics(remarks(review))
        check_rules(review, workspace, allowed)
        if nothing_to_do(plan) and not console.json:
            return 0
        if saved is None and plan.pending and not approve:
            confirm(invocation, QUESTION, "yes", planned_by="ftops plan")
        again = f"ftops apply {planfile}" if planfile is not None else "ftops apply"
        manner = Manner(cast(Literal["all", "none"], wait), deadline, again)
        return act(invocation, workspace, review, saved or plan, manner)
