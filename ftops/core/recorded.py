"""Recorded: what ftops itself did, as the ledger remembers it. Folded by ftops.ledger, read by the planner.

It exists for one thing: that paid work is never started twice. Everything else in it only makes reasons better.
Times are seconds on the ledger store's own clock; the planner sees `seconds_left`, computed at the edge, never a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ftops.core.address import Address

JobOutcome = Literal["sending", "done", "rejected"]


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """One paid intent, keyed (account ARM id, token), and what became of it.

    `sending` is an intent without a settled outcome. `seconds_left` counts down the horizon of such an intent: until it
    is 0 the job may still appear, so it must not be sent again.
    """

    arm_id: str
    token: str
    outcome: JobOutcome
    nonce: str
    at: float
    address: Address
    job_id: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    seconds_left: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """What one spec entry of one environment last had in one account.

    finetune: `token` of the job it uses. dataset: `file_name` of its upload. deployment: its ARM `name`, and as `token`
    the fingerprint it was made with.
    """

    project: str
    environment: str
    arm_id: str
    address: Address
    token: str | None = None
    file_name: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ledger, folded. `exists` is false before the first apply; `seq` counts entries, `born` starts the horizon.

    `young_seconds_left` > 0: the ledger was born too recently to prove that nothing is in flight.
    `jobs_today` counts paid creates recorded in the last 24 hours, over all accounts.
    """

    exists: bool = False
    lineage: str = ""
    seq: int = 0
    jobs: Mapping[tuple[str, str], RecordedJob] = field(default_factory=dict)
    entries: tuple[RecordedEntry, ...] = ()
    young_seconds_left: float = 0.0
    jobs_today: int = 0
