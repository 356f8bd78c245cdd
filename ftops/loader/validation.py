"""Validation: pydantic's errors become Diagnostics with a place, in our words. Never shows a value that was written.

A location is walked down the data; parts of it that are not in the data are tags of unions. Several errors at one place
(the branches of a union) become one.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ftops.core.address import Address
from ftops.core.diagnostic import Diagnostic
from ftops.kinds.strict import PATTERN_WORDS
from ftops.loader.documents import Document
from ftops.loader.suggestions import Suggester

Path = tuple[str | int, ...]
#: The address and the name of the entry that a path lies in, and how many parts of the path lead to the entry.
Naming = Callable[[Path], tuple[Address | None, int]]

_TYPES: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}
_RULES: Mapping[str, str] = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:.0f}",
    "string_too_long": "at most {max_length} characters long",
    "string_too_short": "non-empty",
    "too_short": "non-empty",
}
_FOUND: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number with a decimal point",
    dict: "a mapping",
    list: "a list",
    type(None): "empty",
}
_QUOTED = re.compile(r"'([^']*)'")
_YES_NO = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What was validated: the document, the path of the validated data in it, its type, and how to name places."""

    document: Document
    prefix: Path
    annotation: Any
    naming: Naming
    suggester: Suggester


@dataclass(frozen=True, slots=True)
class Explained:
    """What was wrong with some data. `intended` are the keys that unknown keys were probably meant to be, `wrong` the
    places of wrong values: further rules need not mention either."""

    problems: tuple[Diagnostic, ...] = ()
    intended: frozenset[Path] = frozenset()
    wrong: frozenset[Path] = frozenset()


def explain(error: ValidationError, shape: Shape) -> Explained:
    """One Diagnostic for each place that is wrong."""
    groups: dict[Path, list[Mapping[str, Any]]] = {}
    missing: list[Path] = []
    unknown: list[Path] = []
    for item in error.errors(include_url=False, include_input=False):
        path, value = _walk(shape, item["loc"])
        if item["type"] == "missing":
            missing.append((*path, item["loc"][-1]))
        elif item["type"] == "extra_forbidden":
            unknown.append(path)
        elif value is not None or not isinstance(path[-1], str):  # `forgotten` finds the others
            groups.setdefault(path, []).append(item)
    meant = {path: _meant(shape, path) for path in unknown}
    intended = frozenset((*path[:-1], suggestion) for path, suggestion in meant.items() if suggestion)
    problems = (
        *(_unknown(shape, path, meant[path]) for path in unknown),
        *(_missing(shape, path) for path in missing if path not in intended),
        *(_wrong(shape, path, items) for path, items in groups.items()),
    )
    return Explained(problems, intended, frozenset(groups))


def forgotten(prefix: Path, data: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of all keys that have nothing after their colon: mostly a forgotten value, never a meaning."""
    for key, value in data.items():
        if value is None:
            yield (*prefix, key)
        elif type(value) is dict:
            yield from forgotten((*prefix, key), value)


def empty_value(document: Document, path: Path, naming: Naming) -> Diagnostic:
    address, depth = naming(path)
    summary = f"`{_dotted(path[depth:])}` has no value" if path[depth:] else "the entry is empty"
    hint = "write a value, or remove the key"
    return document.problem("spec.empty-value", summary, path, key=True, hint=hint, address=address)


def _walk(shape: Shape, location: tuple[str | int, ...]) -> tuple[Path, Any]:
    data = shape.document.data
    for part in shape.prefix:
        data = data[part]
    path = shape.prefix
    for part in location:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if not inside:
            continue
        data = data[part]
        path = (*path, part)
    return path, data


def _meant(shape: Shape, path: Path) -> str | None:
    known = _keys(shape.annotation, path[len(shape.prefix) : -1])
    return None if path[-1] in known else shape.suggester.closest(str(path[-1]), known)


def _unknown(shape: Shape, path: Path, suggestion: str | None) -> Diagnostic:
    address, depth = shape.naming(path)
    inside = path[len(shape.prefix) : -1]
    known = _keys(shape.annotation, inside)
    name = str(path[-1])
    home = next((key for key in known if name in _keys(shape.annotation, (*inside, key))), None)
    if name in known:
        hint = "it does not go together with the keys beside it"
    elif home:
        hint = f"it belongs under `{home}`"
    elif suggestion and suggestion in _walk(shape, inside)[1]:
        hint = f"`{suggestion}` is there already: remove one of them"
    elif suggestion:
        hint = f"did you mean `{suggestion}`?"
    else:
        hint = "known keys: " + ", ".join(known) if len(known) <= 12 else ""
    return shape.document.problem(
        "spec.unknown-key", f"unknown key `{_dotted(path[depth:])}`", path, key=True, hint=hint, address=address
    )


def _missing(shape: Shape, path: Path) -> Diagnostic:
    address, depth = shape.naming(path)
    return shape.document.problem(
        "spec.missing-key", f"the key `{_dotted(path[depth:])}` is missing", path[:-1], address=address
    )


def _wrong(shape: Shape, path: Path, items: list[Mapping[str, Any]]) -> Diagnostic:
    address, depth = shape.naming(path)
    value = _walk(shape, path[len(shape.prefix) :])[1]
    name = f"`{_dotted(path[depth:])}`" if path[depth:] else "the entry" if address else "this"
    choices = [choice for item in items for choice in _choices(item)]
    rules = [words for item in items if (words := _rule(item))]
    wanted = list(dict.fromkeys([_TYPES[item["type"]] for item in items if item["type"] in _TYPES]))
    wanted += rules
    wanted += [f"`{choice}`" for choice in choices] if len(choices) < 2 else ["one of " + _listed(choices)]
    right_type = bool(rules) or (bool(choices) and type(value) is str)
    found = "" if right_type else f", not {_found(value)}"
    return shape.document.problem(
        "spec.value" if right_type else "spec.type",
        f"{name} must be {' or '.join(wanted) or 'something else'}{found}",
        path,
        hint=_hint(shape, items, value, choices),
        address=address,
    )


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return _FOUND.get(type(value), "this")


def _rule(item: Mapping[str, Any]) -> str:
    context = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        return PATTERN_WORDS[context["pattern"]]
    return _RULES.get(item["type"], "").format(**context)


def _choices(item: Mapping[str, Any]) -> list[str]:
    if item["type"] != "literal_error":
        return []
    expected = item["ctx"]["expected"]
    return _QUOTED.findall(expected) or [expected.lower()]


def _hint(shape: Shape, items: list[Mapping[str, Any]], value: Any, choices: list[str]) -> str:
    kinds = {item["type"] for item in items}
    if type(value) is str:
        close = shape.suggester.closest(value, choices) if choices else None
        if close:
            return f"did you mean `{close}`?"
        if "bool_type" in kinds and value.casefold() in _YES_NO:
            return "YAML 1.2 knows only true and false, without quotes"
        if kinds & {"int_type", "float_type"} and any(character.isdigit() for character in value):
            return "write plain digits: no quotes, underscores or leading zeros"
    elif "string_type" in kinds and not choices and isinstance(value, bool | int | float):
        return "put quotes around it"
    return ""


def _keys(annotation: Any, path: Path) -> tuple[str, ...]:
    """The keys that may stand in the mapping at `path` below a value of this type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        if not path:
            return tuple(fields)
        field = fields.get(str(path[0]))
        return _keys(field.annotation, path[1:]) if field else ()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _keys(arguments[0], path)
    if origin is Union or origin is types.UnionType:
        return tuple(dict.fromkeys(key for argument in arguments for key in _keys(argument, path)))
    if origin in (dict, list) and path:
        return _keys(arguments[-1], path[1:])
    return ()


def _dotted(parts: typing.Iterable[str | int]) -> str:
    text = ".".join(str(part) for part in parts)
    return text if len(text) <= 100 else text[:99] + "…"


def _listed(choices: list[str]) -> str:
    return ", ".join(f"`{choice}`" for choice in choices)
