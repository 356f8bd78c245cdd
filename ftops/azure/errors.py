"""Errors: every exception of every SDK below, and every unhappy answer, as one RemoteError.

In: an exception or an HTTP answer, what was being done, and what the request would have done. Out: a RemoteError whose
kind is proven, never guessed: a write is `rejected` only on the service's own word and unsent only when no byte can
have left. It must never put a key, a token or a request body into a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from ftops.azure.hints import hint_for
from ftops.azure.redact import SENTENCE_MAX, shown
from ftops.core.errors import FtopsError, RemoteError, RemoteKind

Effect = Literal["read", "write", "pay"]
"""What a request does. `pay` is the one that costs money when it is sent twice: there only proof counts."""

#: ARM refuses a second write while one is running (service contract, section 2.5), or while the account settles.
_BUSY_CODES = frozenset({"requestconflict", "accountprovisioningstateinvalid", "anotheroperationinprogress"})
#: Raised before a byte of the request can have left: by httpx, by httpx2, and by azure-core ("No request was sent").
_UNSENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL"}
    | {"ServiceRequestError", "ServiceRequestTimeoutError"}
)
#: Credentials that could not be had: no request was made with them.
_UNAUTHENTICATED = frozenset({"CredentialUnavailableError", "ClientAuthenticationError", "AuthenticationRequiredError"})


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The part of an error answer that all its shapes share. `by_azure` is false for what anybody's gateway may say."""

    code: str
    message: str
    by_azure: bool = True


@contextmanager
def translated(doing: str, effect: Effect) -> Iterator[None]:
    """Whatever is raised inside leaves as a RemoteError (or as the FtopsError it already was)."""
    try:
        yield
    except FtopsError:
        raise
    except Exception as error:
        raise remote_error(error, doing, effect) from error


@contextmanager
def before_sending(doing: str) -> Iterator[None]:
    """What a request needs before it can be sent: an error inside proves that nothing was."""
    try:
        with translated(doing, "read"):
            yield
    except RemoteError as error:
        error.sent = False
        raise


def remote_error(error: BaseException, doing: str, effect: Effect) -> FtopsError:
    """What an exception proves. An FtopsError found among its causes is returned as it is."""
    chain = tuple(_causes(error))
    for cause in chain:
        if isinstance(cause, FtopsError):
            return cause
    for cause in chain:
        answer = _answer(cause)
        if answer is not None:
            return answer_error(*answer, doing, effect)
    return _without_answer(chain, doing, effect)


def answer_error(status: int, headers: Mapping[str, str], body: str, doing: str, effect: Effect) -> RemoteError:
    """What an HTTP answer other than the expected one proves."""
    parsed = parse_error(body)
    code = parsed.code if parsed else ""
    kind = _kind(status, parsed, effect)
    request_id = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")
    said = parsed.message if parsed and parsed.message else f"an answer without explanation ({_shape(body)})"
    details = [part for part in (code, f"HTTP {status}", request_id and f"request {request_id}") if part]
    return RemoteError(
        kind,
        shown(f"{doing}: {shown(said, length_max=SENTENCE_MAX).rstrip('.')} ({', '.join(details)})"),
        code=shown(code),
        status=status,
        request_id=shown(request_id),
        retry_after_seconds=retry_after_seconds(headers),
        hint=hint_for(kind, status, code, said, effect),
    )


def json_object(status: int, headers: Mapping[str, str], body: str, doing: str, effect: Effect) -> Mapping[str, Any]:
    """The JSON object of a 2xx answer. Whatever else looks like a success is none: a cut body, a sign-in page, a list.
    Raises RemoteError."""
    if not 200 <= status < 300:
        raise answer_error(status, headers, body, doing, effect)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(doing, "the answer is not JSON", effect, status=status) from error
    if not isinstance(document, dict):
        raise unreadable(doing, "the answer is not a JSON object", effect, status=status)
    return document


def unreadable(doing: str, what: str, effect: Effect, *, status: int | None = None) -> RemoteError:
    """A success that cannot be understood: no answer for a read, an open question after a write."""
    kind: RemoteKind = "unavailable" if effect == "read" else "unknown"
    return RemoteError(kind, shown(f"{doing}: {what}"), status=status, hint=hint_for(kind, status, "", "", effect))


def broken_paging(doing: str, why: str) -> RemoteError:
    """A listing whose pages cannot all be had: it is refused as a whole."""
    return RemoteError("unavailable", shown(f"{doing}: broken paging, {why}"), code="broken_paging")


def parse_error(body: str) -> ErrorBody | None:
    """Reads Azure's three error shapes: the data plane's and ARM's `{"error": {…}}`, and the gateway's bare
    `{"statusCode": 401, "message": …}` (service contract, sections 1.3 and 2.5); and the login service's
    `{"error": "…", "error_description": "…"}`. None for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    inner = document.get("error")
    if isinstance(inner, dict):
        return _inner_error(inner)
    if isinstance(inner, str) and inner:
        return ErrorBody(inner, str(document.get("error_description", inner)), by_azure=False)
    if isinstance(document.get("statusCode"), int) and isinstance(document.get("message"), str):
        return ErrorBody(str(document["statusCode"]), document["message"])
    return None


def _inner_error(error: Mapping[str, Any]) -> ErrorBody | None:
    code, message, details = error.get("code"), error.get("message"), error.get("details")
    if code == "InvalidTemplateDeployment" and isinstance(details, list) and details and isinstance(details[0], dict):
        code, message = details[0].get("code", code), details[0].get("message", message)
    if code is None and not isinstance(message, str):
        return None
    return ErrorBody("" if code is None else str(code), message if isinstance(message, str) else "")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the service asks to wait; None when it does not say (a date is not compared with our clock)."""
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


_REQUEST_IDS = ("apim-request-id", "x-ms-request-id", "x-request-id")


def _kind(status: int, parsed: ErrorBody | None, effect: Effect) -> RemoteKind:
    unanswered: RemoteKind = "unavailable" if effect == "read" else "unknown"
    code = parsed.code.lower() if parsed else ""
    if not 400 <= status < 500 or status == 408:
        return unanswered
    if effect == "pay" and (parsed is None or not parsed.by_azure or status == 409):
        return "unknown"
    if code in _BUSY_CODES:
        return "busy"
    if status == 429:
        # A full quota does not empty by waiting a few seconds (service contract, section 1.3).
        return "rejected" if code == "quotaexceeded" else "throttled"
    if status in (401, 403):
        return "denied"
    if status == 404:
        # A proxy's page and the gateway's answer to a route it does not know say nothing about the thing.
        return unanswered if effect == "read" and _no_such_route(parsed) else "missing"
    return "rejected"


def _no_such_route(parsed: ErrorBody | None) -> bool:
    return parsed is None or (parsed.code == "404" and parsed.message.startswith("Resource not found"))


def _without_answer(chain: tuple[BaseException, ...], doing: str, effect: Effect) -> RemoteError:
    names = {base.__name__ for cause in chain for base in type(cause).__mro__}
    unsent = not names.isdisjoint(_UNSENT | _UNAUTHENTICATED)
    kind: RemoteKind
    if not names.isdisjoint(_UNAUTHENTICATED):
        kind = "denied"
    elif effect == "read" or unsent:
        kind = "unavailable"
    else:
        kind = "unknown"
    # The outermost exception of an SDK says "Connection error."; the innermost says why.
    said = next((text for text in map(_sentence, reversed(chain)) if text), "")
    said = f"{said or 'no answer'} ({type(chain[-1]).__name__})"
    hint = hint_for(kind, None, "", said, effect)
    return RemoteError(kind, shown(f"{doing}: {said}"), sent=not unsent, hint=hint)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, outermost first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or getattr(cause, "inner_exception", None)


def _answer(error: BaseException) -> tuple[int, Mapping[str, str], str] | None:
    """The HTTP answer an SDK's exception carries: openai's, azure-core's old and new ones differ a little."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if not isinstance(status, int):
        return None
    headers = {str(name).lower(): str(value) for name, value in dict(getattr(response, "headers", {})).items()}
    return status, headers, _text(response)


def _text(response: Any) -> str:
    try:
        text = response.text
        return str(text() if callable(text) else text)
    except Exception:
        # A body that was cut or never read leaves status and headers, which is what matters.
        return ""


def _sentence(error: BaseException) -> str:
    try:
        return shown(error, length_max=SENTENCE_MAX)
    except Exception:
        # An exception that cannot tell what it is must not hide what it proves.
        return ""


def _shape(body: str) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "an empty body"
    return {"<": "a web page", "{": "JSON of no known shape", "[": "JSON of no known shape"}.get(start, "text")
