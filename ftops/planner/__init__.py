"""The planner: `plan(desired, recorded, observed) -> Plan`, a pure function, and the rules that refuse a plan."""

from ftops.planner.approval import came_with_time, elsewhere, moved, outgrown
from ftops.planner.guards import Allow, refusals
from ftops.planner.options import Options
from ftops.planner.planner import plan
from ftops.planner.reasons import fingerprinted
from ftops.planner.takeover import takeover

__all__ = [
    "Allow",
    "Options",
    "came_with_time",
    "elsewhere",
    "fingerprinted",
    "moved",
    "outgrown",
    "plan",
    "refusals",
    "takeover",
]
