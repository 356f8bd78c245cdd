"""Entries: what one line of the ledger says, and how it is written and read. Pure.

A line is eight hex digits of CRC-32, a space, one JSON object and a newline. Reading is strict: a byte that is not as
it was written is never accepted. Nothing secret and no training row is ever in an entry: only ids, hashes and names.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn, TypeVar

FORMAT = "ftops.ledger/1"
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Born:
    """The first line. `nothing_in_flight`: a human stated it, so the horizon need not pass before paying."""

    TYPE = "born"
    format: str
    lineage: str
    nothing_in_flight: bool


@dataclass(frozen=True, slots=True)
class Compacted:
    """The first line of a ledger that had become long: it stands for all entries up to its own number.

    `born` null is the past. `crcs` holds their checksums one after another, so that going backwards is still noticed.
    `jobs` are rows as JobRow, `entries` as Held, `intents` the times of those that may have cost money, by nonce.
    """

    TYPE = "compacted"
    format: str
    lineage: str
    born: float | None
    crcs: str
    jobs: Sequence[Mapping[str, Any]]
    entries: Sequence[Mapping[str, Any]]
    intents: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRow:
    """What became of a token, within Compacted; `at` is the time of its intent."""

    arm_id: str
    token: str
    outcome: str
    nonce: str
    at: float
    address: str
    job_id: str | None
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The ledger was damaged or went backwards: from here on it is as young as if it were born now."""

    TYPE = "quarantined"
    why: str


@dataclass(frozen=True, slots=True)
class Intent:
    """One paid request is about to be sent. Durable before the first byte leaves."""

    TYPE = "intent"
    arm_id: str
    token: str
    nonce: str
    address: str
    run: str
    host: str
    request: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an intent: `done` with the job's id, or `rejected` with the service's code."""

    TYPE = "settled"
    arm_id: str
    token: str
    nonce: str
    outcome: str
    job_id: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """A job found in Azure is the one for this token; nothing was paid for it now."""

    TYPE = "adopted"
    arm_id: str
    token: str
    job_id: str
    address: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Swept:
    """A later job with the same token was cancelled in favour of the oldest one."""

    TYPE = "swept"
    arm_id: str
    token: str
    kept: str
    cancelled: str


@dataclass(frozen=True, slots=True)
class Held:
    """What an entry of the specs now has in an account."""

    TYPE = "entry"
    project: str
    environment: str
    arm_id: str
    address: str
    token: str | None
    file_name: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Forgot:
    """An entry left the specs (or what it had was deleted)."""

    TYPE = "forgot"
    project: str
    environment: str
    arm_id: str
    address: str


Entry = Born | Compacted | Quarantined | Intent | Settled | Adopted | Swept | Held | Forgot
_TYPES: Mapping[str, type[Entry]] = {
    kind.TYPE: kind for kind in (Born, Compacted, Quarantined, Intent, Settled, Adopted, Swept, Held, Forgot)
}

_FITS: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "str | None": lambda value: value is None or isinstance(value, str),
    "float": lambda value: _finite(value),
    "float | None": lambda value: value is None or _finite(value),
    "Mapping[str, Any]": lambda value: isinstance(value, dict),
    "Sequence[Mapping[str, Any]]": lambda value: (
        isinstance(value, list) and all(isinstance(row, dict) for row in value)
    ),
}


class UnknownEntry(ValueError):
    """An undamaged line of a type this version does not know: written by a newer ftops."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry with its number (from 1, without gaps) and its time on the store's clock."""

    seq: int
    at: float
    entry: Entry
    crc: str = ""


def encode(seq: int, at: float, entry: Entry) -> bytes:
    """One line, newline included. ASCII only, so that no text from the service can break the file."""
    body: dict[str, Any] = {"seq": seq, "at": at, "type": entry.TYPE}
    body |= {field.name: getattr(entry, field.name) for field in fields(entry)}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False, default=dict).encode("ascii")
    return checksum(text) + b" " + text + b"\n"


def checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)


def decode(raw: bytes) -> Line:
    """Reads one line without its newline. Raises ValueError (for people) when a single bit differs from `encode`."""
    crc, space, text = raw[:8], raw[8:9], raw[9:]
    if space != b" " or crc != checksum(text):
        raise ValueError("its checksum does not match")
    try:
        body = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(body, dict):
        raise ValueError("it is not an object")
    seq, at, kind = body.pop("seq", None), body.pop("at", None), body.pop("type", None)
    if type(seq) is not int or not _finite(at):
        raise ValueError("its number or time is missing")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise UnknownEntry(f"its type {kind!r} is not known to this version of ftops")
    return Line(seq, float(at), record(_TYPES[kind], body, kind), crc.decode())


def record(kind: type[_Record], body: Mapping[str, Any], name: str) -> _Record:
    """A dataclass of this module from JSON, strictly. Raises ValueError (for people); `name` is what they see."""
    expected = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if set(body) != set(expected):
        raise ValueError(f"the fields of its {name!r} entry are not the known ones")
    for field, annotation in expected.items():
        if not _FITS[annotation](body[field]):
            raise ValueError(f"its field {field!r} is of the wrong type")
    return kind(**body)


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is not a number")
