"""Files by URL: `POST /files/import`, on dated routes only (contract 1.4).

In: a purpose, a name and an address. Out: a file that is `pending`, then `processed` or `error`. The content is
fetched before anything is locked; that it failed shows on the file when its processing time is over, as in Azure.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from ftops.emulator.data_plane.file_rows import (
    FINE_TUNE,
    Arrival,
    check_limits,
    checked_filename,
    checked_purpose,
    created,
    expiry_of_json,
    file_shown,
    find_file,
    insert_file,
    own_write,
)
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.routing import DATED, Route
from ftops.emulator.rows import Verdict, assess
from ftops.emulator.wire_errors import invalid_payload

_FIELDS: Final = frozenset({"purpose", "filename", "content_url", "expires_after"})


def _import(call: Call) -> Answer:
    for name in call.fields:
        if name not in _FIELDS:
            raise invalid_payload("The request has a field this operation does not have.", param=name[:64])
    purpose = checked_purpose(call, call.fields.get("purpose"))
    filename = checked_filename(call.fields.get("filename"), purpose, "filename")
    expires_seconds = expiry_of_json(call, call.fields.get("expires_after"))
    url = _checked_url(call.fields.get("content_url"))
    check_limits(call, purpose, 0)
    path = call.store.new_content()
    try:
        arrival = _fetched(call, url, Arrival(filename, purpose, 0, path, Verdict(), expires_seconds))
        with own_write(call) as fresh:
            file_id = insert_file(fresh, arrival)
            return created(fresh, file_shown(fresh, find_file(fresh, file_id)), f"files/{file_id}")
    finally:
        path.unlink(missing_ok=True)


def _checked_url(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise invalid_payload("content_url must be an address.", param="content_url")
    if not value.lower().startswith(("http://", "https://")) or not urlsplit(value).netloc:
        raise invalid_payload("content_url must be an http or https address.", param="content_url")
    return value


def _fetched(call: Call, url: str, arrival: Arrival) -> Arrival:
    path = arrival.path
    assert path is not None, "an import has a place for its content"
    limit = call.profile.file_bytes_max
    from ftops.emulator.fetching import Unfetched, fetch  # an HTTP client takes time to load

    try:
        size_bytes = fetch(url, path, bytes_max=limit)
    except Unfetched as why:
        verdict = Verdict(imported=True, unimported=str(why))
        return Arrival(arrival.filename, arrival.purpose, 0, None, verdict, arrival.expires_seconds)
    training = arrival.purpose == FINE_TUNE
    verdict = assess(path, call.profile.harm_markers, imported=True) if training else Verdict(imported=True)
    return Arrival(arrival.filename, arrival.purpose, size_bytes, path, verdict, arrival.expires_seconds)


ROUTES: Final = (Route("POST", "files/import", _import, DATED, body="json"),)
