"""The control door: what a test may do to the emulator that nobody can do to Azure.

In: requests under `/_emulator`, from loopback only. Out: the clock moved, the profile overridden, the store
emptied, the request log read. It never appears on a real endpoint.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Final

from ftops.emulator import clock, control_faults
from ftops.emulator.control_settings import move_clock, override_profile
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.profile import UnusableProfile
from ftops.emulator.routing import Route
from ftops.emulator.store import EMPTIED_BY_RESET
from ftops.emulator.wire_errors import Surface, WireError


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
