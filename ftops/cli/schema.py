"""`ftops schema [spec|project|plan]`: JSON Schema, for editors and for programs that read plans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from ftops.cli import options
from ftops.cli.options import Invocation

_PLAN_SCHEMA = Path(__file__).parent / "plan.schema.json"


@options.command("schema")
@click.argument("which", type=click.Choice(["spec", "project", "plan"]), default="spec")
def command(invocation: Invocation, which: Literal["spec", "project", "plan"]) -> int:
    """Print the JSON Schema of a spec file, of ftops.yaml (project) or of a plan."""
    if which == "plan":
        document = json.loads(_PLAN_SCHEMA.read_text(encoding="utf-8"))
    else:
        from ftops.workspace import json_schema

        document = json_schema(which)
    if invocation.console.json:
        invocation.console.document("ftops.schema/1", {"which": which, "schema": document})
    else:
        invocation.console.result(json.dumps(document, indent=2, ensure_ascii=False))
    return 0
