"""Decision: one Change together with what others need to know of it. Internal to the planner; never leaves it."""

from __future__ import annotations

from dataclasses import dataclass

from ftops.core.change import Action, Change
from ftops.core.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one entry, and on what evidence.

    `model` is the id a finetune serves, once it is known. `submits`: a job is still to be sent, so its files must be
    there. `evidence` are the ids of Azure's things that the decision rests on: they make a saved plan stale when they
    change; nothing that merely progresses (a status, an age) is in it.
    """

    change: Change
    model: str | None = None
    submits: bool = False
    evidence: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def blocked(self) -> bool:
        return self.change.action is Action.BLOCKED

    @property
    def remade(self) -> bool:
        """What it is now will not be what it is after this plan."""
        return self.change.action in (Action.CREATE, Action.REPLACE)
