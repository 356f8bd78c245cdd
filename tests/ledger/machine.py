"""A ledger in a temporary directory, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ftops.core.address import Address
from ftops.core.recorded import RecordedEntry
from ftops.ledger.guard import FileGuard
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session
from ftops.ledger.timekeeper import Sources

ARM = "/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/main"
ADDRESS = Address("finetune", "support-v1")


@dataclass
class Machine:
    """One computer: its wall clock, its boot clock, and the user's directory on it."""

    directory: Path
    user: Path
    wall: float = 1_000_000.0
    boot: float = 50.0
    boot_id: str = "first-boot"

    def store(self) -> LocalStore:
        sources = Sources(lambda: self.wall, lambda: self.boot, lambda: self.boot_id)
        return LocalStore(self.directory, guard=FileGuard(self.user), sources=sources)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds

    @property
    def file(self) -> Path:
        return self.directory / "ledger.jsonl"


def intend(session: Session, token: str = "aaaaaaaaaa", nonce: str = "n1") -> None:
    session.intend(
        arm_id=ARM, token=token, nonce=nonce, address=ADDRESS, run="r1", request="d1", inputs={"model": "gpt-4o-mini"}
    )


def entry(token: str = "aaaaaaaaaa") -> RecordedEntry:
    return RecordedEntry("bots", "default", ARM, ADDRESS, token=token)
