"""What is in an uploaded training file, judged once while nobody waits.

In: the path of a file. Out: a `Verdict` of counts and, for each training format, the first line that does not fit
it. Verdicts are stored and shown, so they carry line numbers, places and reasons, never anything a row says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from ftops.emulator.row_formats import CHECKS, Unfit, image_count

_BOM: Final = b"\xef\xbb\xbf"
_LINE_BYTES_MAX: Final = 64 * 1024**2
_COLUMNS_MAX: Final = 64
# Tokens an example may have, over all models (contract 3.6).
EXAMPLE_TOKENS: Final = (4_096, 8_192, 16_385, 32_768, 65_536)


@dataclass(frozen=True)
class Fault:
    """The first line that does not fit a format: where and why."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    """What a file holds. `refusal` is why the file itself is no JSON Lines, empty when it is.

    `tokens` is an estimate: a quarter of the characters, and three for every message. `longer` counts the examples
    above each of `EXAMPLE_TOKENS`; `columns` are the names beside `messages` that every row has; `unimported` is
    why the content of an imported file never came.
    """

    refusal: str = ""
    rows: int = 0
    tokens: int = 0
    bom: bool = False
    faults: Mapping[str, Fault] = field(default_factory=dict)
    image_rows: int = 0
    image_line: int = 0
    longer: tuple[int, ...] = (0,) * len(EXAMPLE_TOKENS)
    columns: tuple[str, ...] = ()
    harms: tuple[str, ...] = ()
    imported: bool = False
    unimported: str = ""

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        value = json.loads(text)
        value["faults"] = {shape: Fault(**fault) for shape, fault in value["faults"].items()}
        for name in ("longer", "columns", "harms"):
            value[name] = tuple(value[name])
        return cls(**value)

    def longer_than(self, tokens: int) -> int:
        """How many examples have more tokens than one of `EXAMPLE_TOKENS`."""
        return self.longer[EXAMPLE_TOKENS.index(tokens)]


class _Judge:
    """Collects what the lines of one file amount to."""

    def __init__(self, harm_markers: Mapping[str, str]) -> None:
        self.rows = self.tokens = self.image_rows = self.image_line = 0
        self.faults: dict[str, Fault] = {}
        self.longer = [0] * len(EXAMPLE_TOKENS)
        self.columns: set[str] | None = None
        self.harms: set[str] = set()
        self._markers = {harm: marker.encode() for harm, marker in harm_markers.items() if marker}

    def add(self, row: Mapping[str, object], line: bytes, number: int) -> None:
        tokens = _tokens(row)
        self.rows += 1
        self.tokens += tokens
        if tokens > EXAMPLE_TOKENS[0]:
            self.longer = [count + (tokens > most) for count, most in zip(self.longer, EXAMPLE_TOKENS, strict=True)]
        if b"image_url" in line and image_count(row):
            self.image_rows += 1
            self.image_line = self.image_line or number
        for harm, marker in self._markers.items():
            if marker in line:
                self.harms.add(harm)
        if self.columns is None:
            self.columns = set(row) - {"messages"}
        elif self.columns:
            self.columns &= set(row)
        self._note_faults(row, number)

    def _note_faults(self, row: Mapping[str, object], number: int) -> None:
        for shape, check in CHECKS.items():
            if shape not in self.faults:
                try:
                    check(row)
                except Unfit as unfit:
                    self.faults[shape] = Fault(number, unfit.field, unfit.reason)

    def verdict(self, *, bom: bool) -> Verdict:
        if not self.rows:
            return Verdict(refusal="No valid json line found in file.", bom=bom)
        columns = sorted(name for name in self.columns or () if len(name) <= _COLUMNS_MAX)
        return Verdict(
            rows=self.rows,
            tokens=self.tokens,
            bom=bom,
            faults=self.faults,
            image_rows=self.image_rows,
            image_line=self.image_line,
            longer=tuple(self.longer),
            columns=tuple(columns[:_COLUMNS_MAX]),
            harms=tuple(sorted(self.harms)),
        )


def assess(path: Path, harm_markers: Mapping[str, str] | None = None, *, imported: bool = False) -> Verdict:
    """Judge a training file line by line, in constant memory. `harm_markers`: the phrase that plants each harm."""
    found = _judged(path, _Judge(harm_markers or {}))
    return dataclasses.replace(found, imported=imported)


def _judged(path: Path, judge: _Judge) -> Verdict:
    bom = False
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
                return Verdict(refusal=f"Line {number} {row}.", rows=judge.rows, bom=bom)
            try:
                judge.add(row, line, number)
            except RecursionError:  # just shallow enough to be read, a frame too deep to be looked through
                return Verdict(refusal=f"Line {number} is not valid json.", rows=judge.rows, bom=bom)
    return judge.verdict(bom=bom)


def _parsed(line: bytes) -> dict[str, object] | str:
    if len(line) >= _LINE_BYTES_MAX:
        return "is too long"
    try:
        row = _DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    except (ValueError, RecursionError):
        return "is not valid json"
    return row if isinstance(row, dict) else "is not a json object"


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _tokens(value: object) -> int:
    """A steady estimate: four characters a token and three tokens around every message (contract 3.6)."""
    if isinstance(value, str):
        return 0 if value.startswith("data:") else (len(value) + 3) // 4
    count = 0
    if isinstance(value, dict):
        for name, part in value.items():
            count += 3 if name == "role" else _tokens(part)
    elif isinstance(value, list):
        for part in value:
            count += _tokens(part)
    return count
