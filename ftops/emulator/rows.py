"""What is in an uploaded training file, judged once while nobody waits.

In: the path of a file. Out: a `Verdict` of counts and, for each training format, the first row that does not fit
it. Verdicts are stored and shown, so they carry row numbers and reasons, never anything a row says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

_BOM: Final = b"\xef\xbb\xbf"
_LINE_BYTES_MAX: Final = 64 * 1024**2
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_CHAT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_INPUT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls"})

CHAT: Final = "chat"
COMPLETION: Final = "completion"
PREFERENCE: Final = "preference"
PROMPTS: Final = "prompts"  # reinforcement: messages that end with the user


@dataclass(frozen=True)
class Verdict:
    """What a file holds. `refusal` is why the file itself is no JSON Lines, empty when it is."""

    refusal: str = ""
    rows: int = 0
    tokens: int = 0
    bom: bool = False
    faults: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(
            {
                "refusal": self.refusal,
                "rows": self.rows,
                "tokens": self.tokens,
                "bom": self.bom,
                "faults": {shape: list(fault) for shape, fault in self.faults.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        value = json.loads(text)
        faults = {shape: (int(row), str(reason)) for shape, (row, reason) in value["faults"].items()}
        return cls(value["refusal"], value["rows"], value["tokens"], value["bom"], faults)


class _Unfit(Exception):
    """A row does not fit a format; the text is the reason."""


def assess(path: Path) -> Verdict:
    """Judge a training file line by line, in constant memory."""
    rows = tokens = 0
    bom = False
    faults: dict[str, tuple[int, str]] = {}
    with path.open("rb") as content:
        number = 0
        while line := content.readline(_LINE_BYTES_MAX):
            number += 1
            if number == 1 and line.startswith(_BOM):
                bom, line = True, line[len(_BOM) :]
            if not line.strip():
                continue
            row = _parsed(line)
            if isinstance(row, str):
                return Verdict(refusal=f"Line {number} {row}.", rows=rows, bom=bom)
            rows += 1
            tokens += _tokens(row)
            _note_faults(row, rows, faults)
    if not rows:
        return Verdict(refusal="No valid json line found in file.", bom=bom)
    return Verdict(rows=rows, tokens=tokens, bom=bom, faults=faults)


def _parsed(line: bytes) -> dict[str, object] | str:
    if len(line) >= _LINE_BYTES_MAX:
        return "is too long"
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    except (ValueError, RecursionError):
        return "is not valid json"
    return row if isinstance(row, dict) else "is not a json object"


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _tokens(value: object) -> int:
    """A steady estimate: four characters a token and three tokens around every message (contract 3.6)."""
    if isinstance(value, str):
        return 0 if value.startswith("data:") else (len(value) + 3) // 4
    if isinstance(value, list):
        return sum(map(_tokens, value))
    if isinstance(value, dict):
        spoken = (part for name, part in value.items() if name != "role")
        return (3 if "role" in value else 0) + sum(map(_tokens, spoken))
    return 0


def _note_faults(row: Mapping[str, object], number: int, faults: dict[str, tuple[int, str]]) -> None:
    for shape, check in _CHECKS.items():
        if shape not in faults:
            try:
                check(row)
            except _Unfit as unfit:
                faults[shape] = (number, str(unfit))


def _chat(row: Mapping[str, object]) -> None:
    _only(row, _CHAT_KEYS)
    roles = _roles(row.get("messages"))
    if "user" not in roles or "assistant" not in roles:
        raise _Unfit("messages need at least one user and one assistant message")
    if roles[-1] != "assistant":
        raise _Unfit("the last message must be from the assistant")


def _prompts(row: Mapping[str, object]) -> None:
    if _roles(row.get("messages"))[-1] != "user":
        raise _Unfit("the last message must be from the user")


def _completion(row: Mapping[str, object]) -> None:
    keys = set(row)
    if keys not in ({"prompt", "completion"}, {"context", "completion"}):
        raise _Unfit('each line\'s json may only contain two properties: ("context" or "prompt") and "completion"')
    if not all(isinstance(value, str) for value in row.values()) or not (row.get("prompt") or row.get("context")):
        raise _Unfit("prompt and completion must be strings and the prompt must not be empty")


def _preference(row: Mapping[str, object]) -> None:
    if set(row) != {"input", "preferred_output", "non_preferred_output"}:
        raise _Unfit("a row needs exactly input, preferred_output and non_preferred_output")
    given = row["input"]
    if not isinstance(given, dict):
        raise _Unfit("input must be an object with messages")
    _only(given, _INPUT_KEYS)
    _roles(given.get("messages"))
    for name in ("preferred_output", "non_preferred_output"):
        roles = _roles(row[name], name)
        if "assistant" not in roles or set(roles) - {"assistant", "tool"}:
            raise _Unfit(f"{name} may only hold assistant and tool messages, at least one of the assistant")


def _only(row: Mapping[str, object], keys: Iterable[str]) -> None:
    if set(row) - set(keys):
        raise _Unfit("there is a property the format does not have")


def _roles(messages: object, name: str = "messages") -> list[str]:
    if not isinstance(messages, list) or not messages:
        raise _Unfit(f"{name} must be a list that is not empty")
    return [_role(message) for message in messages]


def _role(message: object) -> str:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role not in _ROLES:
        raise _Unfit("a message has no role or an unknown one")
    content = message.get("content")
    calls = "tool_calls" in message or "function_call" in message
    if content is None and not (role == "assistant" and calls):
        raise _Unfit("a message has no content")
    if content is not None and not isinstance(content, (str, list)):
        raise _Unfit("a message has content that is neither text nor a list of parts")
    if isinstance(content, list) and not all(_is_part(part, role) for part in content):
        raise _Unfit("a message has a content part that is not usable")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise _Unfit("a tool message has no tool_call_id")
    if "weight" in message and (role != "assistant" or message["weight"] not in (0, 1)):
        raise _Unfit("weight may only be 0 or 1 and only stand on assistant messages")
    return role


def _is_part(part: object, role: str) -> bool:
    if not isinstance(part, dict):
        return False
    if part.get("type") == "text":
        return isinstance(part.get("text"), str)
    image = part.get("image_url")
    return role == "user" and part.get("type") == "image_url" and isinstance(image, dict) and "url" in image


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, object]], None]]] = {
    CHAT: _chat,
    COMPLETION: _completion,
    PREFERENCE: _preference,
    PROMPTS: _prompts,
}
