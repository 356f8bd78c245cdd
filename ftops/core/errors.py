"""The exception tree. Each class knows its exit code; the command line adds nothing to that.

Exit codes are the contract with CI scripts: 1 error, 3 paid work still runs, 4 refused by a rule, 5 stale plan,
6 partly applied, 7 cannot decide, 64 usage, 130/143 interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from ftops.core.diagnostic import Diagnostic

RemoteKind = Literal["throttled", "busy", "missing", "denied", "rejected", "unavailable", "unknown"]


class FtopsError(Exception):
    """Anything ftops says on purpose. `hint` tells what to do; it is printed on its own line."""

    exit_code: ClassVar[int] = 1

    def __init__(self, summary: str, *, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class DiagnosticErrors(FtopsError):
    """Several problems at once, each with a place."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("; ".join(d.summary for d in diagnostics if d.severity == "error"))
        self.diagnostics = tuple(diagnostics)


class SpecErrors(DiagnosticErrors):
    """Everything wrong with ftops.yaml, the specs and the datasets they name."""


class Refused(DiagnosticErrors):
    """A rule (limit, policy, protect, lookalike, foreign deployment) refuses before anything is done."""

    exit_code: ClassVar[int] = 4


class StalePlan(FtopsError):
    """What was approved is no longer what would be done."""

    exit_code: ClassVar[int] = 5


class CannotDecide(FtopsError):
    """Something needed could not be read, so no answer is given (never "no changes", never "no drift")."""

    exit_code: ClassVar[int] = 7


class LedgerError(FtopsError):
    """The ledger cannot be used as it is."""


class LedgerLocked(LedgerError):
    """Another ftops holds the run lock."""


class LedgerCorrupt(LedgerError):
    """The ledger's bytes are damaged: nothing is paid on damaged evidence."""


class LedgerMoved(LedgerError):
    """Somebody else wrote the ledger since it was read: what was decided from it is void."""


class RemoteError(FtopsError):
    """What Azure (or the way to it) answered, in seven kinds.

    throttled: wait `retry_after_seconds`; busy: another operation holds the account; missing: 404; denied: credentials
    or roles or network rules; rejected: the service understood and refuses; unavailable: a read could not be answered;
    unknown: a write may or may not have taken effect. `sent` is False only when provably no byte left.
    """

    def __init__(
        self,
        kind: RemoteKind,
        summary: str,
        *,
        code: str = "",
        status: int | None = None,
        request_id: str = "",
        retry_after_seconds: float | None = None,
        sent: bool = True,
        hint: str = "",
    ) -> None:
        super().__init__(summary, hint=hint)
        self.kind: RemoteKind = kind
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        self.sent = sent


class Interrupted(FtopsError):
    """SIGINT or SIGTERM: nothing new was started, what was being sent was settled."""

    exit_code: ClassVar[int] = 130
