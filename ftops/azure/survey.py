"""Survey: what all accounts hold now, read in parallel, one listing per kind and account.

In: Connections. Out: Observed. A listing that fails becomes Unread with the reason and a hint; it must never become an
empty listing, and never a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from ftops.azure import sdk
from ftops.azure.client import AccountClient
from ftops.core.errors import FtopsError
from ftops.core.observed import Observed, ObservedAccount, Unread

WORKERS_MAX = 16


class Clients(Protocol):
    """What survey needs of Connections."""

    def client(self, alias: str) -> AccountClient: ...


def survey(connections: Clients, aliases: Iterable[str]) -> Observed:
    """Reads everything. Raises nothing that a service can cause."""
    wanted = sorted(set(aliases))
    if not wanted:
        return Observed(accounts={})
    clients = {alias: connections.client(alias) for alias in wanted}
    accounts: dict[str, ObservedAccount] = {}
    unread: list[Unread] = []
    pool = ThreadPoolExecutor(min(WORKERS_MAX, 5 * len(wanted)), "survey")
    try:
        with sdk.collector_paused():
            sdk.openai()  # every reading needs it, and threads that import at once only disturb each other
            readings = {alias: _begun(pool, client) for alias, client in clients.items()}
            for alias, futures in readings.items():
                values = {what: _result(future, alias, what, unread) for what, future in futures.items()}
                accounts[alias] = ObservedAccount(alias=alias, arm_id=clients[alias].arm_id, **values)
    finally:
        # An interruption is not held up by what nobody waits for any more.
        pool.shutdown(wait=False, cancel_futures=True)
    return Observed(accounts=accounts, unread=tuple(unread))


def _begun(pool: ThreadPoolExecutor, client: AccountClient) -> dict[str, Future[Any]]:
    """Keyed by the field of ObservedAccount that each listing fills, which is also how Unread names it."""
    listings: dict[str, Callable[[], Any]] = {
        "location": client.location,
        "files": client.list_files,
        "jobs": client.list_jobs,
        "models": client.list_models,
        "deployments": client.list_deployments,
    }
    return {what: pool.submit(listing) for what, listing in listings.items()}


def _result(future: Future[Any], alias: str, what: str, unread: list[Unread]) -> Any:
    try:
        return future.result()
    except FtopsError as error:
        unread.append(Unread(account=alias, what=what, why=error.summary, hint=error.hint))
        return "" if what == "location" else ()
