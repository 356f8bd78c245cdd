"""Turn: what a step is handed, and what it hands back.

One turn is one round of the run: one reading of the ledger, one look at Azure, one plan. Steps hold nothing between
turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ftops.core.account import Pace
from ftops.core.address import Node
from ftops.core.change import Change
from ftops.core.errors import LedgerMoved
from ftops.core.observed import Observed
from ftops.core.plan import Plan
from ftops.core.progress import Progress, Status
from ftops.core.recorded import Recorded, RecordedEntry
from ftops.executor.ports import AccountClient, Clock, Ledger, LedgerSession, OpenContent, StopSignal

#: How often a record that costs nothing is written again on a fresh reading.
FRESH_READINGS = 5


class Stopped(Exception):
    """The run is to end: inside a step, unwinds to the loop. Not an error, never shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change in one turn.

    done: it was made. again: it was not, or nobody knows; look and try after `seconds`, at most `most_tries` times (0:
    as often as it is planned). failed: final in this run, for the reason in `words`. void: nothing was tried, since
    the ledger moved or the run is to end.
    """

    kind: Literal["done", "again", "failed", "void"]
    words: str = ""
    seconds: float = 0.0
    most_tries: int = 0


VOID = Result("void")


@dataclass(frozen=True)
class Options:
    """How to run. `paces` by account alias (Azure's unless given); `bom` names the accounts that get a BOM.

    `deadline_seconds` from the start of the run; None is no deadline. `absent_tokens` are the unresolved submissions a
    person has looked for and found absent.
    """

    wait: Literal["all", "none"] = "all"
    deadline_seconds: float | None = None
    workers: int = 8
    paces: Mapping[str, Pace] = field(default_factory=dict)
    bom: frozenset[str] = frozenset()
    absent_tokens: frozenset[str] = frozenset()
    lock_patience_seconds: float = 60.0

    def pace(self, alias: str) -> Pace:
        return self.paces.get(alias, Pace())


@dataclass(frozen=True)
class Run:
    """Everything one apply needs. `survey` looks at Azure, `plan` is the pure planner with the specs filled in.

    `approved` is what a person (or a saved plan) agreed to. `nonce` gives a fresh name for each paid request.
    """

    approved: Plan
    survey: Callable[[], Observed]
    plan: Callable[[Recorded, Observed], Plan]
    clients: Mapping[str, AccountClient]
    ledger: Ledger
    open_content: OpenContent
    clock: Clock
    stop: StopSignal
    on_progress: Callable[[Progress], None]
    nonce: Callable[[], str]
    options: Options = Options()
    id: str = "run"


@dataclass(frozen=True)
class Turn:
    """One round. `deadline_at` is on the boot clock. `session` was read before `observed` was looked at (I3).

    `young_seconds` says, by ARM id, how long the ledger could not yet prove that nothing is in flight when it was read:
    a look that began then says nothing of what became visible later, however long it took (I8).
    """

    run: Run
    session: LedgerSession
    recorded: Recorded
    young_seconds: Mapping[str, float]
    observed: Observed
    plan: Plan
    deadline_at: float | None
    voice: Voice
    budget: PaidBudget

    def client(self, change: Change) -> AccountClient:
        return self.run.clients[change.account]

    def young_seconds_left(self, change: Change) -> float:
        """How long this look came too early to prove that nothing is in flight in the account of a change."""
        return self.young_seconds[self.client(change).arm_id]

    def pace(self, change: Change) -> Pace:
        return self.run.options.pace(change.account)

    def entry(self, change: Change, **holds: str) -> RecordedEntry:
        """The ledger's entry for this change's node; `holds` is its token, file_name or name."""
        arm_id = self.client(change).arm_id
        return RecordedEntry(self.plan.project, self.plan.environment, arm_id, change.address, **holds)

    def tell(
        self, node: Node | None, status: Status, message: str, *, done: int | None = None, of: int | None = None
    ) -> None:
        self.voice.tell(Progress(node, status, message, done_bytes=done, total_bytes=of))

    def pause(self, seconds: float) -> None:
        """Sleeps, unless the run is to end: then raises Stopped."""
        pause(self.run, seconds, self.deadline_at)

    def record(self, write: Callable[[LedgerSession], None]) -> None:
        """Writes what is only a memory, not evidence: when the ledger moved, on a fresh reading."""
        session = self.session
        for _ in range(FRESH_READINGS):
            try:
                return write(session)
            except LedgerMoved:
                session = self.run.ledger.open()
        return write(session)


class Voice:
    """Tells the world, one piece of news at a time, whichever worker it comes from."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._turn = threading.Lock()
        self._told: set[str] = set()

    def tell(self, news: Progress) -> None:
        with self._turn:
            self._on_progress(news)

    def note_once(self, message: str, *, about: str = "") -> None:
        """A note that every turn would repeat; `about` names it where its words vary."""
        with self._turn:
            if (about or message) not in self._told:
                self._told.add(about or message)
                self._on_progress(Progress(None, "note", message))


class PaidBudget:
    """How many different trainings this run may still submit: no more than were approved (invariant I11)."""

    def __init__(self, approved: int) -> None:
        self._approved = approved
        self._tokens: set[tuple[str, str]] = set()
        self._turn = threading.Lock()

    def take(self, arm_id: str, token: str) -> bool:
        """Whether this training may be submitted; the same one again (after it was proven absent) is no new one."""
        with self._turn:
            self._tokens.add((arm_id, token))
            if len(self._tokens) <= self._approved:
                return True
            self._tokens.discard((arm_id, token))
            return False


def pause(run: Run, seconds: float, deadline_at: float | None) -> None:
    """Sleeps at most until the deadline; raises Stopped when the run is to end."""
    if deadline_at is not None:
        seconds = min(seconds, max(0.0, deadline_at - run.clock.boot_seconds()))
    if seconds > 0 and not run.stop.requested:
        run.clock.sleep(seconds, run.stop)
    if run.stop.requested or (deadline_at is not None and run.clock.boot_seconds() >= deadline_at):
        raise Stopped
