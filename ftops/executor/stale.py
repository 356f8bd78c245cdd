"""Stale: a saved plan is an assertion about a world; when that world is another one, nothing of it is done.

In: the saved plan, the plan of now and the ledger. Out: nothing, or the error that says what moved.
"""

from __future__ import annotations

from ftops.core.errors import StalePlan
from ftops.core.plan import Plan
from ftops.core.recorded import Recorded
from ftops.planner import moved

_HINT = "make a new one with `ftops plan --out FILE`"


def check_saved(saved: Plan, now: Plan, recorded: Recorded) -> None:
    """Raises StalePlan when what `saved` touches, or what that depends on, is not what it was made from."""
    told = moved(saved, now, recorded)
    if told:
        raise StalePlan(f"applying the saved plan: {'; '.join(told)}", hint=_HINT)
