"""`ftops emulator faults|seed|snapshot|restore|bill`: what its world is like, and what it would have cost.

All of it goes through the control door; nothing here knows how the emulator works.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ftops.cli import options
from ftops.cli.emulator_door import door, store_option, store_path, told
from ftops.cli.options import Invocation, with_global_options
from ftops.core.errors import FtopsError
from ftops.renderers.tables import render_table

faults = with_global_options(click.Group("faults", help="Switch faults on and off: see docs/emulator.md."))


@options.command("list")
@store_option
@click.option("--all", "everything", is_flag=True, help="Every fault there is, switched on or not.")
def _list(invocation: Invocation, store: str | None, everything: bool) -> int:
    """Show the faults that are switched on, and how many requests each has struck."""
    with door(invocation, store) as ask:
        rules = ask("GET", "faults/catalogue" if everything else "faults")["faults"]
    if everything:
        text = render_table(
            ("fault", "name", "shows as"), [(rule["fault"], rule["name"], rule["shown"]) for rule in rules]
        )
        return told(invocation, "ftops.emulator-fault-catalogue/1", {"faults": rules}, text)
    rows = [
        (rule["fault"], " ".join(rule["routes"]), rule["when"], rule["matched"], rule["fired"], _limits(rule))
        for rule in rules
    ]
    text = render_table(("fault", "route", "when", "matched", "struck", "limits"), rows)
    return told(invocation, "ftops.emulator-faults/1", {"faults": rules}, text if rows else "No fault is switched on.")


@options.command("set")
@click.argument("fault")
@click.argument("settings", metavar="[KEY=VALUE]...", nargs=-1, type=options.key_value)
@store_option
def _set(invocation: Invocation, fault: str, settings: tuple[tuple[str, str], ...], store: str | None) -> int:
    """Switch a fault on, in place of what was set for it: ftops emulator faults set C7 route=jobs.create nth=1."""
    rule = {"fault": fault, **{name: _value(text) for name, text in settings}}
    with door(invocation, store) as ask:
        kept = [old for old in ask("GET", "faults")["faults"] if old["fault"] == fault.upper()]
        made = ask("POST", "faults", rule)["faults"][-1]
        if kept:
            ask("DELETE", f"faults?fault={made['fault']}")
            made = ask("POST", "faults", rule)["faults"][-1]
    return told(invocation, "ftops.emulator-faults/1", {"faults": [made]}, f"{made['fault']} is switched on.")


@options.command("clear")
@click.argument("fault", required=False)
@store_option
def _clear(invocation: Invocation, fault: str | None, store: str | None) -> int:
    """Switch all faults off, or one."""
    if fault is not None and not fault.isalnum():
        raise click.BadParameter(f"{fault!r} is not the number of a fault, such as C7")
    with door(invocation, store) as ask:
        ask("DELETE", "faults" if fault is None else f"faults?fault={fault}")
        left = ask("GET", "faults")["faults"]
    text = f"{len(left)} left." if left else "No fault is switched on."
    return told(invocation, "ftops.emulator-faults/1", {"faults": left}, text)


@options.command("seed")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
def seed(invocation: Invocation, file: Path, store: str | None) -> int:
    """Add the files, jobs and deployments that a JSON file describes: see docs/emulator.md."""
    path = invocation.path(str(file))
    try:
        world = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise FtopsError(f"reading {file}: {getattr(error, 'strerror', None) or 'it is not valid JSON'}") from error
    if not isinstance(world, dict):
        raise FtopsError(f"reading {file}: it is not a JSON object")
    with door(invocation, store) as ask:
        made = ask("POST", "seed", world)
    counts = ", ".join(f"{len(made[kind])} {kind}" for kind in ("files", "jobs", "deployments"))
    return told(invocation, "ftops.emulator-seed/1", made, f"Added {counts}.")


@options.command("snapshot")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
def snapshot(invocation: Invocation, file: Path, store: str | None) -> int:
    """Write all that the emulator holds to a tar file, contents of files included."""
    path = invocation.path(str(file))
    partial = path.with_name(path.name + ".partial")
    try:
        with door(invocation, store) as ask, partial.open("wb") as sink:
            ask("GET", "snapshot", keep=sink)
        partial.replace(path)
    except OSError as error:
        raise FtopsError(f"writing {file}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    size = path.stat().st_size
    return told(
        invocation, "ftops.emulator-snapshot/1", {"file": str(path), "bytes": size}, f"Wrote {file}, {size:,} bytes."
    )


@options.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
def restore(invocation: Invocation, file: Path, store: str | None) -> int:
    """Put the emulator back to a snapshot; what it holds now is gone."""
    path = invocation.path(str(file))
    try:
        with path.open("rb") as content, door(invocation, store) as ask:
            ask("PUT", "snapshot", send=content)
    except OSError as error:
        raise FtopsError(f"reading {file}: {error.strerror or error}") from error
    place = store_path(invocation, store)
    return told(invocation, "ftops.emulator-restore/1", {"store": str(place)}, f"The emulator is as {file} has it.")


@options.command("bill")
@store_option
def bill(invocation: Invocation, store: str | None) -> int:
    """What Azure would have charged for all that was ever trained and deployed here."""
    with door(invocation, store) as ask:
        found = ask("GET", "bill")
    jobs, deployments = found["jobs"], found["deployments"]
    if not jobs and not deployments:
        return told(invocation, "ftops.emulator-bill/1", found, "Nothing was trained or deployed.")
    rows: list[tuple[object, ...]] = [
        (job["id"], job["account"], job["status"], f"{job['tokens']:,} tokens", _usd(job["usd"])) for job in jobs
    ]
    rows += [
        (
            life["name"],
            life["account"],
            "present" if life["present"] else "gone",
            f"{life['hours']:,.2f} h",
            _usd(life["usd"]),
        )
        for life in deployments
    ]
    rows.append(("total", None, None, None, _usd(found["total_usd"])))
    return told(
        invocation,
        "ftops.emulator-bill/1",
        found,
        render_table(("what", "account", "status", "amount", "cost"), rows),
    )


for _child in (_list, _set, _clear):
    faults.add_command(_child)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _limits(rule: dict[str, Any]) -> str:
    names = ("method", "nth", "every", "probability", "times")
    said = [f"{name}={rule[name]}" for name in names if rule[name]]
    return " ".join([*said, *(f"{name}={value}" for name, value in rule["parameters"].items())])


def _usd(amount: float) -> str:
    return f"${amount:,.2f}"
