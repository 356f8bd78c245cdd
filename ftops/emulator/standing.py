"""What every request needs and few change: the clock, the profile, the accounts, whether a fault is switched on.

In: a connection inside a transaction. Out: one value. It is read again only when one of its tables has changed, by
whichever process: four lookups fewer for each request.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

from ftops.emulator.clock import ClockRow, read_clock
from ftops.emulator.exchange import Account, account_of
from ftops.emulator.profile import Profile
from ftops.emulator.store import Store, memorised

_TABLES: Final = ("accounts", "clock", "faults", "profile")


class Standing(NamedTuple):
    """The clock, the profile, every account by its key, and whether any fault rule is there."""

    clock: ClockRow
    profile: Profile
    accounts: Mapping[str, Account]
    faulty: bool

    def account(self, name: str, now: float) -> Account | None:
        """The account of that name at that instant, as `read_account` finds it."""
        account = self.accounts.get(name.lower())
        return account if account is not None and account.there(now) else None


def read_standing(store: Store, db: sqlite3.Connection) -> Standing:
    """How things stand, as the transaction of `db` sees them."""
    return memorised(store, db, "standing", _TABLES, lambda: _read(db))


def _read(db: sqlite3.Connection) -> Standing:
    overrides = {row["name"]: json.loads(row["value"]) for row in db.execute("SELECT name, value FROM profile")}
    return Standing(
        clock=read_clock(db),
        profile=Profile().with_overrides(overrides),
        accounts={row["name_key"]: account_of(row) for row in db.execute("SELECT * FROM accounts")},
        faulty=db.execute("SELECT 1 FROM faults LIMIT 1").fetchone() is not None,
    )
