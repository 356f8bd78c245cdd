"""The data plane of one account as plain requests: a path and a body go out, a JSON object comes back.

Every method is one HTTP request per attempt. Only reads are repeated, here and nowhere else; what writes is sent once,
is never redirected, and what pays is sent on a connection of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ftops.azure import sdk
from ftops.azure.access import Access, Once, api_key
from ftops.azure.errors import Effect, before_sending, broken_paging, json_object, translated, unreadable
from ftops.azure.patience import patiently
from ftops.core.account import Account

#: A listing that does not end after this many pages is broken.
PAGES_MAX = 1000
PAGE_ITEMS = 100

Document = Mapping[str, Any]


class DataPlane:
    """Requests to one account's data plane. `endpoint` is asked when the first request needs it."""

    def __init__(
        self,
        account: Account,
        access: Access,
        endpoint: Callable[[], str],
        http: Once,
        closing: threading.Event,
    ) -> None:
        self._account = account
        self._access = access
        self._endpoint = endpoint
        self._client = Once(lambda: sdk.new_data_client(endpoint(), account.api, http.get()))
        self._closing = closing

    @property
    def alias(self) -> str:
        return self._account.alias

    def read(self, doing: str, path: str, query: Mapping[str, object] | None = None) -> Document:
        """GETs a JSON object; repeats when throttled or unavailable. Raises RemoteError."""

        def once() -> Document:
            return self._sent(self._client, doing, "read", "get", path, params=dict(query or {}))

        return patiently(once, self._access.read_pauses_seconds, self._closing.wait)

    def ask(self, doing: str, path: str, body: Document) -> Document:
        """POSTs a question that changes nothing (inference); repeated like a read. Raises RemoteError."""

        def once() -> Document:
            return self._sent(self._client, doing, "read", "post", path, body=dict(body))

        return patiently(once, self._access.read_pauses_seconds, self._closing.wait)

    def write(self, doing: str, method: str, path: str, **content: Any) -> Document:
        """One POST or DELETE. Raises RemoteError, of kind `unknown` when its outcome is."""
        return self._sent(self._client, doing, "write", method, path, **content)

    def pay(self, doing: str, path: str, body: Document) -> Document:
        """One POST on a fresh connection: an idle socket that just went stale would make the outcome unknowable."""
        with before_sending(doing):
            headers = self._headers()
            endpoint = self._endpoint()
            http = self._access.new_http(False)
        try:
            client = Once(lambda: sdk.new_data_client(endpoint, self._account.api, http))
            return self._sent(client, doing, "pay", "post", path, body=dict(body), headers=headers)
        finally:
            http.close()

    def pages(self, doing: str, path: str, *, unsaid_means_more: bool) -> list[Document]:
        """A complete listing in the service's order. Raises RemoteError rather than give a part of one.

        `unsaid_means_more`: whether a page without `has_more` is followed by a request for the next. Job lists always
        say it; dated file lists never do and are whole (service contract, sections 1.4 and 1.13).
        """
        items: list[Document] = []
        seen: set[str] = set()
        query: dict[str, object] = {} if not unsaid_means_more else {"limit": PAGE_ITEMS}
        for _ in range(PAGES_MAX):
            page = self.read(doing, path, query)
            new = _items(doing, page)
            for item in new:
                if item["id"] in seen:
                    raise broken_paging(doing, f"{item['id']} is listed twice")
                seen.add(item["id"])
            items += new
            more = page.get("has_more", unsaid_means_more and bool(new))
            if not more:
                return items
            if not new:
                raise broken_paging(doing, "an empty page says that more follow")
            query = {**query, "after": new[-1]["id"]}
        raise broken_paging(doing, f"there is no end after {PAGES_MAX} pages")

    def _sent(
        self,
        client: Once,
        doing: str,
        effect: Effect,
        method: str,
        path: str,
        *,
        headers: Mapping[str, Any] | None = None,
        params: Mapping[str, object] | None = None,
        **content: Any,
    ) -> Document:
        with before_sending(doing):
            identity = headers or self._headers()
            send = getattr(client.get(), method)
        options: dict[str, Any] = {"headers": {**identity, **content.pop("extra_headers", {})}, "max_retries": 0}
        if params:
            options["params"] = dict(params)
        with translated(doing, effect):
            answer = send(path, cast_to=sdk.http_response_type(), options=options, **content)
            return json_object(answer.status_code, answer.headers, answer.text, doing, effect)

    def _headers(self) -> dict[str, Any]:
        """Who we are, and nothing of the user's other OpenAI settings."""
        nothing = sdk.omitted()
        others = {"OpenAI-Organization": nothing, "OpenAI-Project": nothing}
        if self._account.auth == "key":
            return {"api-key": api_key(self._account), "Authorization": nothing, **others}
        return {"Authorization": f"Bearer {self._access.data_token()}", "api-key": nothing, **others}


def segment(identifier: str) -> str:
    """An id as one path segment. Raises ValueError for what would address something else."""
    if not identifier or not identifier.strip("."):
        raise ValueError(f"impossible id {identifier!r}")
    return quote(identifier, safe=":")


def _items(doing: str, page: Document) -> list[Document]:
    data = page.get("data")
    if not isinstance(data, list):
        raise unreadable(doing, "the answer is not a listing", "read")
    for item in data:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
            raise unreadable(doing, "the listing holds something without an id", "read")
    return data
