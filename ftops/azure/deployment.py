"""Deployments and the account itself, through ARM.

In: names and DeploymentBody values. Out: observed values, read from the raw JSON: the SDK's major versions disagree
about models (one drops unknown keys, another makes a missing list an empty one). Each write is one request that returns
when it is accepted; no URL of an operation leaves this module.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ftops.azure import reading, sdk
from ftops.azure.access import Access, Once
from ftops.azure.data_plane import PAGES_MAX, Document
from ftops.azure.errors import broken_paging, parse_error, translated, unreadable
from ftops.azure.patience import patiently
from ftops.azure.redact import shown
from ftops.core.account import Account
from ftops.core.change import DeploymentBody
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedDeployment

#: Codes of a 404 that say the account is not there, which is something else than a missing deployment.
_NO_ACCOUNT = frozenset({"parentresourcenotfound", "resourcegroupnotfound", "subscriptionnotfound"})


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What ARM says about an account."""

    location: str
    endpoint: str


class ControlPlane:
    """One account's part of ARM."""

    def __init__(self, account: Account, access: Access, arm: Once, closing: threading.Event) -> None:
        self._account = account
        self._access = access
        self._arm = arm
        self._closing = closing
        # Where an operation of this process reports why it failed: the deployment itself does not say (section 2.6).
        self._operations: dict[str, str] = {}

    def observe_account(self) -> AccountFacts:
        doing = f"reading account {self._account.alias} ({self._account.name}) from ARM"
        document = self._read(doing, lambda client, **options: client.accounts.get(*self._scope, **options))
        properties = document.get("properties")
        endpoint = properties.get("endpoint") if isinstance(properties, dict) else None
        location = document.get("location")
        if not isinstance(endpoint, str) or not isinstance(location, str):
            raise unreadable(doing, "the answer holds no endpoint and location", "read")
        return AccountFacts(location, endpoint)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        doing = f"listing the deployments of account {self._account.alias}"
        found: dict[str, ObservedDeployment] = {}
        for document in self._listed(doing):
            deployment = reading.deployment(document)
            if deployment.name in found:
                raise broken_paging(doing, f"{deployment.name} is listed twice")
            found[deployment.name] = deployment
        return tuple(found.values())

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        doing = f"reading deployment {name} of account {self._account.alias}"
        try:
            document = self._read(
                doing, lambda client, **options: client.deployments.get(*self._scope, name, **options)
            )
        except RemoteError as error:
            if error.kind == "missing" and error.code.lower() not in _NO_ACCOUNT:
                return None
            raise
        observed = reading.deployment({**document, "name": name})
        if observed.provisioning == "Failed":
            return reading.deployment({**document, "name": name}, detail=self._failure(name))
        return observed

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        with translated(f"writing deployment {name} of account {self._account.alias}", "write"):
            client = self._arm.get()
            answer = _Answers()
            client.deployments.begin_create_or_update(
                *self._scope, name, _deployment_model(body), polling=False, raw_response_hook=answer.take
            )
        self._remember_operation(name, answer.header("Azure-AsyncOperation"))

    def delete_deployment(self, name: str) -> None:
        self._operations.pop(name, None)
        try:
            with translated(f"deleting deployment {name} of account {self._account.alias}", "write"):
                self._arm.get().deployments.begin_delete(*self._scope, name, polling=False)
        except RemoteError as error:
            if error.kind != "missing":
                raise

    @property
    def _scope(self) -> tuple[str, str]:
        return self._account.resource_group, self._account.name

    def _read(self, doing: str, call: Callable[..., Any]) -> Document:
        def once() -> Document:
            answer = _Answers()
            with translated(doing, "read"):
                call(self._arm.get(), raw_response_hook=answer.take)
            return answer.document(doing)

        return patiently(once, self._access.read_pauses_seconds, self._closing.wait)

    def _listed(self, doing: str) -> Iterator[Document]:
        """The elements of all pages. Each page is asked for with an iterator of its own: the SDK's, once it met an
        answer that it cannot read, goes on as if it had come to the end."""
        link: str | None = None
        seen: set[str | None] = set()
        for _ in range(PAGES_MAX):
            seen.add(link)
            page, link = patiently(
                partial(self._page, doing, link), self._access.read_pauses_seconds, self._closing.wait
            )
            yield from page
            if link is None:
                return
            if link in seen:
                raise broken_paging(doing, "a page follows itself")
        raise broken_paging(doing, f"there is no end after {PAGES_MAX} pages")

    def _page(self, doing: str, link: str | None) -> tuple[list[Document], str | None]:
        answer = _Answers()
        with translated(doing, "read"):
            pages = self._arm.get().deployments.list(*self._scope, raw_response_hook=answer.take).by_page(link)
            next(pages, None)
        page = answer.document(doing).get("value")
        if not isinstance(page, list) or not all(isinstance(one, dict) and one.get("name") for one in page):
            raise unreadable(doing, "the answer is not a listing", "read")
        return page, pages.continuation_token

    def _remember_operation(self, name: str, url: str) -> None:
        # The token goes to no other host than ARM's own.
        if url and urlsplit(url)[:2] == urlsplit(self._access.arm_url)[:2]:
            self._operations[name] = url
        else:
            self._operations.pop(name, None)

    def _failure(self, name: str) -> str:
        """Why the operation of this process failed, in the service's words; empty when nobody can tell."""
        url = self._operations.get(name)
        if url is None:
            return ""
        try:
            with translated(f"reading why deployment {name} failed", "read"):
                body = sdk.send_arm(self._arm.get(), url).text()
        except RemoteError:
            return ""
        parsed = parse_error(body)
        return shown(f"{parsed.message} ({parsed.code})") if parsed and parsed.message else ""


class _Answers:
    """Catches the raw answers of one SDK call as they pass; keeps the last."""

    def __init__(self) -> None:
        self._last: Any = None

    def take(self, response: Any) -> None:
        self._last = response.http_response

    def document(self, doing: str) -> Document:
        try:
            document = json.loads(self._last.text())
        except (AttributeError, ValueError) as error:
            raise unreadable(doing, "the answer is not JSON", "read") from error
        if not isinstance(document, dict):
            raise unreadable(doing, "the answer is not a JSON object", "read")
        return document

    def header(self, name: str) -> str:
        return str(self._last.headers.get(name, "")) if self._last is not None else ""


def _deployment_model(body: DeploymentBody) -> Any:
    from azure.mgmt.cognitiveservices import models

    model = models.DeploymentModel(
        format=body.model_format, name=body.model_name, version=body.model_version, source=body.source
    )
    properties = models.DeploymentProperties(
        model=model, rai_policy_name=body.content_policy, version_upgrade_option=body.upgrade
    )
    sku = models.Sku(name=body.sku, capacity=body.capacity)
    return models.Deployment(sku=sku, properties=properties, tags=dict(body.tags))
