"""The emulator that a command starts in its own process for `emulator: true` accounts.

In: where its store is and which accounts it has. Out: a context manager that gives its URL. The only module besides the
emulator command that imports ftops.emulator, and it does so late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ftops.core.errors import FtopsError

#: Where a project keeps what belongs to this machine.
LOCAL_DIRECTORY = ".ftops"


class Embedded(Protocol):
    """A running emulator."""

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end: ARM is there, an account's endpoint below it."""


@contextmanager
def start_embedded(store: Path, accounts: Mapping[str, str | None]) -> Iterator[Embedded]:
    """Runs an emulator over `store` (created when absent) on a free loopback port until the block ends.

    `accounts` maps account names to locations, None for the default one. Raises FtopsError when the store is unusable.
    """
    import sqlite3

    from ftops.emulator import Emulator, UnusableStore

    try:
        emulator = Emulator(store, accounts=accounts)
    except (UnusableStore, OSError, sqlite3.Error) as error:
        raise FtopsError(
            f"starting the embedded emulator over {store}: {error}",
            hint="it holds nothing but pretended resources: `ftops emulator reset` begins anew",
        ) from error
    with emulator as running:
        yield running


def emulator_store(root: Path) -> Path:
    """Where a project's embedded emulator keeps everything."""
    return root / LOCAL_DIRECTORY / "emulator.db"
