"""Identifiers in the forms Azure gives them: a prefix and 32 lowercase hex digits.

Random unless the profile seeds them; what belongs to a job (events, checkpoints, its results file) is derived
from the job's id, so that reading twice gives the same ids without storing any.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3


def new_hex(db: sqlite3.Connection, seed: str) -> str:
    """32 hex digits never given before in this store."""
    if not seed:
        return os.urandom(16).hex()
    db.execute("INSERT INTO counters (name, n) VALUES ('ids', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1")
    (count,) = db.execute("SELECT n FROM counters WHERE name = 'ids'").fetchone()
    return derived_hex("seeded", seed, str(count))


def new_uuid() -> str:
    """A random UUID. The standard library's module takes longer to load than a request to answer."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def derived_hex(*parts: str) -> str:
    """32 hex digits that depend on the parts alone."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def derived_fraction(*parts: str) -> float:
    """A number in [0, 1) that depends on the parts alone; for curves that look measured and repeat exactly."""
    return int(derived_hex(*parts)[:12], 16) / float(1 << 48)
