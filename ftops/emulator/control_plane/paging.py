"""ARM's listings, page by page.

In: the entries of a listing with their keys. Out: `value` and, while there is more, `nextLink` (contract 2.1).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from ftops.emulator.exchange import Answer, Call

PAGING: Final = frozenset({"$skipToken"})


def paged(call: Call, entries: list[tuple[str, dict[str, object]]]) -> Answer:
    """One page; `entries` are ordered by their keys, which are what `$skipToken` carries."""
    after = call.query.get("$skipToken", "")
    size = max(1, call.profile.arm_page_size)
    visible = [entry for entry in entries if entry[0] > after]
    body: dict[str, object] = {"value": [shown for _, shown in visible[:size]]}
    if len(visible) > size:
        body["nextLink"] = _next_link(call, visible[size - 1][0])
    return Answer(payload=body)


def _next_link(call: Call, last: str) -> str:
    path = call.request.target.partition("?")[0]
    kept = {name: value for name, value in call.query.items() if name not in ("api-version", "$skipToken")}
    query = "".join(f"&{quote(name, safe='$')}={quote(value)}" for name, value in kept.items())
    return f"{call.request.base_url}{path}?api-version={call.version}{query}&$skipToken={quote(last, safe='')}"
