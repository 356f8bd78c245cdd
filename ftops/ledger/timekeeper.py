"""The local store's clock: seconds that only go forwards, whatever is done to the machine's wall clock.

Ages decide when paid work may be sent again, so they are taken on the boot-time clock (which counts suspend) from an
anchor kept beside the ledger. Only over a reboot must the wall clock be believed, and even then time never goes back.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_id(file: Path = BOOT_ID) -> str:
    """The kernel's name for this boot; "" where there is none."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def boot_seconds() -> float:
    return time.clock_gettime(_BOOT_CLOCK)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the time comes from."""

    wall: Callable[[], float] = time.time
    boot: Callable[[], float] = boot_seconds
    boot_id: Callable[[], str] = boot_id


@dataclass(frozen=True, slots=True)
class _Anchor:
    boot_id: str
    boot_seconds: float
    at: float


class Timekeeper:
    """`now()` from an anchor file; `keep()` renews the file (called by writers only)."""

    def __init__(self, file: Path, sources: Sources) -> None:
        self._file = file
        self._sources = sources
        self._anchor: _Anchor | None = None

    def now(self) -> float:
        if self._anchor is None:
            self._anchor = self._first_anchor()
        return self._anchor.at + self._sources.boot() - self._anchor.boot_seconds

    def keep(self, write: Callable[[Path, bytes], None]) -> None:
        """Writes the anchor as of now, through the store's own way of writing private files. Best effort."""
        body = {"boot_id": self._sources.boot_id(), "boot_seconds": self._sources.boot(), "at": self.now()}
        with contextlib.suppress(OSError):
            write(self._file, json.dumps(body).encode())

    def _first_anchor(self) -> _Anchor:
        here, boot, wall = self._sources.boot_id(), self._sources.boot(), self._sources.wall()
        kept = self._kept()
        if kept is None:
            return _Anchor(here, boot, wall)
        if here and kept.boot_id == here and boot >= kept.boot_seconds:
            return kept
        return _Anchor(here, boot, max(wall, kept.at))

    def _kept(self) -> _Anchor | None:
        try:
            body = json.loads(self._file.read_bytes())
            anchor = _Anchor(str(body["boot_id"]), float(body["boot_seconds"]), float(body["at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return anchor if math.isfinite(anchor.at) and math.isfinite(anchor.boot_seconds) else None
