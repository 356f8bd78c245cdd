"""The control door: what a test may do to the emulator that nobody can do to Azure.

In: requests under `/_emulator`, from loopback only. Out: the clock moved, the profile overridden, the store
emptied, the request log read. It never appears on a real endpoint.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ftops.emulator import clock, control_faults
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.profile import Profile, UnusableProfile
from ftops.emulator.routing import Route
from ftops.emulator.store import EMPTIED_BY_RESET
from ftops.emulator.wire_errors import Surface, WireError

_SPEED_MAX: Final = 1e6
_INSTANT_MAX: Final = 253_402_300_799.0  # the last second that a date can say


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


def move_clock(db: sqlite3.Connection, fields: Mapping[str, object]) -> None:
    """Freeze, set, advance, speed up and let go the clock, in this order. Raises `WireError` 400."""
    unknown = set(fields) - {"now", "advance_seconds", "speed", "freeze"}
    if unknown or not fields:
        raise WireError(400, "invalidPayload", "The body must hold now, advance_seconds, speed or freeze.")
    if not isinstance(fields.get("freeze", False), bool):
        raise WireError(400, "invalidPayload", "freeze must be true or false.")
    if fields.get("freeze"):
        clock.freeze(db)
    if "now" in fields:
        clock.set_now(db, _instant(fields["now"]))
    if "advance_seconds" in fields:
        clock.advance(db, _finite("advance_seconds", fields["advance_seconds"]))
    if "speed" in fields:
        speed = _finite("speed", fields["speed"])
        if not 0 < speed <= _SPEED_MAX:
            raise WireError(400, "invalidPayload", f"speed must be above 0 and at most {_SPEED_MAX:.0f}.")
        clock.set_speed(db, speed)
    if fields.get("freeze") is False:
        clock.unfreeze(db)
    if not 0 <= clock.read_now(db) <= _INSTANT_MAX:
        raise WireError(400, "invalidPayload", "The clock must stay between the years 1970 and 9999.")


def _instant(value: object) -> float:
    if not isinstance(value, str):
        return _finite("now", value)
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise WireError(400, "invalidPayload", "now must be unix seconds or an ISO 8601 instant.") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _finite(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e12:
        raise WireError(400, "invalidPayload", f"{name} must be a finite number.")
    return float(value)


def _show_clock(call: Call) -> Answer:
    row = clock.read_clock(call.db)
    return Answer(payload={"now": clock.read_now(call.db), **row._asdict()})


def _move_clock(call: Call) -> Answer:
    move_clock(call.db, call.fields)
    return _show_clock(call)


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
    """The newest requests that fit the filters, oldest first."""
    query = call.query
    conditions, values = ["1"], list[object]()
    if "method" in query:
        conditions.append("method = ?")
        values.append(query["method"].upper())
    if "path" in query:  # a glob over path and query as sent: GLOB of SQLite, * and ?
        conditions.append("path GLOB ?")
        values.append(query["path"])
    if "fault" in query:
        conditions.append("' ' || fault || ' ' LIKE ?")
        values.append(f"% {query['fault'].upper()} %")
    for name, column in (("status", "status ="), ("since", "serial >")):
        if name in query:
            conditions.append(f"{column} ?")
            values.append(_number_in(query, name))
    limit = min(_number_in(query, "limit"), call.profile.requests_kept) if "limit" in query else None
    rows = call.db.execute(
        f"SELECT * FROM requests WHERE {' AND '.join(conditions)} ORDER BY serial DESC LIMIT ?",
        (*values, call.profile.requests_kept if limit is None else limit),
    ).fetchall()
    return Answer(payload={"requests": [dict(row) for row in reversed(rows)]})


def _number_in(query: Mapping[str, str], name: str) -> int:
    text = query[name]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise WireError(400, "invalidPayload", f"{name} must be a whole number.")
    return int(text)


def _reset(call: Call) -> Answer:
    for table in EMPTIED_BY_RESET:
        call.db.execute(f"DELETE FROM {table}")
    call.db.execute("DELETE FROM counters")
    call.db.execute("DELETE FROM settings WHERE name <> 'token_key'")  # prices, single quotas, principals
    # Accounts stay, those soft-deleted come back; with the clock, their instants would lie anywhere.
    call.db.execute("DELETE FROM accounts WHERE purged_at IS NOT NULL")
    call.db.execute("UPDATE accounts SET deleted_at = NULL, settled_at = 0, keys = '{}'")
    import shutil  # loads every compression there is

    shutil.rmtree(call.store.contents, ignore_errors=True)
    return Answer(204)


def _snapshot(call: Call) -> Answer:
    from ftops.emulator.snapshot import taken

    return taken(call)


def _restore(call: Call) -> Answer:
    from ftops.emulator.snapshot import restored

    return restored(call)


def _seed(call: Call) -> Answer:
    from ftops.emulator.seed import seeded

    return seeded(call)


_REQUEST_FILTERS: Final = frozenset({"method", "path", "status", "fault", "since", "limit"})
_DOOR: Final = frozenset({Surface.DOOR})
ROUTES: Final = (
    Route("GET", "/_emulator/clock", _show_clock, _DOOR),
    Route("PUT", "/_emulator/clock", _move_clock, _DOOR, body="json", writes=True),
    Route("GET", "/_emulator/profile", _show_profile, _DOOR),
    Route("PUT", "/_emulator/profile", _put_profile, _DOOR, body="json", writes=True),
    Route("GET", "/_emulator/requests", _show_requests, _DOOR, parameters=_REQUEST_FILTERS),
    Route("POST", "/_emulator/reset", _reset, _DOOR, writes=True),
    Route("GET", "/_emulator/snapshot", _snapshot, _DOOR),
    Route("PUT", "/_emulator/snapshot", _restore, _DOOR, body="bytes", writes=True),
    Route("POST", "/_emulator/seed", _seed, _DOOR, body="json", writes=True),
    *control_faults.ROUTES,
)
