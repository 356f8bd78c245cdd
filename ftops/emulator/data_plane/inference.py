"""Inference on deployments: chat completions and completions, deterministic (contract 1.12).

In: a deployment name (in the path on dated routes, in `model` on v1) and messages. Out: an answer that says which
model gave it and echoes the end of the conversation. Every call moves the deployment's idle clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ftops.emulator.catalogue import base_model
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.ids import derived_hex
from ftops.emulator.observed_deployments import ObservedDeployment, find_deployment
from ftops.emulator.routing import DATED, V1, Route
from ftops.emulator.wire_errors import WireError, deployment_not_found, invalid_payload

_ECHO_CHARACTERS: Final = 200
_COMMON: Final = frozenset(
    {
        "model",
        "max_tokens",
        "temperature",
        "top_p",
        "n",
        "stop",
        "stream",
        "stream_options",
        "user",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
    }
)
_CHAT_FIELDS: Final = _COMMON | {
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "max_completion_tokens",
    "top_logprobs",
    "reasoning_effort",
    "metadata",
    "store",
    "service_tier",
}
_COMPLETION_FIELDS: Final = _COMMON | {"prompt", "suffix", "echo", "best_of"}


def _chat(call: Call) -> Answer:
    deployment = _serving(call, completion=False)
    _check_fields(call.fields, _CHAT_FIELDS)
    messages = call.fields.get("messages")
    if not isinstance(messages, list) or not messages or not all(_is_message(one) for one in messages):
        raise invalid_payload("messages must be a list of messages, each with a role.", param="messages")
    said = [_text(message) for message in messages]
    asked = next((_text(one) for one in reversed(messages) if one["role"] == "user"), said[-1])
    reply = f"[{deployment.row['model']}] {asked[:_ECHO_CHARACTERS]}"
    usage = _record_usage(call, deployment, sum(_tokens(text) + 3 for text in said) + 3, _tokens(reply))
    head = _head(call, deployment, "chatcmpl-", reply)
    if call.fields.get("stream") is True:
        return Answer(stream=_chat_stream(head, reply, usage, call.fields))
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "logprobs": None,
        "content_filter_results": _FILTERED,
        "message": {"role": "assistant", "content": reply, "refusal": None},
    }
    return Answer(
        payload={
            **head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage,
            "prompt_filter_results": [_PROMPT_FILTERED],
        }
    )


def _complete(call: Call) -> Answer:
    deployment = _serving(call, completion=True)
    _check_fields(call.fields, _COMPLETION_FIELDS)
    prompt = call.fields.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise invalid_payload("prompt must be a string.", param="prompt")
    if call.fields.get("stream") is True:
        raise invalid_payload("This emulator streams chat completions only.", param="stream")
    reply = f"[{deployment.row['model']}] {prompt[:_ECHO_CHARACTERS]}"
    usage = _record_usage(call, deployment, _tokens(prompt), _tokens(reply))
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "text": reply, "content_filter_results": _FILTERED}
    head = _head(call, deployment, "cmpl-", reply)
    return Answer(
        payload={
            **head,
            "object": "text_completion",
            "choices": [choice],
            "usage": usage,
            "prompt_filter_results": [_PROMPT_FILTERED],
        }
    )


def _serving(call: Call, *, completion: bool) -> ObservedDeployment:
    name = call.names.get("deployment") or call.fields.get("model")
    if not isinstance(name, str) or not name:
        raise invalid_payload("model must name a deployment.", param="model")
    deployment = find_deployment(call, call.home, name)
    if deployment is None or not deployment.served:
        raise deployment_not_found()
    base = base_model(deployment.row["base_model"])
    if base is None or base.completion != completion:
        operation = "completion" if completion else "chatCompletion"
        raise WireError(
            400,
            "OperationNotSupported",
            f"The {operation} operation does not work with the specified"
            " model. Please choose different model and try again.",
        )
    return deployment


def _check_fields(fields: Mapping[str, object], known: frozenset[str]) -> None:
    for name in fields:
        if name not in known:
            raise invalid_payload("Unrecognized request argument supplied.", param=name[:64])


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)
    return content if isinstance(content, str) else ""


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


def _head(call: Call, deployment: ObservedDeployment, prefix: str, reply: str) -> dict[str, object]:
    unique = derived_hex("answer", deployment.row["name"], str(deployment.row["calls"]), reply)
    return {"id": prefix + unique, "created": int(call.now), "model": deployment.row["model"]}


def _record_usage(
    call: Call, deployment: ObservedDeployment, prompt_tokens: int, completion_tokens: int
) -> dict[str, int]:
    call.db.execute(
        "UPDATE deployments SET last_used_at = ?, calls = calls + 1, prompt_tokens = prompt_tokens + ?,"
        " completion_tokens = completion_tokens + ? WHERE serial = ?",
        (call.now, prompt_tokens, completion_tokens, deployment.row["serial"]),
    )
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _chat_stream(
    head: Mapping[str, object], reply: str, usage: Mapping[str, int], fields: Mapping[str, Any]
) -> Iterator[bytes]:
    def chunk(delta: Mapping[str, str], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _sent({**head, "object": "chat.completion.chunk", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""}, None)
    for start in range(0, len(reply), 20):
        yield chunk({"content": reply[start : start + 20]}, None)
    yield chunk({}, "stop")
    options = fields.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        yield _sent({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _sent(event: Mapping[str, object]) -> bytes:
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


_FILTERED: Final = {
    harm: {"filtered": False, "severity": "safe"} for harm in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT_FILTERED: Final = {"prompt_index": 0, "content_filter_results": _FILTERED}
ROUTES: Final = (
    Route("POST", "deployments/{deployment}/chat/completions", _chat, DATED, body="json", writes=True),
    Route("POST", "deployments/{deployment}/completions", _complete, DATED, body="json", writes=True),
    Route("POST", "chat/completions", _chat, V1, body="json", writes=True),
    Route("POST", "completions", _complete, V1, body="json", writes=True),
)
