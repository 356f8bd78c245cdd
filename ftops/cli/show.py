"""`ftops show [PLANFILE | ADDRESS]`: a saved plan, or one thing with all that is known of it. Read-only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.plan import CANNOT_DECIDE
from ftops.cli.project import choose, node_of, opened
from ftops.cli.standing import Standing, standings
from ftops.core.change import Action, Change
from ftops.core.desired import Desired, DesiredDataset, DesiredDeployment, DesiredFinetune, DesiredResource
from ftops.core.errors import FtopsError
from ftops.core.plan import Plan
from ftops.renderers.tables import render_pairs
from ftops.renderers.terminal import render_changes, render_plan

_KINDS = ("dataset/", "finetune/", "deployment/")
Facts = list[tuple[str, object]]
#: A plan of 10,000 resources is a tenth of this.
PLAN_SIZE_MAX_BYTES = 64 * 1024**2


@options.command("show")
@click.argument("what", metavar="[PLANFILE|ADDRESS]", required=False)
def command(invocation: Invocation, what: str | None) -> int:
    """Show a saved plan, or one thing with all that is known of it; without either, the plan of now."""
    if what is None:
        with opened(invocation) as workspace:
            return _show_plan(invocation, workspace.review().plan)
    if what.startswith(_KINDS):
        return _show_thing(invocation, what)
    return _show_plan(invocation, read_plan(invocation.path(what)))


def read_plan(path: Path) -> Plan:
    """A plan that `ftops plan --out` wrote; raises FtopsError when it is anything else, or was altered.

    The file may be anybody's: it is read up to a limit, as JSON of a bounded depth without a key given twice.
    """
    try:
        with path.open("rb") as file:
            text = file.read(PLAN_SIZE_MAX_BYTES + 1)
        if len(text) > PLAN_SIZE_MAX_BYTES:
            raise ValueError(f"it is larger than {PLAN_SIZE_MAX_BYTES >> 20} MiB")
        document = json.loads(text, object_pairs_hook=_keys_once)
        if not isinstance(document, dict):
            raise ValueError("not a plan")
        return Plan.from_document(document)
    except OSError as error:
        raise FtopsError(
            f"reading the plan {path}: {error.strerror}",
            hint="`ftops plan --out FILE` makes one; an address is kind/name, for example finetune/support-v1",
        ) from error
    except (ValueError, RecursionError) as error:
        why = str(error) if type(error) is ValueError else "it is no JSON text"
        raise FtopsError(f"reading {path}: {why}", hint="make a new one with `ftops plan --out FILE`") from error


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a key twice")
    return found


def _show_plan(invocation: Invocation, plan: Plan) -> int:
    console = invocation.console
    if console.json:
        document = plan.to_document()
        console.document(document.pop("format"), document)
    else:
        console.result(render_plan(plan, console.palette, verbose=console.verbosity > 0))
        console.diagnostics(plan.diagnostics)
    return 0 if plan.complete else CANNOT_DECIDE


def _show_thing(invocation: Invocation, what: str) -> int:
    console = invocation.console
    with opened(invocation) as workspace:
        wanted = node_of(what, default_account="")
        review = workspace.review()
    choose(str(wanted.address), wanted.address.kind, {r.address for r in review.desired.resources})
    found = [
        standing
        for standing in standings(review.desired, review.observed)
        if standing.node.address == wanted.address and wanted.account in ("", standing.node.account)
    ]
    if not found:
        raise FtopsError(f"looking for {wanted}: it is not in that account")
    things = [(standing, _facts(standing, review.desired)) for standing in found]
    if console.json:
        changes = [c for c in review.plan.to_document()["changes"] if c["address"] == str(wanted.address)]
        body = [_document(standing, facts, changes) for standing, facts in things]
        console.document("ftops.show/1", {"address": str(wanted.address), "things": body})
    else:
        blocks = []
        for standing, facts in things:
            change = _due(review.plan.change_of(standing.node))
            blocks.append(render_pairs([("address", standing.node), *facts], console.palette))
            blocks += [render_changes(review.plan, [change], console.palette)] if change is not None else []
        console.result("\n\n".join(blocks))
    return CANNOT_DECIDE if review.observed.unread else 0


def _due(change: Change | None) -> Change | None:
    return change if change is not None and change.action is not Action.KEEP else None


def _document(standing: Standing, facts: Facts, changes: list[dict[str, Any]]) -> dict[str, Any]:
    account = standing.node.account
    plain = {
        name.replace(" ", "_"): value if isinstance(value, int | float | dict) else str(value)
        for name, value in facts
        if value not in (None, "")
    }
    return {"account": account, "facts": plain, "changes": [c for c in changes if c["account"] == account]}


def _facts(standing: Standing, desired: Desired) -> Facts:
    resource = next(r for r in desired.resources if r.node == standing.node)
    return [("status", standing.status), *_desired_facts(resource), *_observed_facts(standing)]


def _desired_facts(resource: DesiredResource) -> Facts:
    match resource:
        case DesiredDataset():
            content = resource.content
            facts: Facts = [("file", content.path), ("rows", content.rows), ("bytes", content.size_bytes)]
            facts.append(("sha256", content.sha256))
        case DesiredFinetune():
            facts = [
                ("base model", resource.base_model),
                ("continues", resource.parent),
                ("training", resource.training),
                ("validation", resource.validation),
                ("method", resource.method),
                *((f"hyperparameter {name}", value) for name, value in sorted(resource.hyperparameters.items())),
                ("fingerprint", resource.fingerprint),
                ("token", resource.token),
                ("suffix sent", resource.suffix_sent),
                ("seed", resource.seed),
            ]
            if resource.existing:
                facts = [("existing job", resource.existing_job), ("existing model", resource.existing_model)]
        case DesiredDeployment():
            serves = resource.finetune or (resource.base_model.name if resource.base_model else None)
            facts = [("serves", serves), ("sku wanted", resource.sku), ("capacity wanted", resource.capacity)]
            facts.append(("fingerprint", resource.fingerprint))
    return [*facts, ("written at", resource.position)]


def _observed_facts(standing: Standing) -> Facts:
    if standing.file is not None:
        return [("file id", standing.file.id), ("file name", standing.file.name), ("detail", standing.file.detail)]
    if standing.job is not None:
        job = standing.job
        return [
            ("job", job.id),
            ("model", job.fine_tuned_model),
            ("trained tokens", job.trained_tokens),
            ("training file", job.training_file),
            ("validation file", job.validation_file),
            ("error", f"{job.error_code}: {job.error_message}" if job.error_code else None),
        ]
    if standing.deployment is not None:
        held = standing.deployment
        return [
            ("name", held.name),
            ("model", held.model_name),
            ("model version", held.model_version),
            ("sku", held.sku),
            ("capacity", held.capacity),
            ("source", held.source),
            ("content policy", held.content_policy),
            ("upgrade", held.upgrade),
            *((f"tag {name}", value) for name, value in sorted(held.tags.items())),
        ]
    return []
