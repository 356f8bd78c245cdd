"""Connections: one AccountClient per account, over as few HTTP clients as there are ways in.

In: accounts as ftops.yaml names them, and where their emulators listen. Out: clients made on first use. Nothing is
imported, sent or signed in to before it is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from types import TracebackType

from ftops.azure.access import Access, Once, azure_access
from ftops.azure.client import AccountClient
from ftops.azure.loopback import loopback_access
from ftops.core.account import EMBEDDED, Account


def connect(accounts: Mapping[str, Account], *, emulator_urls: Mapping[str, str] | None = None) -> Connections:
    """Clients for accounts by alias. `emulator_urls` tells where an emulator account's emulator listens when that is
    not what `Account.emulator` says (the embedded one gets a new port each time). Raises RemoteError for an emulator
    address that is not on this machine."""
    return Connections(accounts, emulator_urls or {})


class Connections:
    """All accounts of a project. Threads may share it; use it as a context manager or close it."""

    def __init__(self, accounts: Mapping[str, Account], emulator_urls: Mapping[str, str]) -> None:
        self._accounts = dict(accounts)
        self._closing = threading.Event()
        self._ways: dict[str, tuple[Access, Once, Once]] = {}
        self._arms: dict[tuple[str, str], Once] = {}
        self._clients = {alias: self._new_client(alias, emulator_urls) for alias in self._accounts}

    def client(self, alias: str) -> AccountClient:
        """The account's client. Raises KeyError for an alias that is not among the accounts."""
        return self._clients[alias]

    def close(self) -> None:
        """Closes connections and ends waits between repeated reads; requests in flight are not cut off."""
        self._closing.set()
        for _, http, _ in self._ways.values():
            for client in http.made:
                client.close()
        for arm in self._arms.values():
            for client in arm.made:
                client.close()

    def __enter__(self) -> Connections:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _new_client(self, alias: str, emulator_urls: Mapping[str, str]) -> AccountClient:
        account = self._accounts[alias]
        url = emulator_urls.get(alias, account.emulator)
        if url == EMBEDDED:
            raise ValueError(f"account {alias} is embedded: connect() needs its URL in emulator_urls")
        access, http, reader = self._way(url)
        arm = self._arms.setdefault((url, account.subscription), Once(partial(access.new_arm, account.subscription)))
        return AccountClient(account, access, http, reader, arm, self._closing)

    def _way(self, url: str) -> tuple[Access, Once, Once]:
        if url not in self._ways:
            access = loopback_access(url) if url else azure_access()
            http = Once(partial(access.new_http, True))
            self._ways[url] = access, http, Once(lambda: access.new_arm_reader(http.get()))
        return self._ways[url]
