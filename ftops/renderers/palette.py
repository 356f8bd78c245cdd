"""Colours, from a table of our own. In: a role and a text. Out: the text, painted or not.

Colour never carries meaning alone: every painted text is or stands beside a word that says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "create",
    "update",
    "replace",
    "delete",
    "adopt",
    "wait",
    "blocked",
    "forget",
    "keep",
    "error",
    "warning",
    "strong",
    "faint",
    "good",
]

_RESET = "\x1b[0m"
_CODES: dict[Role, str] = {
    "create": "\x1b[32m",
    "update": "\x1b[33m",
    "replace": "\x1b[35m",
    "delete": "\x1b[31m",
    "adopt": "\x1b[36m",
    "wait": "\x1b[34m",
    "blocked": "\x1b[1;31m",
    "forget": "\x1b[2m",
    "keep": "\x1b[2m",
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "strong": "\x1b[1m",
    "faint": "\x1b[2m",
    "good": "\x1b[32m",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints when `enabled`; otherwise gives every text back as it is."""

    enabled: bool = False

    def paint(self, role: Role, text: str) -> str:
        return f"{_CODES[role]}{text}{_RESET}" if self.enabled and text else text


PLAIN = Palette()
