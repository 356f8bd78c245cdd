"""BlobService: the few requests that a ledger in Azure Blob Storage needs; the only importer of azure-storage-blob.

In: where the blob is. Out: bytes, etags and the store's own time, or BlobProblem; what a problem means is for azblob to
say. A conditional write is one request, never repeated and never redirected. Credentials go into no text.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ftops.core.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 10
READ_SECONDS = 30
#: `BlobProblem.code` when no token could be had: the request was not sent.
SIGN_IN = "SignIn"
#: What Azurite and its forerunners are published with; it opens nothing but an emulator on this machine.
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class BlobProblem(Exception):
    """A request without the wanted answer. `status` None: no answer at all, or none that can be read."""

    def __init__(self, status: int | None, code: str) -> None:
        super().__init__(f"{status} {code}" if status else code)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Facts:
    """What the service knows of the blob beside its bytes."""

    leased: bool
    metadata: Mapping[str, str]


class BlobService:
    """One blob of one container, and blobs beside it. Thread-safe.

    `heard(date)` is called with the Date header of every answer. `options` go to the SDK's client.
    """

    def __init__(
        self, account_url: str, container: str, blob: str, *, heard: Callable[[str], None], **options: Any
    ) -> None:
        self._heard = heard
        self._name = blob
        self._container = _container_client(account_url, container, options)
        self._blob = self._container.get_blob_client(blob)

    def get(self) -> tuple[bytes, str] | None:
        """The bytes and their etag; None when there is no such blob."""
        with _problems():
            try:
                stream = self._blob.download_blob(**self._said())
                data = bytes(stream.readall())
            except Exception as error:
                if _code(error) == "BlobNotFound":
                    return None
                raise
            if len(data) != stream.size:
                raise BlobProblem(None, "cut short")
            return data, str(stream.properties.etag)

    def put(self, data: bytes, *, etag: str, lease_id: str | None, metadata: Mapping[str, str]) -> str:
        """Writes the whole blob where `etag` still names it ("": where there is none); returns the new etag."""
        from azure.core import MatchConditions

        # Without `overwrite` the SDK itself says If-None-Match: *.
        condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        with _problems():
            answer = self._blob.upload_blob(
                data, overwrite=bool(etag), metadata=dict(metadata), **condition, **self._once(lease_id)
            )
            written = answer.get("etag")
            if not written:
                raise BlobProblem(None, "an answer without an etag")
            return str(written)

    def put_beside(self, suffix: str, data: bytes) -> str:
        """A new blob under the same name with a suffix; returns its URL."""
        beside = self._container.get_blob_client(self._name + suffix)
        with _problems():
            beside.upload_blob(data, overwrite=False, **self._once(None))
        return str(beside.url)

    def delete(self, *, etag: str, lease_id: str | None) -> None:
        from azure.core import MatchConditions

        with _problems():
            self._blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified, **self._once(lease_id))

    def facts(self) -> Facts | None:
        """None when there is no such blob."""
        with _problems():
            try:
                found = self._blob.get_blob_properties(**self._said())
            except Exception as error:
                if _code(error) in ("BlobNotFound", "ResourceNotFound"):
                    return None
                raise
            return Facts(found.lease.state in ("leased", "breaking"), dict(found.metadata or {}))

    def acquire(self, lease_id: str, seconds: int) -> None:
        """Naming the lease ourselves makes asking twice the same as asking once."""
        with _problems():
            self._lease(lease_id).acquire(lease_duration=seconds, **self._said())

    def renew(self, lease_id: str) -> None:
        with _problems():
            self._lease(lease_id).renew(retry_total=0, **self._said())

    def release(self, lease_id: str) -> None:
        with _problems():
            self._lease(lease_id).release(retry_total=0, **self._said())

    def break_lease(self) -> None:
        with _problems():
            self._lease(None).break_lease(lease_break_period=0, **self._said())

    def describe(self, lease_id: str, metadata: Mapping[str, str]) -> None:
        with _problems():
            self._blob.set_blob_metadata(dict(metadata), lease=lease_id, **self._said())

    def _lease(self, lease_id: str | None) -> Any:
        from azure.storage.blob import BlobLeaseClient

        return BlobLeaseClient(self._blob, lease_id=lease_id)

    def _said(self) -> dict[str, Any]:
        return {"raw_response_hook": self._hear}

    def _once(self, lease_id: str | None) -> dict[str, Any]:
        """Options of a write whose outcome must not be blurred by a second one."""
        return {"lease": lease_id, "retry_total": 0, **self._said()}

    def _hear(self, response: Any) -> None:
        self._heard(str(response.http_response.headers.get("Date", "")))


def seconds_of(date: str) -> float | None:
    """A Date header as seconds since 1970; None when it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None


def _container_client(account_url: str, container: str, options: Mapping[str, Any]) -> Any:
    try:
        from azure.storage.blob import ContainerClient, ExponentialRetry
    except ModuleNotFoundError as error:
        raise LedgerError(
            "opening the ledger: `backend: azblob` needs the package azure-storage-blob",
            hint="pip install 'ftops[azblob]'",
        ) from error
    return ContainerClient(
        account_url.rstrip("/"),
        container,
        credential=_credential(account_url),
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3, random_jitter_range=1),
        permit_redirects=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        use_env_settings=not _is_loopback(account_url),
        **options,
    )


def _credential(account_url: str) -> Any:
    """Entra for Azure. An emulator on loopback has accounts with keys instead: AZURE_STORAGE_KEY, or Azurite's own."""
    parts = urlsplit(account_url)
    if _is_loopback(account_url):
        account = parts.path.strip("/")
        return {"account_name": account, "account_key": os.environ.get("AZURE_STORAGE_KEY") or AZURITE_KEY}
    if parts.scheme != "https":
        raise LedgerError(
            f"opening the ledger at {account_url}: it must be an https address",
            hint="write https://NAME.blob.core.windows.net as `ledger.account_url` in ftops.yaml",
        )
    return _Entra()


class _Entra:
    """DefaultAzureCredential, made for the first token. A failure is final here: the SDK would try again for long."""

    def __init__(self) -> None:
        self._credential: Any = None

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential

        self._credential = self._credential or DefaultAzureCredential()
        try:
            return self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            raise BlobProblem(401, SIGN_IN) from error


def _is_loopback(account_url: str) -> bool:
    host = urlsplit(account_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _problems() -> Iterator[None]:
    """Whatever the SDK raises, as BlobProblem, without its text: that may hold what a proxy wrote."""
    try:
        yield
    except BlobProblem:
        raise
    except Exception as error:
        problem = _problem(error)
        if problem is None:
            raise
        raise problem from error


def _problem(error: Exception) -> BlobProblem | None:
    from azure.core.exceptions import AzureError, HttpResponseError

    error = _answer_behind(error)
    if not isinstance(error, AzureError | OSError | ValueError):
        return None  # a mistake of ours, which must look like one
    status = getattr(error, "status_code", None) if isinstance(error, HttpResponseError) else None
    code = _code(error)
    if not isinstance(status, int):
        return BlobProblem(None, type(error).__name__)
    return BlobProblem(status, code or type(error).__name__)


def _answer_behind(error: Exception) -> Exception:
    """The SDK itself stumbles over an error document without a Message; what it was explaining then says more."""
    from azure.core.exceptions import AzureError, HttpResponseError

    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, AzureError):
        behind = behind.__context__
    return behind if isinstance(behind, HttpResponseError) else error


def _code(error: Exception) -> str:
    """The storage service's own error code, "" when the error holds none."""
    error = _answer_behind(error)
    code = getattr(error, "error_code", None)
    if code is None:
        code = getattr(getattr(error, "response", None), "headers", {}).get("x-ms-error-code")
    return str(getattr(code, "value", code) or "")
