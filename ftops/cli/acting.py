"""What `apply` and `destroy` share: doing an approved plan in view, and telling how it ended.

In: a reviewed and approved plan. Out: the exit code, which is the outcome's own.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ftops.cli.options import Invocation
from ftops.cli.plan import created_now
from ftops.core.change import Action, Change
from ftops.core.diagnostic import Diagnostic
from ftops.core.plan import Plan
from ftops.core.progress import Progress
from ftops.renderers.diagnostics import diagnostic_document
from ftops.renderers.live import View, progress_view
from ftops.renderers.terminal import last_line

if TYPE_CHECKING:
    from ftops.workspace import Outcome, Review, Workspace

_MADE = {"dataset": "uploaded", "finetune": "trained", "deployment": "deployed"}
_ALWAYS_TOLD = ("uploaded", "trained", "deployed", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Manner:
    """How to act. `again` is the command that goes on where this one stops."""

    wait: Literal["all", "none"] = "all"
    deadline_seconds: float | None = None
    again: str = "ftops apply"


def act(invocation: Invocation, workspace: Workspace, review: Review, approved: Plan, manner: Manner) -> int:
    """Does what was approved, shows progress on stderr, tells the outcome on stdout."""
    outcome = _run(invocation, workspace, review, approved, manner)
    console = invocation.console
    troubles = troubles_of(outcome, manner.again)
    if console.json:
        body = {
            "exit_code": outcome.exit_code,
            "applied": counts_of(outcome),
            "pending": [str(change.node) for change in outcome.pending],
            "left": [str(change.node) for change in outcome.left],
            "plan": approved.to_document(created_at=created_now()),
            "diagnostics": [diagnostic_document(diagnostic) for diagnostic in troubles],
        }
        console.document("ftops.apply/1", body)
        return outcome.exit_code
    console.talk()
    console.result(console.palette.paint("strong", summary_of(outcome)))
    console.diagnostics(troubles)
    return outcome.exit_code


def _run(invocation: Invocation, workspace: Workspace, review: Review, approved: Plan, manner: Manner) -> Outcome:
    console = invocation.console
    accounts = len({change.account for change in approved.changes}) > 1
    with ExitStack() as stack:
        tell: View = _silent
        if console.verbosity >= 0:
            tell = stack.enter_context(
                progress_view(sys.stderr, console.error_palette, live=console.live, accounts=accounts)
            )
        return workspace.apply(
            review,
            approved,
            on_progress=tell,
            stoppable=invocation.signals.graceful,
            wait=manner.wait,
            deadline_seconds=manner.deadline_seconds,
        )


def nothing_to_do(plan: Plan) -> bool:
    """Whether applying would not even write the ledger."""
    return plan.complete and all(change.action is Action.KEEP for change in plan.changes)


def counts_of(outcome: Outcome) -> dict[str, int]:
    """What was done, in the words of the last line; a training that still runs is not counted as trained."""
    running = {change.node for change in outcome.pending}
    counts: Counter[str] = Counter()
    for change in outcome.done:
        counts[_word_of(change, still_running=change.node in running)] += 1
    return {word: counts[word] for word in (*_ALWAYS_TOLD, "submitted", "recognised", "forgotten")}


def summary_of(outcome: Outcome) -> str:
    """`Applied: 1 uploaded, 1 trained, …`; or the plan's own sentence when there was nothing to write."""
    counts = counts_of(outcome)
    if not outcome.done and outcome.exit_code == 0:
        return last_line(outcome.plan)
    told = [f"{counts[word]} {word}" for word in _ALWAYS_TOLD]
    told += [f"{counts[word]} {word}" for word in ("submitted", "recognised", "forgotten") if counts[word]]
    return f"Applied: {', '.join(told)}."


def troubles_of(outcome: Outcome, again: str) -> tuple[Diagnostic, ...]:
    """What failed, is blocked, still runs or was not done, each with its reason, and what to run next."""
    found = [
        Diagnostic("error", "apply.failed", f"{node.address}: {words}", address=node.address)
        for node, words in sorted(outcome.failed.items())
    ]
    found += [
        Diagnostic("error", "apply.blocked", f"{change.address} is blocked", detail=change.reason)
        for change in outcome.blocked
    ]
    found += [
        Diagnostic("warning", "apply.left", f"{change.address} was not done: {outcome.why_left(change)}")
        for change in outcome.left
    ]
    if outcome.pending:
        running = _listed(outcome.pending)
        found.append(
            Diagnostic("warning", "apply.pending", f"{running} still in progress", hint=f"go on with `{again}`")
        )
    if outcome.undecided:
        found.append(Diagnostic("error", "cannot-decide", outcome.undecided, hint=f"go on with `{again}`"))
    if outcome.interrupted_by is not None:
        found.append(
            Diagnostic("error", "interrupted", "interrupted: nothing is half-recorded", hint=f"go on with `{again}`")
        )
    elif outcome.failed:
        found.append(
            Diagnostic("warning", "apply.partly", "the rest was done", hint=f"fix what failed, then `{again}` goes on")
        )
    return tuple(found)


def _word_of(change: Change, *, still_running: bool) -> str:
    match change.action:
        case Action.CREATE | Action.REPLACE:
            submitted = still_running and change.address.kind == "finetune"
            return "submitted" if submitted else _MADE[change.address.kind]
        case Action.ADOPT:
            return "recognised"
        case Action.FORGET:
            return "forgotten"
        case Action.DELETE:
            return "deleted"
    return "updated"


def _listed(changes: Sequence[Change]) -> str:
    return ", ".join(dict.fromkeys(str(change.address) for change in changes))


def _silent(news: Progress) -> None:
    """With -q nothing is said on the way."""
