"""`ftops destroy`: this environment's deployments and this project's files go, in reverse order. Jobs stay."""

from __future__ import annotations

import click

from ftops.cli import options
from ftops.cli.acting import Manner, act, nothing_to_do
from ftops.cli.approval import allowances, check_rules, confirm
from ftops.cli.options import Invocation
from ftops.cli.project import opened, remarks
from ftops.renderers.terminal import render_plan


@options.command("destroy")
@click.option("-y", "--auto-approve", "approve", is_flag=True, help="Do not ask for the project's name.")
@click.option("--delete-models", is_flag=True, help="Try to delete fine-tuned models too.")
@click.option("--allow", metavar="NAME[=VALUE]", multiple=True, help="Let one rule pass (repeatable).")
def command(invocation: Invocation, approve: bool, delete_models: bool, allow: tuple[str, ...]) -> int:
    """Remove this environment's deployments and this project's files.

    Jobs stay, and so do models unless --delete-models is given: putting the specs back costs no training.
    """
    allowed = allowances(allow)
    console = invocation.console
    with opened(invocation) as workspace:
        review = workspace.review(destroy=True, delete_models=delete_models, allow=allowed)
        if not console.json:
            console.result(render_plan(review.plan, console.palette, verbose=console.verbosity > 0))
            console.diagnostics(remarks(review))
        check_rules(review, workspace, allowed)
        if nothing_to_do(review.plan) and not console.json:
            return 0
        name = workspace.project.name
        if review.plan.pending and not approve:
            question = f"Shall ftops remove all this of project {name}, environment {invocation.environment}?"
            asked = f"{question} Type the project's name."
            confirm(invocation, asked, name, planned_by="ftops plan --destroy")
        return act(invocation, workspace, review, review.plan, Manner(again="ftops destroy"))
