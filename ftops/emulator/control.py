"""The control door: what a test may do to the emulator that nobody can do to Azure.

In: requests under `/_emulator`, from loopback only. Out: the clock moved, the profile overridden, the store
emptied, the request log read. It never appears on a real endpoint.
"""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sqlite3
from collections.abc import Mapping
from typing import Final

from ftops.emulator import clock, control_faults
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.profile import Profile, UnusableProfile
from ftops.emulator.routing import Route
from ftops.emulator.store import EMPTIED_BY_RESET
from ftops.emulator.wire_errors import Surface, WireError


def override_profile(db: sqlite3.Connection, overrides: Mapping[str, object]) -> None:
    """Store profile overrides; null takes one back. Raises `UnusableProfile`."""
    Profile().with_overrides({name: value for name, value in overrides.items() if value is not None})
    unknown = sorted(set(overrides) - {field.name for field in dataclasses.fields(Profile)})
    if unknown:
        raise UnusableProfile(f"profile has no value named {', '.join(unknown)}")
    for name, value in overrides.items():
        if value is None:
            db.execute("DELETE FROM profile WHERE name = ?", (name,))
        else:
            db.execute("INSERT OR REPLACE INTO profile (name, value) VALUES (?, ?)", (name, json.dumps(value)))


def _show_clock(call: Call) -> Answer:
    row = clock.read_clock(call.db)
    return Answer(payload={"now": call.now, **dataclasses.asdict(row)})


def _move_clock(call: Call) -> Answer:
    seconds = call.fields.get("advance_seconds")
    if set(call.fields) != {"advance_seconds"} or isinstance(seconds, bool):
        raise WireError(400, "invalidPayload", 'The body must be {"advance_seconds": number}.')
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds) or abs(seconds) > 1e10:
        raise WireError(400, "invalidPayload", "advance_seconds must be a finite number.")
    clock.advance(call.db, float(seconds))
    return Answer(payload={"now": clock.read_now(call.db), **dataclasses.asdict(clock.read_clock(call.db))})


def _show_profile(call: Call) -> Answer:
    rows = call.db.execute("SELECT name, value FROM profile ORDER BY name").fetchall()
    overrides = {name: json.loads(value) for name, value in rows}
    return Answer(payload={"profile": dataclasses.asdict(call.profile), "overrides": overrides})


def _put_profile(call: Call) -> Answer:
    try:
        override_profile(call.db, call.fields)
    except UnusableProfile as unusable:
        raise WireError(400, "invalidPayload", f"{unusable}.") from None
    return _show_overrides(call)


def _show_overrides(call: Call) -> Answer:
    rows = call.db.execute("SELECT name, value FROM profile ORDER BY name").fetchall()
    return Answer(payload={"overrides": {name: json.loads(value) for name, value in rows}})


def _show_requests(call: Call) -> Answer:
    rows = call.db.execute(
        "SELECT * FROM requests ORDER BY serial DESC LIMIT ?", (call.profile.requests_kept,)
    ).fetchall()
    return Answer(payload={"requests": [dict(row) for row in reversed(rows)]})


def _reset(call: Call) -> Answer:
    for table in EMPTIED_BY_RESET:
        call.db.execute(f"DELETE FROM {table}")
    call.db.execute("DELETE FROM counters WHERE name = 'ids'")
    shutil.rmtree(call.store.contents, ignore_errors=True)
    return Answer(204)


_DOOR: Final = frozenset({Surface.DOOR})
ROUTES: Final = (
    Route("GET", "/_emulator/clock", _show_clock, _DOOR),
    Route("PUT", "/_emulator/clock", _move_clock, _DOOR, body="json", writes=True),
    Route("GET", "/_emulator/profile", _show_profile, _DOOR),
    Route("PUT", "/_emulator/profile", _put_profile, _DOOR, body="json", writes=True),
    Route("GET", "/_emulator/requests", _show_requests, _DOOR),
    Route("POST", "/_emulator/reset", _reset, _DOOR, writes=True),
    *control_faults.ROUTES,
)
