"""`ftops version`."""

from __future__ import annotations

from ftops import __version__
from ftops.cli import options
from ftops.cli.options import Invocation


@options.command("version")
def command(invocation: Invocation) -> int:
    """Print the version."""
    if invocation.console.json:
        invocation.console.document("ftops.version/1", {"version": __version__})
    else:
        invocation.console.result(f"ftops {__version__}")
    return 0
