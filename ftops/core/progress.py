"""Progress: what the executor tells the world while it acts. Renderers consume it; nothing is decided from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftops.core.address import Node

Status = Literal["started", "moved", "done", "failed", "waiting", "note"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One piece of news. `done_bytes`/`total_bytes` for uploads; `fraction` (0 to 1) for training, when known."""

    node: Node | None
    status: Status
    message: str
    done_bytes: int | None = None
    total_bytes: int | None = None
    fraction: float | None = None
