"""Every exception of the SDKs becomes one of our kinds, and no text carries a secret."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import azure.core.exceptions
import openai
import pytest
import requests
from azure.identity import CredentialUnavailableError

from ftops.azure.errors import answer_error, before_sending, parse_error, remote_error, retry_after_seconds, translated
from ftops.azure.redact import shown
from ftops.core.errors import FtopsError, RemoteError, SpecErrors

HTTP = sys.modules[next(c.__module__ for c in openai.DefaultHttpxClient.__mro__ if c.__name__ == "Client")]

UNSENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
    "ServiceRequestError",
    "ServiceRequestTimeoutError",
}
UNAUTHENTICATED = {"ClientAuthenticationError", "CredentialUnavailableError"}


def exceptions_of(module: ModuleType) -> Iterator[type[Exception]]:
    """Every exception class a module shows, and every subclass of those that is loaded."""
    waiting = [c for c in list(vars(module).values()) if inspect.isclass(c) and issubclass(c, Exception)]
    seen: set[type[Exception]] = set()
    while waiting:
        one = waiting.pop()
        if one not in seen and one.__module__.split(".")[0] == module.__name__.split(".")[0]:
            seen.add(one)
            waiting += one.__subclasses__()
    yield from sorted(seen, key=lambda c: c.__qualname__)


CLASSES = [
    pytest.param(one, id=f"{one.__module__}.{one.__name__}")
    for module in (openai, azure.core.exceptions, HTTP, requests.exceptions)
    for one in exceptions_of(module)
] + [pytest.param(CredentialUnavailableError), pytest.param(ValueError), pytest.param(UnicodeDecodeError)]


class Response:
    """What SDK exceptions carry, whichever SDK: enough of a response to be read."""

    reason = "Said"
    request = None

    def __init__(self, status_code: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.status_code = status_code
        self.text = text
        self.headers = headers or {}


def made(kind: type[Exception], **attributes: object) -> Exception:
    """An instance, whatever its constructor wants: only what it is and what it carries counts."""
    error = kind.__new__(kind)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def body(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}})


def test_the_enumeration_sees_the_classes_it_is_about():
    names = {parameter.values[0].__name__ for parameter in CLASSES}

    assert len(CLASSES) > 60
    assert names >= {"APITimeoutError", "RateLimitError", "HttpResponseError", "ServiceResponseError", "ReadError"}


@pytest.mark.parametrize("kind", CLASSES)
def test_an_exception_without_an_answer_leaves_a_write_open_unless_nothing_was_sent(kind: type[Exception]):
    error = remote_error(made(kind), "writing", "write")

    assert isinstance(error, RemoteError)
    names = {base.__name__ for base in kind.__mro__}
    if names & UNAUTHENTICATED:
        assert (error.kind, error.sent) == ("denied", False)
    elif names & UNSENT:
        assert (error.kind, error.sent) == ("unavailable", False)
    else:
        assert (error.kind, error.sent) == ("unknown", True)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_exception_without_an_answer_leaves_a_read_unanswered(kind: type[Exception]):
    error = remote_error(made(kind), "reading", "read")

    assert isinstance(error, RemoteError)
    assert error.kind in ("unavailable", "denied")


@pytest.mark.parametrize("kind", CLASSES)
def test_an_exception_with_an_answer_is_judged_by_the_answer(kind: type[Exception]):
    response = Response(400, '{"error": {"code": "invalidPayload", "message": "No."}}', {"apim-request-id": "r-1"})
    try:
        error = remote_error(made(kind, response=response), "writing file a", "pay")
    except AttributeError:
        pytest.skip("this class cannot carry a response")

    assert isinstance(error, RemoteError)
    assert (error.kind, error.code, error.status, error.request_id) == ("rejected", "invalidPayload", 400, "r-1")
    assert str(error) == "writing file a: No (invalidPayload, HTTP 400, request r-1)"


def test_the_cause_below_an_sdks_wrapper_decides():
    refused = HTTP.ConnectError("[Errno 111] Connection refused")
    wrapped = openai.APIConnectionError(request=HTTP.Request("POST", "http://127.0.0.1/"))
    wrapped.__cause__ = refused

    error = remote_error(wrapped, "creating job a", "pay")

    assert isinstance(error, RemoteError)
    assert (error.kind, error.sent) == ("unavailable", False)
    assert str(error) == "creating job a: [Errno 111] Connection refused (ConnectError)"


@pytest.mark.parametrize(("status", "effect", "kind"), [(400, "pay", "unknown"), (400, "write", "rejected")])
def test_an_answer_whose_body_was_never_read_is_judged_without_it(status: int, effect: Any, kind: str):
    request = HTTP.Request("POST", "http://127.0.0.1/")
    unread = HTTP.Response(status, request=request, content=iter([b'{"error": {"code": "invalidPayload"}}']))

    error = remote_error(openai.APIStatusError("Error", response=unread, body=None), "creating job a", effect)

    assert isinstance(error, RemoteError)
    assert (error.kind, error.status, error.code) == (kind, 400, "")


def test_an_error_of_ours_below_an_sdks_wrapper_comes_out_as_it_went_in():
    changed = SpecErrors([])
    wrapped = openai.APIConnectionError(request=HTTP.Request("POST", "http://127.0.0.1/"))
    wrapped.__cause__ = changed

    with pytest.raises(FtopsError) as caught, translated("uploading a", "write"):
        raise wrapped

    assert caught.value is changed


def test_an_interruption_is_not_an_error():
    with pytest.raises(KeyboardInterrupt), translated("creating job a", "pay"):
        raise KeyboardInterrupt


def test_what_fails_before_sending_is_marked_unsent():
    with pytest.raises(RemoteError) as caught, before_sending("creating job a"):
        raise RemoteError("throttled", "reading account a: slow down")

    assert (caught.value.kind, caught.value.sent) == ("throttled", False)


NO_WORDS = ""
DATED = '{"error": {"code": "conflict", "message": "Taken.", "innererror": {"code": "x"}}}'


@pytest.mark.parametrize(
    ("status", "body", "effect", "kind"),
    [
        (307, NO_WORDS, "read", "unavailable"),
        (307, NO_WORDS, "write", "unknown"),
        (400, NO_WORDS, "write", "rejected"),
        (400, NO_WORDS, "pay", "unknown"),
        (
            400,
            '{"error": {"code": "AccountProvisioningStateInvalid", "message": "in state Accepted"}}',
            "write",
            "busy",
        ),
        (401, NO_WORDS, "read", "denied"),
        (403, NO_WORDS, "write", "denied"),
        (404, DATED, "read", "missing"),
        (404, NO_WORDS, "read", "unavailable"),
        (404, '{"error": {"code": "404", "message": "Resource not found"}}', "read", "unavailable"),
        (404, NO_WORDS, "write", "missing"),
        (408, DATED, "read", "unavailable"),
        (408, DATED, "write", "unknown"),
        (409, '{"error": {"code": "RequestConflict", "message": "busy"}}', "write", "busy"),
        (409, '{"error": {"code": "RequestConflict", "message": "busy"}}', "pay", "unknown"),
        (409, '{"error": {"code": "FlagMustBeSetForRestore", "message": "soft-deleted"}}', "write", "rejected"),
        (409, DATED, "write", "rejected"),
        (429, DATED, "write", "throttled"),
        (429, NO_WORDS, "write", "throttled"),
        (429, NO_WORDS, "pay", "unknown"),
        (429, '{"message": "API rate limit exceeded"}', "pay", "unknown"),
        (403, '{"error": "blocked by policy"}', "pay", "unknown"),
        (403, '{"error": "blocked by policy"}', "read", "denied"),
        (500, DATED, "read", "unavailable"),
        (500, DATED, "write", "unknown"),
        (504, NO_WORDS, "pay", "unknown"),
    ],
)
def test_a_status_means_what_it_proves(status: int, body: str, effect: Any, kind: str):
    assert answer_error(status, {}, body, "doing", effect).kind == kind


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"error":{"code":"invalidPayload","message":"a","target":"b"}}', "invalidPayload", "a"),
        ('{"error":{"code":null,"message":"a","param":null,"type":"error"}}', "", "a"),
        ('{"statusCode":401,"message":"Unauthorized."}', "401", "Unauthorized."),
        ('{"error":"invalid_grant","error_description":"AADSTS70008"}', "invalid_grant", "AADSTS70008"),
        ('{"error":{"code":404}}', "404", ""),
        (
            '{"error":{"code":"InvalidTemplateDeployment","details":[{"code":"InsufficientQuota","message":"a"}]}}',
            "InsufficientQuota",
            "a",
        ),
    ],
)
def test_each_shape_of_an_error_body_is_read(body: str, code: str, message: str):
    parsed = parse_error(body)

    assert parsed is not None
    assert (parsed.code, parsed.message) == (code, message)


@pytest.mark.parametrize(
    "body", ["", "<html>", "null", "[]", "7", "{}", '{"error": null}', '{"error": {}}', '{"a": 1}']
)
def test_what_is_no_error_body_is_not_read_as_one(body: str):
    assert parse_error(body) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_the_wait_a_service_asks_for_is_read(headers: dict[str, str], seconds: float | None):
    assert retry_after_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (
            403,
            '{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}',
            "networking",
        ),
        (401, '{"error":{"code":"PermissionDenied","message":"no"}}', "Cognitive Services OpenAI Contributor"),
        (403, '{"error":{"code":"AuthorizationFailed","message":"no"}}', "Reader"),
        (401, '{"error":{"code":"401","message":"Access denied due to invalid subscription key"}}', "key_env"),
        (403, '{"error":{"code":"AuthenticationTypeDisabled","message":"off"}}', "auth: entra"),
        (404, '{"error":{"code":"404","message":"Resource not found"}}', "endpoint"),
        (401, "", "az login"),
    ],
)
def test_people_are_told_what_to_do(status: int, body: str, hint: str):
    assert hint in answer_error(status, {}, body, "listing", "read").hint


SECRETS = [
    "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl",
    "Bearer abcDEF123-_456",
    "https://a.blob.core.windows.net/c/b.jsonl?sv=2024&sig=aBc%2Bd%3D&se=2026",
    "Incorrect API key provided: 0123456789abcdef0123456789abcdef.",
    '{"api-key": "0123456789abcdef0123456789abcdef"}',
    "api_key=0123456789abcdef0123456789abcdef",
    "AccountKey=0123456789abcdef0123456789abcdef;EndpointSuffix=x",
    "authorization: Basic 0123456789abcdef0123456789abcdef",
    "client_secret=0123456789abcdef0123456789abcdef",
    "sk-0123456789abcdef0123456789abcdef",
]
PARTS = ("c2lnbmF0dXJl", "abcDEF123", "aBc%2Bd", "0123456789abcdef")


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_survives_in_an_error(text: str):
    error = answer_error(400, {}, body("a", text), f"doing {text}", "write")

    for said in (str(error), error.hint, error.code, repr(error), shown(text)):
        assert not any(part in said for part in PARTS)


def test_ids_and_reasons_survive_redaction():
    text = "ftjob-0123456789abcdef0123456789abcdef of account main: code=InsufficientQuota, 3 tokens per key"

    assert shown(text) == text


def test_a_text_becomes_one_line_of_bounded_length_that_keeps_the_request_id():
    error = answer_error(400, {"apim-request-id": "r-1"}, body("c", "a\n" * 4000), "doing", "write")

    assert len(str(error)) <= 600
    assert "\n" not in str(error)
    assert str(error).endswith("(c, HTTP 400, request r-1)")
