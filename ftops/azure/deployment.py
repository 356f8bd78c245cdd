"""Deployments and the account itself, through ARM.

In: names and DeploymentBody values. Out: observed values. Writes are the SDK's own methods, one request each, that
return when it is accepted. Reads are plain GETs through azure-core's pipeline and are taken from the JSON: the SDK's
major versions disagree about models (one drops unknown keys, another makes a missing list an empty one), and the models
of a thousand deployments take over half a second. No URL of an operation leaves this module.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ftops.azure import reading
from ftops.azure.access import Access, Once
from ftops.azure.data_plane import PAGES_MAX, Document, segment
from ftops.azure.errors import broken_paging, json_object, parse_error, translated, unreadable
from ftops.azure.patience import patiently
from ftops.azure.redact import shown
from ftops.core.account import Account
from ftops.core.change import DeploymentBody
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedDeployment

API_VERSION = "2024-10-01"
#: Codes of a 404 that say the account is not there, which is something else than a missing deployment.
_NO_ACCOUNT = frozenset({"parentresourcenotfound", "resourcegroupnotfound", "subscriptionnotfound"})


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What ARM says about an account."""

    location: str
    endpoint: str


class ControlPlane:
    """One account's part of ARM."""

    def __init__(self, account: Account, access: Access, reader: Once, arm: Once, closing: threading.Event) -> None:
        self._account = account
        self._access = access
        self._reader = reader
        self._arm = arm
        self._closing = closing
        # Where an operation of this process reports why it failed: the deployment itself does not say (section 2.6).
        self._operations: dict[str, str] = {}

    def observe_account(self) -> AccountFacts:
        doing = f"reading account {self._account.alias} ({self._account.name}) from ARM"
        document = self._read(doing, self._address())
        properties = document.get("properties")
        endpoint = properties.get("endpoint") if isinstance(properties, dict) else None
        location = document.get("location")
        if not isinstance(endpoint, str) or not isinstance(location, str):
            raise unreadable(doing, "the answer holds no endpoint and location", "read")
        return AccountFacts(location, endpoint)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        doing = f"listing the deployments of account {self._account.alias}"
        found: dict[str, ObservedDeployment] = {}
        for document in self._listed(doing, self._address("/deployments")):
            if document["name"] in found:
                raise broken_paging(doing, f"{document['name']} is listed twice")
            found[document["name"]] = self._observed(document)
        return tuple(found.values())

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        doing = f"reading deployment {name} of account {self._account.alias}"
        try:
            document = self._read(doing, self._address(f"/deployments/{segment(name)}"))
        except RemoteError as error:
            if error.kind == "missing" and error.code.lower() not in _NO_ACCOUNT:
                return None
            raise
        return self._observed({**document, "name": name})

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        doing = f"writing deployment {name} of account {self._account.alias}"
        answers: list[Any] = []
        with translated(doing, "write"):
            self._arm.get().deployments.begin_create_or_update(
                *self._scope, name, _deployment_model(body), polling=False, raw_response_hook=answers.append
            )
            answer = answers[-1].http_response
            json_object(answer.status_code, answer.headers, answer.text(), doing, "write")
        self._operations[name] = answer.headers.get("Azure-AsyncOperation", "")

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

    def _address(self, below: str = "") -> str:
        account = self._account
        return (
            f"/subscriptions/{segment(account.subscription)}/resourceGroups/{segment(account.resource_group)}"
            f"/providers/Microsoft.CognitiveServices/accounts/{segment(account.name)}{below}"
            f"?api-version={API_VERSION}"
        )

    def _read(self, doing: str, url: str) -> Document:
        def once() -> Document:
            with translated(doing, "read"):
                answer = self._reader.get()(url)
                return json_object(answer.status_code, answer.headers, answer.text, doing, "read")

        return patiently(once, self._access.read_pauses_seconds, self._closing.wait)

    def _listed(self, doing: str, url: str) -> Iterator[Document]:
        seen: set[str] = set()
        for _ in range(PAGES_MAX):
            seen.add(url)
            page = self._read(doing, url)
            elements, link = page.get("value"), page.get("nextLink")
            if not isinstance(elements, list) or not all(isinstance(e, dict) and e.get("name") for e in elements):
                raise unreadable(doing, "the answer is not a listing", "read")
            yield from elements
            if not link:
                return
            if not isinstance(link, str) or link in seen or not self._at_arm(link):
                raise broken_paging(doing, "the next page is one that was read already, or is elsewhere")
            url = link
        raise broken_paging(doing, f"there is no end after {PAGES_MAX} pages")

    def _observed(self, document: Document) -> ObservedDeployment:
        observed = reading.deployment(document)
        if observed.provisioning == "Failed":
            return replace(observed, detail=self._failure(observed.name))
        return observed

    def _at_arm(self, url: str) -> bool:
        """Whether a URL from an answer may be sent our token."""
        return urlsplit(url)[:2] == urlsplit(self._access.arm_url)[:2]

    def _failure(self, name: str) -> str:
        """Why the operation of this process failed, in the service's words; empty when nobody can tell."""
        url = self._operations.get(name, "")
        if not self._at_arm(url):
            return ""
        try:
            with translated(f"reading why deployment {name} failed", "read"):
                body = self._reader.get()(url).text
        except RemoteError:
            return ""
        parsed = parse_error(body)
        return shown(f"{parsed.message} ({parsed.code})") if parsed and parsed.message else ""


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
