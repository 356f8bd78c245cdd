"""From a request to its answer, in one fixed order for every surface.

In: a `Request`. Out: an `Answer`, always, also when this program is wrong. The order: find the surface, check the
api-version, match the route, check the account and the caller, read the body, run the handler in one transaction
(a read-only view for reads, one BEGIN IMMEDIATE for writes), write the request log.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ftops.emulator import uploads
from ftops.emulator.addresses import Address, checked_version, locate, surface_of, without_project
from ftops.emulator.body import CutShort, StoredBody, read_json_object
from ftops.emulator.clock import read_now
from ftops.emulator.exchange import Answer, Call, Request, read_account
from ftops.emulator.heads import refuse_many_custom_headers
from ftops.emulator.identity import authenticate
from ftops.emulator.ids import new_uuid
from ftops.emulator.names import PROVIDER, RESOURCE_GROUP, SUBSCRIPTION
from ftops.emulator.profile import Profile
from ftops.emulator.routing import Route, Router, check_parameters, split_target
from ftops.emulator.store import Store, counters
from ftops.emulator.strikes import NO_STRIKES, Strikes
from ftops.emulator.wire_errors import (
    Surface,
    WireError,
    invalid_payload,
    no_such_account,
    parent_not_found,
    resource_not_found,
    to_the_letter,
)

_LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ECHO_MAX: Final = 128
_TRIM_EVERY: Final = 64
_OPERATION_SECONDS: Final = 86_400.0  # for so long after its end an operation can be asked for (assumed)


@dataclass(frozen=True)
class _Matched:
    """A request and the route it met, with the faults that strike it."""

    request: Request
    address: Address
    route: Route
    names: Mapping[str, str]
    query: Mapping[str, str]
    version: str
    strikes: Strikes


class Dispatcher:
    """Answers requests over one store."""

    def __init__(self, store: Store, router: Router) -> None:
        self._store = store
        self._router = router
        self._profile: tuple[tuple[int, ...], Profile] = ((), Profile())

    def answer(self, request: Request) -> Answer:
        """The answer to a request; never raises."""
        strikes = NO_STRIKES
        try:
            segments, query = split_target(request.target)
            segments = without_project(segments)
            address = locate(segments)
            surface = address.surface
            if surface in (Surface.DATED, Surface.V1):
                refuse_many_custom_headers(request.headers)
            strikes = self._strikes(request, surface, segments)
            answer = self._suffered(request, address, query, strikes)
        except Exception as trouble:
            surface = surface_of(request.target)
            answer = _refused(trouble, surface)
        _add_common_headers(request, surface, answer)
        self._log(request, surface, answer, strikes.names)
        return answer

    def _strikes(self, request: Request, surface: Surface, segments: tuple[str, ...]) -> Strikes:
        if surface is Surface.DOOR or not self._store.has_faults():
            return NO_STRIKES
        from ftops.emulator.fault_rules import strike  # a fault is rare, and its tables take time to load

        return strike(self._store, request, surface, "/" + "/".join(segments))

    def _suffered(self, request: Request, address: Address, query: Mapping[str, str], strikes: Strikes) -> Answer:
        if strikes.late:
            kept = replace(request, body=StoredBody.of(request.body))
            return strikes.broken_first(lambda: self._answered_late(kept, address, query, strikes))
        answer = strikes.instead()
        if answer is None:
            answer = strikes.spoiled(self._answered(request, address, query, strikes))
        return answer

    def _answered_late(self, request: Request, address: Address, query: Mapping[str, str], strikes: Strikes) -> None:
        self._log(request, address.surface, self._answered(request, address, query, strikes), strikes.names)

    def _answered(self, request: Request, address: Address, query: Mapping[str, str], strikes: Strikes) -> Answer:
        try:
            return self._routed(request, address, strikes.query(query), strikes)
        except WireError as refusal:
            if address.authoring and self._strict():
                refusal = to_the_letter(refusal)
            return _refused(refusal, address.surface)
        except Exception as trouble:
            return _refused(trouble, address.surface)

    def _strict(self) -> bool:
        with self._store.reading() as db:
            return self._profile_of(db).schema_strict

    def _routed(self, request: Request, address: Address, query: Mapping[str, str], strikes: Strikes) -> Answer:
        version = checked_version(address, query)
        route, names = self._router.match(address.surface, request.method, address.segments, version=version)
        matched = _Matched(request, address, route, names, query, version, strikes)
        with self._store.reading() as db:
            call = self._call(db, matched)
            if not route.writes and route.body == "none" and not strikes.acts:
                return self._located(route.handler(call), call)
        call = self._with_body(call, route)
        try:
            if strikes.acts_before:
                with self._store.writing() as db:  # stays, whatever becomes of the request
                    strikes.act_before(self._call(db, matched))
            with self._store.writing() if route.writes else self._store.reading() as db:
                fresh = replace(self._call(db, matched), fields=call.fields, upload=call.upload)
                answer = self._located(strikes.inside(fresh) or route.handler(fresh), fresh)
                if route.writes:
                    strikes.act_after(fresh, answer)
            if strikes.acts and not route.writes:
                with self._store.writing() as db:
                    strikes.act_after(replace(self._call(db, matched), fields=call.fields), answer)
            return answer
        finally:
            if call.upload is not None:
                call.upload.discard()

    def _call(self, db: sqlite3.Connection, matched: _Matched) -> Call:
        request, address, route, names = matched.request, matched.address, matched.route, matched.names
        profile = matched.strikes.profile(self._profile_of(db))
        call = Call(
            request, address.surface, matched.version, names, matched.query, self._store, db, read_now(db), profile
        )
        if address.account or route.account:
            call.account = read_account(db, address.account or names[route.account])
            if address.account and call.account is None:
                raise no_such_account(address.account)
        authenticate(call, route)
        if address.surface is Surface.ARM:
            _check_scope(names)
        if route.account and call.account is None:
            raise _missing_arm_account(names, route)
        if address.surface in (Surface.DOOR, Surface.IDENTITY):
            _refuse_foreign_host(request)
        check_parameters(route, matched.query)
        return call

    def _with_body(self, call: Call, route: Route) -> Call:
        content_type = call.request.headers.get("Content-Type") or ""
        if route.body == "upload":
            # The limit may be raised while the body streams; the handler checks the rest of the limits.
            limit = call.profile.file_bytes_max
            markers = call.profile.harm_markers
            call.upload = uploads.receive(
                call.request.body, content_type, self._store, file_bytes_max=limit, harm_markers=markers
            )
        elif route.body == "bytes":
            from ftops.emulator.snapshot import received  # what reads archives takes time to load

            call.upload = received(call.request.body, self._store)
        elif route.body == "json":
            call.fields = read_json_object(call.request.body, content_type)
        return call

    def _profile_of(self, db: sqlite3.Connection) -> Profile:
        version = counters(db)
        known_version, profile = self._profile
        if version != known_version:
            rows = db.execute("SELECT name, value FROM profile").fetchall()
            profile = Profile().with_overrides({name: json.loads(value) for name, value in rows})
            self._profile = (version, profile)
        return profile

    def _located(self, answer: Answer, call: Call) -> Answer:
        if call.account is not None and call.surface in (Surface.DATED, Surface.V1):
            answer.headers.setdefault("x-ms-region", call.account.location)
        return answer

    def _log(self, request: Request, surface: Surface, answer: Answer, faults: str | None) -> None:
        if surface in (Surface.DOOR, Surface.IDENTITY):
            return
        kept = self._profile[1].requests_kept
        if not self._profile[1].request_log:
            return
        with self._store.writing() as db:
            added = db.execute(
                "INSERT INTO requests (at, method, path, status, retry_count, client_request_id, fault)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    read_now(db),
                    request.method,
                    request.target[:2000],
                    answer.status,
                    request.headers.get("x-stainless-retry-count"),
                    _echo(request.headers.get("x-ms-client-request-id")),
                    faults,
                ),
            )
            serial = added.lastrowid or 0
            if serial % _TRIM_EVERY == 0:
                db.execute("DELETE FROM requests WHERE serial <= ?", (serial - kept,))
                db.execute("DELETE FROM operations WHERE settled_at < ?", (read_now(db) - _OPERATION_SECONDS,))


def refused_unread(target: str, refusal: WireError) -> Answer:
    """The refusal of a request whose head or framing cannot be read, as the surface of its target words it."""
    surface = surface_of(target)
    answer = _refused(refusal, surface)
    _add_request_id(surface, answer)
    return answer


def _check_scope(names: Mapping[str, str]) -> None:
    subscription, group = names.get("subscription", SUBSCRIPTION), names.get("group", RESOURCE_GROUP)
    if subscription.lower() != SUBSCRIPTION:
        raise WireError(404, "SubscriptionNotFound", f"The subscription '{_echo(subscription)}' could not be found.")
    if group.lower() != RESOURCE_GROUP:
        raise WireError(404, "ResourceGroupNotFound", f"Resource group '{_echo(group)}' could not be found.")


def _missing_arm_account(names: Mapping[str, str], route: Route) -> WireError:
    path = f"{PROVIDER}/accounts/{names[route.account]}"
    if "deployment" in names or route.pattern.endswith("/deployments"):
        return parent_not_found(path)
    return resource_not_found(path, names.get("group", ""))


def _refuse_foreign_host(request: Request) -> None:
    # A web page may resolve its own name to 127.0.0.1: these two surfaces ask for no key, so they look.
    host = (request.headers.get("Host") or "127.0.0.1").rsplit(":", 1)[0]
    if host not in _LOOPBACK_NAMES:
        raise WireError(421, "MisdirectedRequest", "This route answers on a loopback address only.")


def _refused(trouble: Exception, surface: Surface) -> Answer:
    if isinstance(trouble, WireError):
        return Answer(trouble.status, trouble.payload(surface), dict(trouble.headers))
    if isinstance(trouble, CutShort):
        cut = invalid_payload("The request body ended before it was complete.")
        return Answer(cut.status, cut.payload(surface), {"Connection": "close"})
    return _confession(trouble, surface)


def _confession(defect: Exception, surface: Surface) -> Answer:
    import traceback  # loads slowly, and this is rare

    frame = traceback.extract_tb(defect.__traceback__)[-1]
    place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    refusal = WireError(500, "internalFailure", f"The emulator itself is at fault: {type(defect).__name__} at {place}.")
    return Answer(500, refusal.payload(surface))


def _add_common_headers(request: Request, surface: Surface, answer: Answer) -> None:
    _add_request_id(surface, answer)
    if echo := _echo(request.headers.get("x-ms-client-request-id")):
        answer.headers["x-ms-client-request-id"] = echo


def _add_request_id(surface: Surface, answer: Answer) -> None:
    request_id = new_uuid()
    if surface is Surface.ARM:
        answer.headers["x-ms-request-id"] = request_id
        answer.headers["x-ms-correlation-request-id"] = request_id
    elif surface in (Surface.DATED, Surface.V1):
        answer.headers["apim-request-id"] = request_id
        answer.headers["x-content-type-options"] = "nosniff"


def _echo(value: str | None) -> str:
    return value if value and len(value) <= _ECHO_MAX and value.isascii() and value.isprintable() else ""
