"""The command line: parse, call the workspace, render, exit.

Here is the table of all commands. Each is a module that is imported only when it is called: `--help` is printed from
the table alone, so it costs no import of a command.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """One command: its name, the module that holds it as `command`, and its line in `--help`."""

    name: str
    module: str
    help: str


COMMANDS = (
    Entry("init", "ftops.cli.init", "Write a working project to start from."),
    Entry("validate", "ftops.cli.validate", "Check specs and data, offline."),
    Entry("plan", "ftops.cli.plan", "Show what apply would do, and why."),
    Entry("apply", "ftops.cli.apply", "Make Azure match the specs."),
    Entry("destroy", "ftops.cli.destroy", "Remove this environment's deployments and this project's files."),
    Entry("drift", "ftops.cli.drift", "Show what was changed outside of ftops."),
    Entry("status", "ftops.cli.status", "Show fine-tunes and deployments as they are now."),
    Entry("show", "ftops.cli.show", "Show a saved plan, or one thing with all that is known of it."),
    Entry("output", "ftops.cli.output", "Print names and endpoints of deployments for programs."),
    Entry("ask", "ftops.cli.ask", "Send one prompt to a deployment."),
    Entry("adopt", "ftops.cli.adopt", "Take over a deployment, or keep trainings as they are."),
    Entry("cancel", "ftops.cli.cancel", "Cancel the running job of a fine-tune."),
    Entry("ledger", "ftops.cli.ledger", "Show, create, unlock or rebuild the ledger."),
    Entry("emulator", "ftops.cli.emulator", "Run the emulator, and change its world: clock, faults, contents."),
    Entry("schema", "ftops.cli.schema", "Print a JSON Schema: spec, project or plan."),
    Entry("doctor", "ftops.cli.doctor", "Check this machine, the project and its accounts."),
    Entry("completion", "ftops.cli.completion", "Print the completion script for a shell."),
    Entry("version", "ftops.cli.version", "Print the version."),
)


class LazyGroup(click.Group):
    """Commands from a static table; an unknown name is answered with the nearest known one."""

    def __init__(self, *args: Any, entries: Sequence[Entry] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        command = import_module(entry.module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self._entries.values()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self._entries:
            import difflib

            near = difflib.get_close_matches(args[0], self._entries, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)
