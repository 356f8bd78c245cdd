"""Ledger: a store and the horizons of the accounts it is about; what the executor is handed as its seam."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ftops.core.errors import LedgerCorrupt, LedgerError
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session, create, rebuild
from ftops.ledger.store import Holder, Store

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def open_store(
    directory: Path, backend: str = "local", account_url: str = "", container: str = "", blob: str = ""
) -> Store:
    """The home that ftops.yaml names; `directory` is that of `local`. Raises LedgerError without the azblob extra."""
    if backend == "local":
        return LocalStore(directory)
    from ftops.ledger.azblob import AzblobStore

    return AzblobStore(account_url, container, blob)


@dataclass(frozen=True)
class Ledger:
    """`horizons`: seconds by ARM id (invariant I6); accounts not named have the default of Azure."""

    store: Store
    horizons: Mapping[str, float] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return self.store.place

    @property
    def caution(self) -> str:
        """What makes its place unsafe, for people; "" for nothing."""
        return self.store.caution

    def open(self) -> Session:
        """Reads it. Raises LedgerCorrupt, LedgerError."""
        return Session.open(self.store, self.horizons)

    def create(self, *, nothing_in_flight: bool = False) -> Session:
        """Makes it; raises LedgerMoved when there is one."""
        return create(self.store, nothing_in_flight=nothing_in_flight, horizons=self.horizons)

    def rebuild(self, run: str) -> tuple[Session, str]:
        """Starts a new one in place of a damaged one; returns where that is kept, "" where there was none.

        Raises LedgerError for one that can be read: everything it knows would be lost.
        """
        with self.lock(run):
            try:
                sound = self.open()
            except LedgerCorrupt:
                sound = None
            if sound is not None and sound.exists:
                raise LedgerError(
                    f"rebuilding {self.place}: it can be read, so there is nothing to rebuild",
                    hint="see `ftops ledger show`; a torn or outdated ledger is healed by the next `ftops apply`",
                )
            return rebuild(self.store, horizons=self.horizons)

    def lock(self, run: str) -> AbstractContextManager[None]:
        """The run lock, in this process's name. Raises LedgerLocked."""
        since = datetime.fromtimestamp(self.store.now(), UTC).strftime(_TIME)
        return self.store.lock(Holder(run, socket.gethostname(), os.getpid(), since))

    def holder(self) -> Holder | None:
        """Who holds the run lock; None when it is free."""
        return self.store.holder()

    def held_seconds(self, holder: Holder) -> float:
        """For how long it has been held by their own account, on the store's clock; 0 when they do not say."""
        try:
            since = datetime.strptime(holder.since, _TIME).replace(tzinfo=UTC)
        except ValueError:
            return 0.0
        return max(0.0, self.store.now() - since.timestamp())

    def unlock(self) -> None:
        """Takes the run lock away from its holder. Raises LedgerError where only the holder's end frees it."""
        self.store.unlock()
