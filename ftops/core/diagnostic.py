"""Diagnostics: everything ftops has to say about what people wrote, as values with a place and a hint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ftops.core.address import Address

Severity = Literal["error", "warning"]


class Position(NamedTuple):
    """A place in a text file. Lines and columns count from 1; the file is relative to the project."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a line, an optional paragraph, an optional hint, a code that is documented and stable.

    `excerpt` is the source line at `position` (for the caret); it never enters JSON, plans or digests.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    address: Address | None = None
    position: Position | None = None
    excerpt: str = field(default="", compare=False)

    def sort_key(self) -> tuple[str, int, int, str, str]:
        file, line, column = self.position or ("", 0, 0)
        return (file, line, column, self.code, self.summary)
