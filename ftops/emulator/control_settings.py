"""The two settings of an emulator that its owner changes at the control door, or in a world: clock and profile.

In: JSON values. Out: rows of the store, or the refusal of what makes no sense.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ftops.emulator import clock
from ftops.emulator.profile import Profile, UnusableProfile
from ftops.emulator.wire_errors import WireError

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
