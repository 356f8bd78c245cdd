"""The options every command takes, before or after the subcommand, and the values the others share.

In: what click parsed. Out: an Invocation, the one argument each command is called with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from ftops.cli.console import ColorWish, Console
from ftops.cli.signals import Signals

TEXT_OR_JSON = ("text", "json")
_ALL_FORMATS = ("text", "json", "dotenv")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")

Command = TypeVar("Command", bound=click.Command)


@dataclass(frozen=True, slots=True)
class Invocation:
    """Everything the global options said. Paths are taken as if ftops had been started in `directory`."""

    directory: Path
    environment: str
    variables: Mapping[str, str]
    output: str
    interactive: bool
    console: Console
    signals: Signals = field(repr=False)

    def path(self, text: str) -> Path:
        return self.directory / text


def command(
    name: str, *, formats: Sequence[str] = TEXT_OR_JSON, **attributes: Any
) -> Callable[[Callable[..., int]], click.Command]:
    """Makes a click command of a function that takes an Invocation first and returns the exit code."""

    def decorate(function: Callable[..., int]) -> click.Command:
        def invoke(**values: Any) -> int:
            return function(_invocation(click.get_current_context(), formats), **values)

        params = list(reversed(getattr(function, "__click_params__", [])))  # where click.option leaves them
        made = click.Command(name, callback=invoke, params=params, help=function.__doc__, **attributes)
        return with_global_options(made, formats)

    return decorate


def with_global_options(target: Command, formats: Sequence[str] = _ALL_FORMATS) -> Command:
    """Adds the global options to a command or group. Their values land in the context that all levels share."""

    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        said = context.ensure_object(dict)
        if parameter.name is not None and value not in (None, (), False, 0):
            said[parameter.name] = (*said.get("var", ()), *value) if parameter.name == "var" else value

    def option(*names: str, **attributes: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=note, **attributes)

    target.params += [
        option("-C", "directory", metavar="DIR", help="Work as if started in DIR."),
        option("--env", "environment", metavar="NAME", help="The environment of ftops.yaml to work in."),
        option("--var", "var", metavar="K=V", multiple=True, type=key_value, help="Set a variable (repeatable)."),
        option("-o", "--output", "output", type=click.Choice(list(formats)), help="How to print the result."),
        option("-q", "--quiet", "quiet", is_flag=True, help="Print only results and errors."),
        option("-v", "--verbose", "verbose", count=True, help="Print more."),
        option("--color", "color", type=click.Choice(["auto", "always", "never"]), help="Colours (NO_COLOR counts)."),
        option("--no-input", "no_input", is_flag=True, help="Never ask; refuse where an answer is needed."),
    ]
    return target


def key_value(text: str) -> tuple[str, str]:
    """`name=value`."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return key, value


def duration(text: str) -> float:
    """`30s`, `90m`, `1h30m`, `2d`: seconds."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is not a duration: write 30s, 90m, 2h or 1d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def console_of(said: Mapping[str, Any]) -> Console:
    color: ColorWish = said.get("color", "auto")
    verbosity = -1 if said.get("quiet") else said.get("verbose", 0)
    return Console(json=said.get("output") == "json", color=color, verbosity=verbosity)


def _invocation(context: click.Context, formats: Sequence[str]) -> Invocation:
    said: dict[str, Any] = context.ensure_object(dict)
    output = said.get("output", "text")
    if output not in formats:
        raise click.UsageError(f"-o {output} is not offered here: choose {' or '.join(formats)}.", context)
    return Invocation(
        directory=Path(said.get("directory", ".")),
        environment=said.get("environment", "default"),
        variables=dict(said.get("var", ())),
        output=output,
        interactive=not said.get("no_input", False),
        console=console_of(said),
        signals=said["signals"],
    )
