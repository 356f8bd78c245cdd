"""Outcome: how an apply ended, as one value; the exit code and every sentence about it come from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftops.core.address import Node
from ftops.core.change import Action, Change
from ftops.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` in the order in which it was done. `failed`: why, by node. `left`: what the last look still asks for.

    `pending`: what still runs and was not waited for. `plan`: the last one made. `interrupted_by`: the signal's number.
    `undecided`: why no further answer could be given; "" when every look was complete.
    """

    plan: Plan
    done: tuple[Change, ...] = ()
    failed: Mapping[Node, str] = field(default_factory=dict)
    left: tuple[Change, ...] = ()
    pending: tuple[Change, ...] = ()
    interrupted_by: int | None = None
    undecided: str = ""

    @property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(change for change in self.plan.changes if change.action is Action.BLOCKED)

    @property
    def exit_code(self) -> int:
        """Interrupted before undecided, before partly applied, before pending, before done."""
        if self.interrupted_by is not None:
            return 128 + self.interrupted_by
        if self.undecided:
            return 7
        if self.failed or self.blocked:
            return 6
        return 3 if self.pending or self.left else 0

    def why_left(self, change: Change) -> str:
        """Why one of `left` was not done, for people."""
        behind = sorted(str(node.address) for node in change.needs if node in self.failed)
        blocked = {blocker.node for blocker in self.blocked}
        behind += sorted(str(node.address) for node in change.needs if node in blocked)
        if behind:
            return f"it needs {', '.join(behind)}"
        return "the run ended before its turn" if not change.needs else "what it needs is not ready yet"
