"""Asking a deployment one question, to see that it serves what it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ftops.azure.data_plane import DataPlane, segment
from ftops.azure.errors import unreadable
from ftops.azure.redact import shown

#: Models that complete text and do not chat (service contract, section 1.12).
_COMPLETION_MODELS = ("babbage-002", "davinci-002")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a deployment said, and the model that said it."""

    text: str
    model: str


def ask(plane: DataPlane, deployment: str, model_name: str, prompt: str) -> Answer:
    """One question, one answer. Raises RemoteError; `missing` also for up to five minutes after a create."""
    doing = f"asking deployment {deployment} of account {plane.alias}"
    segment(deployment)
    if model_name.startswith(_COMPLETION_MODELS):
        document = plane.ask(doing, "/completions", {"model": deployment, "prompt": prompt})
    else:
        messages = [{"role": "user", "content": prompt}]
        document = plane.ask(doing, "/chat/completions", {"model": deployment, "messages": messages})
    text = _text(document)
    if text is None:
        raise unreadable(doing, "the answer holds no text", "read")
    return Answer(text, shown(document.get("model") or model_name))


def _text(document: Any) -> str | None:
    try:
        choice = document["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
    except (KeyError, IndexError, TypeError):
        return None
    return text if isinstance(text, str) else None
