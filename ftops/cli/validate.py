"""`ftops validate`: specs and data, offline. Imports no cloud SDK and opens no socket."""

from __future__ import annotations

from collections import Counter

import click

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.project import opened
from ftops.core.desired import Desired
from ftops.renderers.diagnostics import diagnostic_document


@options.command("validate")
@click.option("--large", is_flag=True, help="Allow spec files beyond 4 MiB and 250,000 nodes.")
def command(invocation: Invocation, large: bool) -> int:
    """Check specs and data, offline."""
    with opened(invocation) as workspace:
        desired = workspace.desired(large=large)
    counts = _counts(desired)
    console = invocation.console
    if console.json:
        body = {
            "project": desired.project,
            "environment": desired.environment,
            "valid": True,
            "counts": counts,
            "diagnostics": [diagnostic_document(d) for d in desired.diagnostics],
        }
        console.document("ftops.validate/1", body)
        return 0
    console.diagnostics(desired.diagnostics)
    told = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())
    console.result(console.palette.paint("good", f"The specs are valid: {told}."))
    return 0


def _counts(desired: Desired) -> dict[str, int]:
    """Entries by kind; one that is in several accounts counts once."""
    kinds = Counter(address.kind for address in {resource.address for resource in desired.resources})
    return {kind: kinds[kind] for kind in ("dataset", "finetune", "deployment")}
