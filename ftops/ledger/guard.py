"""The rollback guard: how far each ledger had come, kept in the user's own directory, away from the ledger.

A ledger restored from a backup looks sound and is not: intents written since are gone from it. The guard only ever
makes ftops more careful, so it is best effort: where it cannot be written, nothing else changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ftops.ledger.store import Sighting


def user_directory() -> Path:
    """`$XDG_STATE_HOME/ftops`, or `~/.local/state/ftops`."""
    root = os.environ.get("XDG_STATE_HOME", "")
    return (Path(root) if root.startswith("/") else Path.home() / ".local" / "state") / "ftops"


class FileGuard:
    """One small file for each lineage, and one for each place with the lineage that was used there last."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def seen(self, lineage: str) -> Sighting | None:
        body = self._read(self._file(lineage))
        seq, crc = body.get("seq"), body.get("crc")
        return Sighting(seq, crc) if type(seq) is int and seq > 0 and isinstance(crc, str) else None

    def latest(self, place: str) -> str:
        lineage = self._read(self._file_of_place(place)).get("lineage")
        return lineage if isinstance(lineage, str) else ""

    def note(self, lineage: str, sighting: Sighting, *, place: str) -> None:
        self._write(self._file(lineage), {"seq": sighting.seq, "crc": sighting.crc})
        if self.latest(place) != lineage:
            self._write(self._file_of_place(place), {"lineage": lineage})

    def _read(self, file: Path) -> dict[str, Any]:
        try:
            body = json.loads(file.read_bytes())
        except (OSError, ValueError):
            return {}
        return body if isinstance(body, dict) else {}

    def _write(self, file: Path, body: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._directory, prefix=".note-")
            try:
                with os.fdopen(handle, "w") as opened:
                    json.dump(body, opened)
                os.replace(name, file)
            except OSError:
                os.unlink(name)

    def _file(self, lineage: str) -> Path:
        safe = "".join(character for character in lineage if character.isalnum())
        return self._directory / f"{safe}.json"

    def _file_of_place(self, place: str) -> Path:
        return self._directory / f"place-{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"
