"""Scalars: what a plain YAML scalar means, close to YAML 1.2's core schema. Text in, a plain Python value out.

Only true, false, null and decimal numbers mean something else than themselves. `no`, `014`, `1_000`, `0x1F`, `.inf`,
`12:30:00` and dates stay what the author typed.
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_MAY_START_A_NUMBER = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DIGITS_MAX = 24
_INTEGER_MAX = 2**63 - 1


class NumberTooLarge(ValueError):
    """A plain number that does not fit into 64 bits."""


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar. Raises NumberTooLarge."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_START_A_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        if len(text) > _DIGITS_MAX or abs(int(text)) > _INTEGER_MAX:
            raise NumberTooLarge(text[:_DIGITS_MAX])
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise NumberTooLarge(text[:_DIGITS_MAX])
        return number
    return text
