"""The SDKs: imported on first use, and the one place that knows what differs between their supported versions.

openai 1.109 to 2 speak httpx, 3 speaks httpx2; azure-mgmt-cognitiveservices 13 to 15 disagree about models, so answers
are read as JSON and never through them. Importing them costs more than all else of a small plan: nothing here is loaded
earlier.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from ftops.azure.deferral import deferred

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection inside: thousands of new objects and no garbage would cost a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def openai() -> Any:
    """The openai module. Its types are read when somebody asks for them, which ftops never does."""
    with collector_paused(), deferred("openai.types"):
        import openai
    return openai


@cache
def arm_package() -> Any:
    """The azure.mgmt.cognitiveservices package, and with it what makes up a pipeline."""
    with collector_paused():
        import azure.mgmt.cognitiveservices
    return azure.mgmt.cognitiveservices


def http_response_type() -> Any:
    """The response class of the HTTP library under openai: what `cast_to` takes for the raw answer."""
    return _http_library().Response


def new_http_client(*, verify: Any, trust_env: bool, keep_alive: bool) -> Any:
    """An HTTP client that never follows a redirect: a POST repeated elsewhere could be paid for twice."""
    library = _http_library()
    options: dict[str, Any] = {} if keep_alive else {"limits": library.Limits(max_keepalive_connections=0)}
    return openai().DefaultHttpxClient(
        verify=verify,
        trust_env=trust_env,
        follow_redirects=False,
        timeout=library.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        **options,
    )


def new_data_client(base_url: str, api_version: str, http_client: Any) -> Any:
    """openai's client for one account: AzureOpenAI on a dated api-version, the v1 form else. It never retries.

    Its credential is a placeholder: each request carries its own headers, so that no OPENAI_* or AZURE_OPENAI_*
    variable meant for the user's other programs decides who we are.
    """
    module = openai()
    common = {"api_key": "set per request", "http_client": http_client, "max_retries": 0}
    if api_version == "v1":
        return module.OpenAI(base_url=f"{base_url}/openai/v1", **common)
    return module.AzureOpenAI(azure_endpoint=base_url, api_version=api_version, **common)


def omitted() -> Any:
    """The header value that makes openai leave a header out."""
    return openai().Omit()


def new_arm_client(
    subscription: str, base_url: str, *, credential: Any, authentication: Any, transport: dict[str, Any]
) -> Any:
    """The ARM client with the shortest pipeline: no retries, no redirects, no logging, and no registering of resource
    providers on the side (azure-core would do all of these by default)."""
    package = arm_package()
    from azure.core.pipeline import policies

    pipeline = [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(base_user_agent=f"ftops azure-mgmt-cognitiveservices/{package.__version__}"),
        policies.ContentDecodePolicy(),
        authentication,
        policies.CustomHookPolicy(),
    ]
    return package.CognitiveServicesManagementClient(
        credential,
        subscription,
        base_url=base_url,
        policies=pipeline,
        authentication_policy=authentication,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        **transport,
    )


def new_arm_reader(base_url: str, authentication: Any, http_client: Any) -> Callable[[str], Any]:
    """A function that GETs a URL, or a path of ARM: through azure-core's pipeline, over the data plane's HTTP client.

    The management SDK and the second HTTP library under it take as long to import as all the rest of a small plan, and
    only writes need them.
    """
    with collector_paused():
        import azure.core
        from azure.core.pipeline import Pipeline, policies
        from azure.core.rest import HttpRequest

    transport: Any = _Transport(http_client)
    headers = {"Accept": "application/json", "User-Agent": f"ftops azure-core/{azure.core.__version__}"}
    pipeline = Pipeline[Any, Any](transport, [policies.RequestIdPolicy(), authentication])

    def get(url: str) -> Any:
        address = base_url + url if url.startswith("/") else url
        return pipeline.run(HttpRequest("GET", address, headers=headers)).http_response

    return get


class _Transport:
    """The last step of azure-core's pipeline."""

    def __init__(self, http_client: Any) -> None:
        self._http_client = http_client

    def send(self, request: Any, **_options: Any) -> Any:
        return self._http_client.request(request.method, request.url, headers=dict(request.headers))


def _http_library() -> Any:
    """httpx, or httpx2 from openai 3 on: whichever openai's own client is made of, not whichever is installed."""
    client = openai().DefaultHttpxClient
    return sys.modules[next(base.__module__ for base in client.__mro__ if base.__name__ == "Client")]
