"""The way from a command to an emulator: its store, and its control door over a server of our own on that store.

In: an invocation. Out: a path, or a function that asks the door. A refusal of the door becomes an FtopsError.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import click

from ftops.cli.options import Invocation
from ftops.cli.project import opened
from ftops.core.errors import FtopsError

if TYPE_CHECKING:
    from urllib.error import HTTPError

_SECONDS = 600.0  # a snapshot may hold gigabytes
_PIECE_BYTES = 1024 * 1024

store_option = click.option("--store", metavar="FILE", help="The store; default: .ftops/emulator.db of the project.")


class Door(Protocol):
    """Asks the control door. JSON goes in and out, but for a file that is sent or kept."""

    def __call__(
        self,
        method: str,
        what: str,
        body: Mapping[str, Any] | None = None,
        *,
        send: IO[bytes] | None = None,
        keep: IO[bytes] | None = None,
    ) -> Any: ...


@contextmanager
def door(invocation: Invocation, store: str | None) -> Iterator[Door]:
    """The emulator's control door, over a running emulator of our own on the same store."""
    import urllib.error
    import urllib.request

    from ftops.embedded import start_embedded

    path = store_path(invocation, store)
    make_private(path.parent)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with start_embedded(path, {}) as emulator:

        def ask(
            method: str,
            what: str,
            body: Mapping[str, Any] | None = None,
            *,
            send: IO[bytes] | None = None,
            keep: IO[bytes] | None = None,
        ) -> Any:
            data = send if send is not None else json.dumps(body).encode() if body is not None else None
            kind = "application/json" if send is None else "application/x-tar"
            request = urllib.request.Request(
                f"{emulator.url}/_emulator/{what}", method=method, data=data, headers={"Content-Type": kind}
            )
            try:
                with opener.open(request, timeout=_SECONDS) as answer:
                    return _kept(answer, keep)
            except urllib.error.HTTPError as refused:
                raise FtopsError(f"asking the emulator over {path}: {_reason(refused)}") from refused

        yield ask


def _kept(answer: IO[bytes], keep: IO[bytes] | None) -> Any:
    if keep is None:
        data = answer.read()
        return json.loads(data) if data else None
    while piece := answer.read(_PIECE_BYTES):
        keep.write(piece)
    return None


def _reason(refused: HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["error"]["message"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return f"it answered {refused.code}"


def store_path(invocation: Invocation, store: str | None) -> Path:
    """Where the store is: as said, or the one of the project, or the place it would have here."""
    if store is not None:
        return invocation.path(store)
    from ftops.embedded import emulator_store

    try:
        with opened(invocation) as workspace:
            return emulator_store(workspace.project.root)
    except FtopsError:  # no project here, or one that cannot be read: an emulator needs neither
        return emulator_store(invocation.directory)


def make_private(directory: Path) -> None:
    """Create a directory that nobody else can read, unless it is there."""
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True)


def told(invocation: Invocation, format: str, body: Mapping[str, Any], text: str) -> int:
    """Print a result in the form asked for."""
    if invocation.console.json:
        invocation.console.document(format, body)
    else:
        invocation.console.result(text)
    return 0
