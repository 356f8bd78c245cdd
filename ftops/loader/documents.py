"""Document: one YAML file as plain data, with the place of every key and value. It never leaves the loader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ftops.core.address import Address
from ftops.core.diagnostic import Diagnostic, Position, Severity
from ftops.loader.codes import CODES

#: A place: anything with `line` and `column` counted from 0 (PyYAML's marks).
Mark = Any
#: The place of a scalar is a Mark; of a mapping (Mark, {key: (key's Mark, places of the value)}); of a list
#: (Mark, [places]). Plain tuples and marks, because 10,000 resources have 180,000 of them.
Places = Any
Path = Sequence[str | int]

EXCERPT_MAX = 240
#: Whatever follows is not shown: a key where no key belongs, or anything but a name in capitals under `key_env`.
_SECRET = re.compile(
    r"((?i:api_?key|\bkey|sas|token|secret|password|pwd|connection_string)['\"]?\s*[:=]|(?i:sig)=|"
    r"(?:key|sas)_env['\"]?\s*:(?!\s*['\"]?[A-Z_][A-Z0-9_]{0,63}['\"]?\s*(?:[,}#]|$))).*"
)


@dataclass(frozen=True)
class Document:
    """One file. `file` is relative to the project; `problems` are errors that did not stop the reading.

    `nulls` is False when no value is null: then nobody needs to look for forgotten ones.
    """

    file: str
    text: str
    data: Any
    places: Places
    problems: tuple[Diagnostic, ...] = ()
    nulls: bool = True

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def excerpt(self, line: int) -> str:
        """The source line for a caret; nothing when it is too long to show. What looks like a secret is cut off."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return _SECRET.sub(r"\1 …", text) if len(text) <= EXCERPT_MAX else ""

    def marks(self, key: str) -> Mapping[str, tuple[Mark, Places]]:
        """The places of the mapping under a top-level key, key by key."""
        children: Mapping[str, tuple[Mark, Places]] = self.places[1][key][1][1]
        return children

    def position(self, path: Path, *, key: bool = False) -> Position:
        """The place of the value at `path` (of its key, with `key`), or of the last part of the path there is."""
        mark, places = _mark_of(self.places), self.places
        for part in path:
            inner = _inner(places, part)
            if inner is None:
                break
            key_mark, places = inner
            mark = key_mark if key and key_mark is not None else _mark_of(places)
        return Position(self.file, mark.line + 1, mark.column + 1)

    def problem(
        self,
        code: str,
        summary: str,
        path: Path = (),
        *,
        key: bool = False,
        hint: str = "",
        detail: str = "",
        address: Address | None = None,
        severity: Severity = "error",
    ) -> Diagnostic:
        """A Diagnostic placed at `path`, with the line it stands on."""
        position = self.position(path, key=key)
        return diagnostic(
            code,
            summary,
            hint=hint,
            detail=detail,
            address=address,
            severity=severity,
            position=position,
            excerpt=self.excerpt(position.line),
        )


def diagnostic(
    code: str,
    summary: str,
    *,
    hint: str = "",
    detail: str = "",
    address: Address | None = None,
    severity: Severity = "error",
    position: Position | None = None,
    excerpt: str = "",
) -> Diagnostic:
    """A Diagnostic of a known code."""
    assert code in CODES, code
    return Diagnostic(severity, code, summary, detail, hint, address, position, excerpt)


def _mark_of(places: Places) -> Mark:
    return places[0] if type(places) is tuple else places


def _inner(places: Places, part: str | int) -> tuple[Mark | None, Places] | None:
    if type(places) is not tuple:
        return None
    children = places[1]
    if isinstance(children, dict):
        found: tuple[Mark, Places] | None = children.get(part)
        return found
    if isinstance(part, int) and 0 <= part < len(children):
        return None, children[part]
    return None
