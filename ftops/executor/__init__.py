"""The only room that acts: `apply(run) -> Outcome`. Everything it touches the world through is in `ports`."""

from ftops.executor.confirm import confirm
from ftops.executor.outcome import Outcome
from ftops.executor.ports import AccountClient, Clock, Ledger, LedgerSession, OpenContent, StopSignal, SystemClock
from ftops.executor.retry import AZURE_PACE, EMULATOR_PACE, Pace
from ftops.executor.run import apply
from ftops.executor.turn import Options, Run

__all__ = [
    "AZURE_PACE",
    "EMULATOR_PACE",
    "AccountClient",
    "Clock",
    "Ledger",
    "LedgerSession",
    "OpenContent",
    "Options",
    "Outcome",
    "Pace",
    "Run",
    "StopSignal",
    "SystemClock",
    "apply",
    "confirm",
]
