"""What runs in processes of their own when several contend for one ledger in a blob."""

from __future__ import annotations

import threading
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from ftops.core.address import Address
from ftops.core.errors import LedgerLocked, LedgerMoved
from ftops.ledger import Holder, Session
from ftops.ledger.azblob import AzblobStore
from ftops.ledger.guard import FileGuard

ARM = "/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/main"
ADDRESS = Address("finetune", "support-v1")
PATIENCE_SECONDS = 120


def store_of(account_url: str, container: str, user: Path) -> AzblobStore:
    return AzblobStore(account_url, container, "ledger.jsonl", guard=FileGuard(user))


def intend_in_every_round(
    number: int, url: str, container: str, user: Path, rounds: int, together: Barrier, won: Queue[tuple[int, int]]
) -> None:
    """All read, then all try to make the round's intent durable. Whoever may send says so."""
    store = store_of(url, container, user)
    for turn in range(rounds):
        session = Session.open(store)
        together.wait(PATIENCE_SECONDS)
        try:
            session.intend(
                arm_id=ARM,
                token=f"round{turn:05}",
                nonce=f"{turn}-of-{number}",
                address=ADDRESS,
                run=f"run{number}",
                request="digest",
                inputs={},
            )
            won.put((turn, number))
        except LedgerMoved:
            pass
        together.wait(PATIENCE_SECONDS)


def lock_in_every_round(
    number: int, url: str, container: str, user: Path, rounds: int, together: Barrier, won: Queue[tuple[int, int]]
) -> None:
    """All try to take the run lock; whoever has it says so and holds it until all have tried."""
    store = store_of(url, container, user)
    for turn in range(rounds):
        together.wait(PATIENCE_SECONDS)
        try:
            with store.lock(Holder(f"run{number}", "host", number, "2026-01-02T03:04:05Z")):
                won.put((turn, number))
                together.wait(PATIENCE_SECONDS)
        except LedgerLocked:
            together.wait(PATIENCE_SECONDS)
        together.wait(PATIENCE_SECONDS)


def hold_until_killed(url: str, container: str, user: Path, holding: Queue[str]) -> None:
    store = store_of(url, container, user)
    with store.lock(Holder("killed", "host", 1, "2026-01-02T03:04:05Z")):
        holding.put("held")
        threading.Event().wait()
