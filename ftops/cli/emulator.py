"""`ftops emulator serve|reset|clock`: the embedded emulator, for other clients and for people who cannot wait.

The only command that imports ftops.emulator, and only when called.
"""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ftops.cli import options
from ftops.cli.options import Invocation, with_global_options
from ftops.cli.project import opened
from ftops.core.errors import FtopsError

_DEFAULT_ACCOUNT = "main"
_DOOR_SECONDS = 10.0

command = with_global_options(click.Group("emulator", help="Run, reset or move the clock of the emulator."))

_store = click.option("--store", metavar="FILE", help="The store; default: .ftops/emulator.db of the project.")


@options.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A port of 127.0.0.1; default: a free one.")
@_store
@click.option("--account", "accounts", metavar="NAME[=LOCATION]", multiple=True, help="An account (repeatable).")
def _serve(invocation: Invocation, port: int, store: str | None, accounts: tuple[str, ...]) -> int:
    """Run the emulator for other clients until Ctrl-C or SIGTERM.

    With -o json the first line of stdout tells where it is and how to sign in.
    """
    from ftops.emulator import Emulator, UnusableStore

    path = _store_path(invocation, store)
    named = dict(_account(text) for text in accounts) or {_DEFAULT_ACCOUNT: None}
    _make_private(path.parent)
    try:
        emulator = Emulator(path, port=port, accounts=named)
    except (UnusableStore, OSError) as error:
        raise FtopsError(
            f"serving {path}: {error}", hint="choose another --port or --store, or `ftops emulator reset`"
        ) from error
    with emulator, suppress(KeyboardInterrupt):  # being told to end is how serving ends well
        _announce(invocation, emulator.url, list(named))
        threading.Event().wait()
    return 0


@options.command("reset")
@_store
def _reset(invocation: Invocation, store: str | None) -> int:
    """Empty the emulator: files, jobs, models, deployments, clock. Accounts stay.

    A project's own store that another version wrote is thrown away; one named with --store never is.
    """
    path = _store_path(invocation, store)
    try:
        with _door(invocation, store) as ask:
            ask("POST", "reset", None)
    except FtopsError:
        if store is not None:
            raise
        _discard(path)
    code = _told(invocation, "ftops.emulator-reset/1", {"store": str(path)}, "The emulator is empty.")
    invocation.console.talk("A ledger that knows jobs of it does not forget them: they will show as gone.")
    return code


@options.command("clock", context_settings={"ignore_unknown_options": True})
@click.argument("move", required=False)
@_store
def _clock(invocation: Invocation, move: str | None, store: str | None) -> int:
    """Show the emulator's clock, or move it: +15d, +2h, -30m."""
    with _door(invocation, store) as ask:
        if move in (None, "show"):
            answer = ask("GET", "clock", None)
        else:
            answer = ask("PUT", "clock", {"advance_seconds": _signed_seconds(str(move))})
    now = datetime.fromtimestamp(float(answer["now"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    offset = float(answer["offset_seconds"])
    body = {"now": now, "offset_seconds": offset}
    return _told(invocation, "ftops.emulator-clock/1", body, f"{now} ({offset:+,.0f} seconds from the wall clock)")


for _child in (_serve, _reset, _clock):
    command.add_command(_child)


def _account(text: str) -> tuple[str, str | None]:
    name, _, location = text.partition("=")
    return name, location or None


def _signed_seconds(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    return sign * options.duration(text.lstrip("+-"))


def _announce(invocation: Invocation, url: str, accounts: list[str]) -> None:
    from ftops.emulator import API_KEY, RESOURCE_GROUP, SUBSCRIPTION

    main = _DEFAULT_ACCOUNT if _DEFAULT_ACCOUNT in accounts else accounts[0]
    facts = {
        "url": url,
        "endpoint": f"{url}/{main}/",
        "subscription": SUBSCRIPTION,
        "resource_group": RESOURCE_GROUP,
        "account": main,
        "api_key": API_KEY,
    }
    if invocation.console.json:
        invocation.console.result(json.dumps(facts))
        return
    lines = [f"ARM       {url}", *(f"endpoint  {url}/{name}/" for name in accounts)]
    lines += [f"in ftops.yaml: accounts: {{{main}: {{emulator: {url}}}}}"]
    invocation.console.result("\n".join(lines))
    invocation.console.talk("Ctrl-C ends it.")


@contextmanager
def _door(invocation: Invocation, store: str | None) -> Iterator[Any]:
    """The emulator's control door, over a running emulator of our own on the same store."""
    from ftops.embedded import start_embedded

    path = _store_path(invocation, store)
    _make_private(path.parent)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with start_embedded(path, {}) as emulator:

        def ask(method: str, what: str, body: Mapping[str, Any] | None) -> Any:
            request = urllib.request.Request(
                f"{emulator.url}/_emulator/{what}",
                method=method,
                data=json.dumps(body).encode() if body is not None else None,
                headers={"Content-Type": "application/json"},
            )
            with opener.open(request, timeout=_DOOR_SECONDS) as answer:
                data = answer.read()
            return json.loads(data) if data else None

        yield ask


def _store_path(invocation: Invocation, store: str | None) -> Path:
    if store is not None:
        return invocation.path(store)
    from ftops.workspace import emulator_store

    try:
        with opened(invocation) as workspace:
            return emulator_store(workspace.project.root)
    except FtopsError:  # no project here, or one that cannot be read: an emulator needs neither
        return emulator_store(invocation.directory)


def _discard(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(path.name + ".files"), ignore_errors=True)


def _make_private(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True)


def _told(invocation: Invocation, format: str, body: Mapping[str, Any], text: str) -> int:
    if invocation.console.json:
        invocation.console.document(format, body)
    else:
        invocation.console.result(text)
    return 0
