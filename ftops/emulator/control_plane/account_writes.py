"""Accounts created, changed, deleted and restored (contract 2.7, catalogue C6, C42).

In: ARM writes. Out: the account and an operation that holds its lock. Deleting is soft: the row, its files and its jobs
stay until the account is purged, by a caller or by time, and hold the name.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from ftops.emulator.control_plane.account_request import WantedAccount, checked_account
from ftops.emulator.control_plane.accounts import ACCOUNTS, ARM, account_shown
from ftops.emulator.control_plane.deleted_accounts import purge, purged_by_time
from ftops.emulator.control_plane.deployment_request import malformed
from ftops.emulator.control_plane.operations import refuse_while_busy, start_operation
from ftops.emulator.exchange import Answer, Call, account_of, read_account
from ftops.emulator.names import arm_id, usable_account_name
from ftops.emulator.observed_deployments import deployments_of
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import WireError


def _put(call: Call) -> Answer:
    wanted = checked_account(call)
    name = call.names["account"]
    call.account = read_account(call.db, name)
    if call.account is not None:
        return _changed(call, wanted, 200)
    row = call.db.execute("SELECT * FROM accounts WHERE name_key = ?", (name.lower(),)).fetchone()
    if row is not None and purged_by_time(call, row):
        purge(call, account_of(row))
        row = None
    if row is not None:
        return _restored(call, wanted, row)
    if wanted.restore:
        raise WireError(404, "CannotRestoreANonExistingResource", "There is no soft-deleted account of that name.")
    return _created(call, name, wanted)


def _created(call: Call, name: str, wanted: WantedAccount) -> Answer:
    if not usable_account_name(name):
        raise WireError(400, "AccountNameInvalid", "An account name has 1 to 64 letters, digits, dots, dashes.")
    if wanted.kind is None or wanted.location is None or call.fields.get("sku") is None:
        raise malformed("An account needs a kind, a location and a sku.")
    (count,) = call.db.execute(
        "SELECT count(*) FROM accounts WHERE location = ? AND purged_at IS NULL", (wanted.location,)
    ).fetchone()
    limit = call.profile.accounts_per_region_max
    if count >= limit:
        raise WireError(
            400, "QuotaExceeded", f"The subscription has the maximum of {limit} accounts in '{wanted.location}'."
        )
    call.db.execute(
        "INSERT INTO accounts (name_key, name, location, kind, created_at, tags, local_auth, properties, settled_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name.lower(),
            name,
            wanted.location,
            wanted.kind,
            call.now,
            json.dumps(wanted.tags or {}),
            wanted.local_auth is not False,
            json.dumps(wanted.properties),
            call.now + call.profile.account_seconds,
        ),
    )
    return _started(call, name, 201)


def _restored(call: Call, wanted: WantedAccount, row: sqlite3.Row) -> Answer:
    place = arm_id(row["name"])
    if not wanted.restore:
        raise WireError(
            409,
            "FlagMustBeSetForRestore",
            f"An existing resource with ID '{place}' has been soft-deleted. To restore the resource, you must specify"
            " 'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge it"
            " first.",
        )
    call.db.execute(
        "UPDATE accounts SET deleted_at = NULL, settled_at = ?, changed_at = ?, revision = revision + 1"
        " WHERE name_key = ?",
        (call.now + call.profile.account_seconds, call.now, row["name_key"]),
    )
    return _started(call, row["name"], 201)


def _patch(call: Call) -> Answer:
    return _changed(call, checked_account(call), 202)


def _changed(call: Call, wanted: WantedAccount, status: int) -> Answer:
    refuse_while_busy(call)
    before = call.home
    if wanted.location not in (None, before.location):
        raise WireError(
            409,
            "InvalidResourceLocation",
            f"The resource '{before.name}' already exists in location '{before.location}'. A resource with the same"
            f" name cannot be created in location '{wanted.location}'. Please select a new resource name.",
        )
    if wanted.kind not in (None, before.kind, "AIServices"):  # OpenAI can become AIServices, not the other way
        raise WireError(400, "InvalidApiSetId", "The kind of an account cannot be changed.")
    properties = {**json.loads(before.properties), **wanted.properties} if status == 202 else wanted.properties
    call.db.execute(
        "UPDATE accounts SET kind = ?, tags = ?, local_auth = ?, properties = ?, changed_at = ?, settled_at = ?,"
        " revision = revision + 1 WHERE name_key = ?",
        (
            wanted.kind or before.kind,
            before.tags if wanted.tags is None else json.dumps(wanted.tags),
            before.local_auth if wanted.local_auth is None else wanted.local_auth,
            json.dumps(properties),
            call.now,
            call.now + call.profile.account_seconds,
            before.key,
        ),
    )
    return _started(call, before.name, status)


def _started(call: Call, name: str, status: int) -> Answer:
    call.account = read_account(call.db, name)
    headers = start_operation(call, "", "account", seconds=call.profile.account_seconds)
    headers.pop("Azure-AsyncOperation" if status == 202 else "Location")
    return Answer(status, account_shown(call, call.home), headers)


def _delete(call: Call) -> Answer:
    call.account = read_account(call.db, call.names["account"])
    if call.account is None:
        return Answer(204)
    refuse_while_busy(call)
    seconds = call.profile.account_delete_seconds
    deleted_at = call.now + seconds
    for found in deployments_of(call, call.home):
        call.db.execute("UPDATE deployments SET gone_at = ? WHERE serial = ?", (deleted_at, found.row["serial"]))
    call.db.execute("UPDATE accounts SET deleted_at = ? WHERE name_key = ?", (deleted_at, call.home.key))
    headers = start_operation(call, "", "delete", seconds=seconds)
    return Answer(202, headers=headers)


_ONE: Final = ACCOUNTS + "/{account}"
ROUTES: Final = (
    Route("PUT", _ONE, _put, ARM, body="json", writes=True),
    Route("PATCH", _ONE, _patch, ARM, body="json", writes=True, account="account"),
    Route("DELETE", _ONE, _delete, ARM, writes=True),
)
