"""The only room that acts: `apply(run) -> Outcome`. Everything it touches the world through is in `ports`."""

from ftops.executor.confirm import confirm
from ftops.executor.outcome import Outcome
from ftops.executor.ports import AccountClient, Clock, Ledger, LedgerSession, OpenContent, StopSignal, SystemClock
from ftops.executor.run import apply
from ftops.executor.stale import check_saved
from ftops.executor.turn import Options, Run

__all__ = [
    "AccountClient",
    "Clock",
    "Ledger",
    "LedgerSession",
    "OpenContent",
    "Options",
    "Outcome",
    "Run",
    "StopSignal",
    "SystemClock",
    "apply",
    "check_saved",
    "confirm",
]
