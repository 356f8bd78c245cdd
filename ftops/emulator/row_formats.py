"""The training formats, one check each: what a row must look like to be trained on (contract 3.2 to 3.5).

In: a parsed row. Out: nothing when it fits, `Unfit` naming the field and the reason when it does not. A field is
named by its place (`messages[2].content`), a reason is ours: neither ever carries what the row says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

CHAT: Final = "chat"
COMPLETION: Final = "completion"
PREFERENCE: Final = "preference"
PROMPTS: Final = "prompts"  # reinforcement: messages that end with the user

_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_PLAIN_ROLES: Final = _ROLES - {"tool"}
_CHAT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_INPUT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls"})
_OUTPUTS: Final = ("preferred_output", "non_preferred_output")
_DETAILS: Final = frozenset({"low", "high", "auto"})
_IMAGE_STARTS: Final = tuple(f"data:image/{kind};base64," for kind in ("jpeg", "png", "webp"))
_IMAGES_MAX: Final = 64
_IMAGE_BYTES_MAX: Final = 10 * 1024**2


class Unfit(Exception):
    """A row does not fit a format."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _chat(row: Mapping[str, object]) -> None:
    _only(row, _CHAT_KEYS, "row")
    roles = _roles(row.get("messages"), "messages")
    _tooling(row, "")
    if "user" not in roles or "assistant" not in roles:
        raise Unfit("messages", "at least one user and one assistant message are needed")
    if roles[-1] != "assistant":
        raise Unfit(f"messages[{len(roles) - 1}].role", "the last message must be from the assistant")


def _prompts(row: Mapping[str, object]) -> None:
    roles = _roles(row.get("messages"), "messages")
    if roles[-1] != "user":
        raise Unfit(f"messages[{len(roles) - 1}].role", "the last message must be from the user")


def _completion(row: Mapping[str, object]) -> None:
    if set(row) not in ({"prompt", "completion"}, {"context", "completion"}):
        raise Unfit(
            "row", 'each line\'s json may only contain two properties: ("context" or "prompt") and "completion"'
        )
    for name, value in row.items():
        if not isinstance(value, str):
            raise Unfit(name, "it must be a string")
        if not value and name != "completion":
            raise Unfit(name, "it must not be empty")


def _preference(row: Mapping[str, object]) -> None:
    if set(row) != {"input", *_OUTPUTS}:
        raise Unfit("row", "exactly input, preferred_output and non_preferred_output are needed")
    given = row["input"]
    if not isinstance(given, dict):
        raise Unfit("input", "it must be an object with messages")
    _only(given, _INPUT_KEYS, "input")
    _roles(given.get("messages"), "input.messages")
    _tooling(given, "input.")
    for name in _OUTPUTS:
        roles = _roles(row[name], name)
        if "assistant" not in roles or set(roles) - {"assistant", "tool"}:
            raise Unfit(name, "only assistant and tool messages are allowed, at least one of the assistant")


CHECKS: Final[Mapping[str, Callable[[Mapping[str, object]], None]]] = {
    CHAT: _chat,
    COMPLETION: _completion,
    PREFERENCE: _preference,
    PROMPTS: _prompts,
}


def image_count(row: Mapping[str, object]) -> int:
    """How many images a row shows the model."""
    given = row.get("input")
    messages = row.get("messages") or (given.get("messages") if isinstance(given, dict) else None)
    count = 0
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            count += sum(1 for part in content if isinstance(part, dict) and part.get("type") == "image_url")
    return count


def _only(row: Mapping[str, object], keys: Iterable[str], place: str) -> None:
    if set(row) - set(keys):
        raise Unfit(place, "there is a property the format does not have")


def _tooling(row: Mapping[str, object], place: str) -> None:
    if len(row) == 1:
        return
    for index, tool in enumerate(_list_or_none(row, "tools", place)):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict) or not _text(function.get("name")):
            raise Unfit(f"{place}tools[{index}]", "a tool needs type function and a function with a name")
    for index, function in enumerate(_list_or_none(row, "functions", place)):
        if not isinstance(function, dict) or not _text(function.get("name")):
            raise Unfit(f"{place}functions[{index}]", "a function needs a name")
    if not isinstance(row.get("parallel_tool_calls", True), bool):
        raise Unfit(f"{place}parallel_tool_calls", "it must be true or false")


def _list_or_none(row: Mapping[str, object], name: str, place: str) -> list[object]:
    value = row.get(name)
    if value is not None and not isinstance(value, list):
        raise Unfit(f"{place}{name}", "it must be a list")
    return value or []


def _roles(messages: object, place: str) -> list[str]:
    if not isinstance(messages, list) or not messages:
        raise Unfit(place, "it must be a list that is not empty")
    roles = [_plain_role(message) or _role(message, f"{place}[{index}]") for index, message in enumerate(messages)]
    if image_count({"messages": messages}) > _IMAGES_MAX:
        raise Unfit(place, f"an example may have {_IMAGES_MAX} images at most")
    return roles


def _plain_role(message: object) -> str:
    """The role of a message that is nothing but a role and text, as most are; empty for any other."""
    if type(message) is not dict or len(message) != 2 or type(message.get("content")) is not str:
        return ""
    role = message.get("role")
    return role if type(role) is str and role in _PLAIN_ROLES else ""


def _role(message: object, place: str) -> str:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role not in _ROLES:
        raise Unfit(f"{place}.role", "a message has no role or an unknown one")
    _calls(message, role, place)
    _content(message, role, place)
    if role == "tool" and not _text(message.get("tool_call_id")):
        raise Unfit(f"{place}.tool_call_id", "a tool message needs it")
    if not isinstance(message.get("name", ""), str):
        raise Unfit(f"{place}.name", "it must be a string")
    weight = message.get("weight", 1)
    if "weight" in message and (role != "assistant" or isinstance(weight, bool) or weight not in (0, 1)):
        raise Unfit(f"{place}.weight", "it may only be 0 or 1 and only stand on assistant messages")
    return role


def _calls(message: Mapping[str, object], role: str, place: str) -> None:
    calls = message.get("tool_calls")
    if calls is not None and (role != "assistant" or not isinstance(calls, list) or not calls):
        raise Unfit(f"{place}.tool_calls", "it must be a list that is not empty, on an assistant message")
    for index, call in enumerate(calls if isinstance(calls, list) else ()):
        usable = isinstance(call, dict) and call.get("type") == "function" and _text(call.get("id"))
        if not usable or not _is_call(call.get("function")):
            raise Unfit(
                f"{place}.tool_calls[{index}]", "it needs id, type function, and a function with name and arguments"
            )
    call = message.get("function_call")
    if call is not None and (role != "assistant" or not _is_call(call)):
        raise Unfit(f"{place}.function_call", "it needs name and arguments, on an assistant message")


def _is_call(value: object) -> bool:
    return isinstance(value, dict) and _text(value.get("name")) and isinstance(value.get("arguments"), str)


def _content(message: Mapping[str, object], role: str, place: str) -> None:
    content = message.get("content")
    if content is None:
        if role == "assistant" and (message.get("tool_calls") or message.get("function_call")):
            return
        raise Unfit(f"{place}.content", "a message has no content")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise Unfit(f"{place}.content", "it is neither text nor a list of parts")
    for index, part in enumerate(content):
        _part(part, role, f"{place}.content[{index}]")


def _part(part: object, role: str, place: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in ("text", "image_url"):
        raise Unfit(f"{place}.type", "a part must be of type text or image_url")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise Unfit(f"{place}.text", "it must be a string")
        return
    if role != "user":
        raise Unfit(place, "only user messages may hold images")
    image = part.get("image_url")
    if not isinstance(image, dict) or not _is_image(image.get("url")):
        raise Unfit(f"{place}.image_url.url", "it must be an https address or a base64 JPEG, PNG or WEBP of 10 MB")
    if image.get("detail", "auto") not in _DETAILS:
        raise Unfit(f"{place}.image_url.detail", "it must be low, high or auto")


def _is_image(url: object) -> bool:
    if not isinstance(url, str):
        return False
    return url.startswith("https://") or (url.startswith(_IMAGE_STARTS) and len(url) * 3 // 4 <= _IMAGE_BYTES_MAX)


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
