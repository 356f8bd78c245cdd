"""Access: how one account is reached. Azure's own way is here; what loopback needs instead is in `loopback`.

In: an Account. Out: an Access (who we are, over which HTTP client, at which ARM). Everything else in this package works
on an Access and cannot tell an emulator from Azure. It must never put a key or a token into a text.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ftops.azure import sdk
from ftops.azure.errors import remote_error
from ftops.azure.redact import shown
from ftops.core.account import Account
from ftops.core.errors import FtopsError, RemoteError, RemoteKind

ARM_URL = "https://management.azure.com"
ARM_SCOPE = "https://management.azure.com/.default"
DATA_SCOPE = "https://cognitiveservices.azure.com/.default"


@dataclass(frozen=True, slots=True)
class Access:
    """One way in, shared by all accounts that are reached in the same way.

    `data_token` gives a bearer token for the data plane; `new_http(keep_alive)` makes an HTTP client; `new_arm_reader`
    makes of one a function that GETs from ARM; `new_arm` makes the ARM client of a subscription; `checked_endpoint`
    returns a usable endpoint or raises RemoteError; `read_pauses_seconds` is how long a read waits before each
    repetition.
    """

    data_token: Callable[[], str]
    new_http: Callable[[bool], Any]
    new_arm_reader: Callable[[Any], Callable[[str], Any]]
    new_arm: Callable[[str], Any]
    checked_endpoint: Callable[[str], str]
    arm_url: str = ARM_URL
    read_pauses_seconds: tuple[float, ...] = (1.0, 4.0)


def azure_access() -> Access:
    """The way into Azure: DefaultAzureCredential, TLS, the machine's proxies."""
    credential = _LazyCredential()
    tokens = Once(lambda: _token_provider(credential))

    def authentication() -> Any:
        with sdk.collector_paused():
            from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
        return ARMChallengeAuthenticationPolicy(credential, ARM_SCOPE)

    def new_arm(subscription: str) -> Any:
        return sdk.new_arm_client(
            subscription, ARM_URL, credential=credential, authentication=authentication(), transport={}
        )

    return Access(
        data_token=lambda: str(tokens.get()()),
        new_http=lambda keep_alive: sdk.new_http_client(verify=True, trust_env=True, keep_alive=keep_alive),
        new_arm_reader=lambda http: sdk.new_arm_reader(ARM_URL, authentication(), http),
        new_arm=new_arm,
        checked_endpoint=_https_endpoint,
    )


class Once:
    """A value made on first use. Threads that ask meanwhile share the outcome; after a failure the next asker tries."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._future: Future[Any] | None = None

    def get(self) -> Any:
        with self._lock:
            future = self._future
            if future is None:
                mine = self._future = Future()
        if future is not None:
            return future.result()
        try:
            mine.set_result(self._make())
        except BaseException as error:
            with self._lock:
                self._future = None
            mine.set_exception(error)
            raise
        return mine.result()

    @property
    def made(self) -> list[Any]:
        """The value if there is one already."""
        future = self._future
        return [future.result()] if future is not None and future.done() and future.exception() is None else []


class _LazyCredential:
    """DefaultAzureCredential, made when the first token is asked for; a failure proves that nothing was sent."""

    def __init__(self) -> None:
        self._credential = Once(_default_credential)

    def get_token(self, *scopes: str, **options: Any) -> Any:
        return self._asked("get_token", *scopes, **options)

    def get_token_info(self, *scopes: str, **options: Any) -> Any:
        return self._asked("get_token_info", *scopes, **options)

    def _asked(self, method: str, *scopes: str, **options: Any) -> Any:
        try:
            return getattr(self._credential.get(), method)(*scopes, **options)
        except Exception as error:  # whatever a chain of credentials raises, no request was sent without a token
            raise login_error(error) from error


def _default_credential() -> Any:
    with sdk.collector_paused():
        from azure.identity import DefaultAzureCredential
    return DefaultAzureCredential()


def _token_provider(credential: Any) -> Callable[[], str]:
    """Keeps a token until it is about to run out, which not every credential does by itself."""
    with sdk.collector_paused():
        from azure.identity import get_bearer_token_provider
    return get_bearer_token_provider(credential, DATA_SCOPE)


def login_error(error: Exception) -> FtopsError:
    """A token could not be had, so the request it was for was not sent."""
    found = remote_error(error, "signing in to Azure", "read")
    if not isinstance(found, RemoteError):
        return found
    hint = found.hint or "sign in, for example with `az login`, or set the AZURE_* variables of a service principal"
    kind: RemoteKind = "unavailable" if found.kind in ("unavailable", "throttled") else "denied"
    return RemoteError(kind, found.summary, code=found.code, status=found.status, sent=False, hint=hint)


def api_key(account: Account) -> str:
    """The account's key from the environment. Raises RemoteError naming the variable, never showing its value."""
    key = os.environ.get(account.key_env, "").strip() if account.key_env else ""
    if not key:
        where = f"the environment variable {account.key_env} is not set" if account.key_env else "key_env is missing"
        raise RemoteError(
            "denied",
            f"signing in to account {account.alias}: {where}",
            sent=False,
            hint=f"set it to one of the account's two keys, or write `auth: entra` for {account.alias} in ftops.yaml",
        )
    if not key.isascii() or not key.isprintable():
        raise RemoteError(
            "denied",
            f"signing in to account {account.alias}: the value of {account.key_env} cannot be a key",
            sent=False,
            hint="it holds characters that no key has; copy the key again",
        )
    return key


def _https_endpoint(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise RemoteError(
            "rejected",
            f"reading endpoint {shown(endpoint)!r}: it must be an https address of an Azure OpenAI account",
            sent=False,
            hint="write it as https://NAME.openai.azure.com, or leave `endpoint` out: it is read from ARM then",
        )
    return endpoint.rstrip("/")
