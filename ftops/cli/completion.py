"""`ftops completion SHELL`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ftops.cli import options
from ftops.cli.options import Invocation


@options.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(invocation: Invocation, shell: str) -> int:
    """Print the completion script for SHELL.

    bash: eval "$(ftops completion bash)"; zsh: eval "$(ftops completion zsh)"; fish: ftops completion fish | source
    """
    completion = get_completion_class(shell)
    assert completion is not None, "click completes bash, zsh and fish"
    from ftops.cli.app import COMPLETION_VARIABLE, root

    # Not script.source(): for bash that runs the bash of this machine to ask for its version.
    script = completion(root, {}, "ftops", COMPLETION_VARIABLE)
    text = script.source_template % script.source_vars()
    if invocation.console.json:
        invocation.console.document("ftops.completion/1", {"shell": shell, "script": text})
    else:
        invocation.console.result(text)
    return 0
