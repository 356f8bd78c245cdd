"""Tally: what this run has tried so far. The only mutable thing of a run besides the world; touched by the loop alone.

It exists so that a round which plans the same change again neither hammers Azure nor runs for ever.
"""

from __future__ import annotations

from collections import Counter

from ftops.core.account import Pace
from ftops.core.address import Node
from ftops.core.change import Action, Change
from ftops.core.errors import RemoteError
from ftops.executor.retry import REPEATS, pause_after
from ftops.executor.turn import Result

Key = tuple[Node, str]
Deed = tuple[Node, str, str]
_MAKING = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})


def key_of(change: Change) -> Key:
    return (change.node, change.subject)


def deed_of(change: Change) -> Deed:
    """What counts as doing the same thing again: making is making, whether the plan calls it create or replace."""
    return (change.node, change.subject, "make" if change.action in _MAKING else change.action.value)


class Tally:
    """`done` in order; `failed` with the words for people; times on the boot clock."""

    def __init__(self) -> None:
        self.done: list[Change] = []
        self.failed: dict[Key, str] = {}
        self._tries: Counter[Deed] = Counter()
        self._times_done: Counter[Deed] = Counter()
        self._not_before: dict[Deed, float] = {}

    def may_try(self, change: Change, now: float) -> bool:
        if key_of(change) in self.failed or self._not_before.get(deed_of(change), now) > now:
            return False
        once = change.action in (Action.FORGET, Action.ADOPT)
        return not (once and self._times_done[deed_of(change)])

    def due(self, change: Change) -> float | None:
        """When a change that was put off may be tried; None when it was not put off, or is given up."""
        return None if key_of(change) in self.failed else self._not_before.get(deed_of(change))

    def take(self, change: Change, result: Result, *, now: float, pace: Pace) -> None:
        """Books what became of one try."""
        deed = deed_of(change)
        if result.kind == "done":
            self._book_done(change, now, pace)
        elif result.kind == "again":
            self._tries[deed] += 1
            self._not_before[deed] = now + result.seconds
            if result.most_tries and self._tries[deed] >= result.most_tries:
                self.failed[key_of(change)] = result.words
        elif result.kind == "failed":
            self.failed[key_of(change)] = result.words

    def result_of(self, change: Change, error: RemoteError, pace: Pace) -> Result:
        """What a refused write means: another try later, or the end of this change in this run."""
        seconds = pause_after(error, self._tries[deed_of(change)] + 1, pace)
        if seconds is not None:
            return Result("again", f"{error.summary}: trying again", seconds)
        return Result("failed", error.summary + (f" ({error.hint})" if error.hint else ""))

    def _book_done(self, change: Change, now: float, pace: Pace) -> None:
        """A listing may lag, so the same thing is not done again at once; and not for ever (it must be shown once)."""
        deed = deed_of(change)
        self.done.append(change)
        self._times_done[deed] += 1
        self._not_before[deed] = now + pace.interval(self._times_done[deed] - 1)
        if self._times_done[deed] > REPEATS:
            words = f"Azure accepted it {self._times_done[deed]} times and still asks for it"
            self.failed[key_of(change)] = words + (f": {change.reason}" if change.reason else "")
