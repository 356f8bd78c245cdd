"""Ledger: a store and the horizons of the accounts it is about; what the executor is handed as its seam."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ftops.ledger.session import Session, create
from ftops.ledger.store import Holder, Store


@dataclass(frozen=True)
class Ledger:
    """`horizons`: seconds by ARM id (invariant I6); accounts not named have the default of Azure."""

    store: Store
    horizons: Mapping[str, float] = field(default_factory=dict)

    def open(self) -> Session:
        """Reads it. Raises LedgerCorrupt, LedgerError."""
        return Session.open(self.store, self.horizons)

    def create(self, *, nothing_in_flight: bool = False) -> Session:
        """Makes it; raises LedgerMoved when there is one."""
        return create(self.store, nothing_in_flight=nothing_in_flight, horizons=self.horizons)

    def lock(self, run: str) -> AbstractContextManager[None]:
        """The run lock, in this process's name. Raises LedgerLocked."""
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.store.lock(Holder(run, socket.gethostname(), os.getpid(), since))
