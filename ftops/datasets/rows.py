"""Rows: are the lines of a dataset JSON Lines at all? Findings with line and column, never any text of a row.

What a row means (roles, weights, tools) is checked elsewhere; here each line must be one JSON object in valid UTF-8,
and hold the keys of the format that the spec declares, when it declares one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec

from ftops.datasets.confinement import Finding

Format = Literal["chat", "completion", "preference", "reinforcement"]

FINDINGS_MAX = 10
#: Longer lines are refused so that memory stays constant whatever a file holds.
LINE_BYTES_MAX = 64 << 20

_KEYS: Mapping[Format | None, tuple[str, ...]] = {
    None: (),
    "chat": ("messages",),
    "completion": ("prompt", "completion"),
    "preference": ("input", "preferred_output", "non_preferred_output"),
    "reinforcement": ("messages",),
}
_OFFSET = re.compile(r"\(byte (\d+)\)$")
_MISSING = re.compile(r"missing required field `(\w+)`")


class RowChecker:
    """Takes canonical bytes chunk by chunk; counts rows and collects the first findings."""

    def __init__(self, row_format: Format | None = None) -> None:
        self._format = row_format
        self._decode = _decoder(row_format).decode
        self._partial: list[bytes] = []
        self._partial_bytes = 0
        self.rows = 0
        self.findings: list[Finding] = []

    @property
    def full(self) -> bool:
        return len(self.findings) >= FINDINGS_MAX

    def feed(self, chunk: bytes) -> None:
        end = chunk.rfind(b"\n")
        if end < 0:
            self._hold(chunk)
            return
        block = chunk[:end] if not self._partial else b"".join((*self._partial, chunk[:end]))
        self._partial = []
        self._partial_bytes = 0
        self._check(block)
        self._hold(chunk[end + 1 :])

    def _hold(self, rest: bytes) -> None:
        self._partial_bytes += len(rest)
        if self._partial_bytes <= LINE_BYTES_MAX:
            if rest:
                self._partial.append(rest)
        elif not self.full:
            finding = Finding("dataset.line-too-long", "the line is longer than 64 MiB", "", self.rows + 1, 1)
            self.findings = [*self.findings, *[finding] * (FINDINGS_MAX - len(self.findings))]

    def _check(self, block: bytes) -> None:
        lines = block.split(b"\n")
        whole_block_is_text = _is_text(block)
        decode = self._decode
        for line in lines:
            self.rows += 1
            try:
                if not whole_block_is_text:
                    line.decode()
                decode(line)
            except (ValueError, RecursionError) as error:
                if not self.full:
                    self.findings.append(_explain(line, error, self.rows))


@cache
def _decoder(row_format: Format | None) -> Any:
    fields = [(key, msgspec.Raw) for key in _KEYS[row_format]]
    return msgspec.json.Decoder(msgspec.defstruct("Row", fields, gc=False))


def _is_text(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _explain(line: bytes, error: Exception, number: int) -> Finding:
    if isinstance(error, UnicodeDecodeError):
        column = len(line[: error.start].decode()) + 1
        return Finding("dataset.not-utf8", "the row is not valid UTF-8", "save the file as UTF-8", number, column)
    if not line.strip():
        return Finding(
            "dataset.empty-line", "the line is empty", "remove it: JSON Lines has one object a line", number, 1
        )
    if isinstance(error, RecursionError):
        return Finding("dataset.not-json", "the row is nested too deeply", "", number, 1)
    if isinstance(error, msgspec.ValidationError):
        return _explain_shape(str(error), number)
    return _explain_syntax(line, str(error), number)


def _explain_shape(message: str, number: int) -> Finding:
    missing = _MISSING.search(message)
    if missing:
        summary = f"the row has no `{missing.group(1)}`, which its declared format needs"
        return Finding("dataset.wrong-format", summary, "remove `format`, or declare the one the rows have", number, 1)
    return Finding("dataset.not-an-object", "the row is not a JSON object", "each line is one {...} object", number, 1)


def _explain_syntax(line: bytes, message: str, number: int) -> Finding:
    offset = _OFFSET.search(message)
    if offset:
        # msgspec points behind the first trailing character, but at everything else.
        before = int(offset.group(1)) - message.count("trailing characters")
        column = len(line[:before].decode(errors="replace")) + 1
        detail = message.removeprefix("JSON is malformed: ")[: offset.start() - len(message)].strip()
        return Finding("dataset.not-json", f"the row is not valid JSON: {detail}", _hint(line), number, column)
    if _parses_loosely(line):
        return Finding("dataset.not-json", "the row holds an unpaired surrogate escape", "", number, 1)
    column = len(line.decode(errors="replace")) + 1
    return Finding("dataset.not-json", "the row is not valid JSON: it ends too early", _hint(line), number, column)


def _parses_loosely(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _hint(line: bytes) -> str:
    if line.startswith(b"version https://git-lfs"):
        return "this is a Git LFS pointer: run `git lfs pull`"
    if line.strip() in (b"{", b"["):
        return "the file looks pretty-printed: JSON Lines has one whole object on each line"
    return ""
