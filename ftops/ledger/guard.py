"""The rollback guard: how far each ledger had come, kept in the user's own directory, away from the ledger.

A ledger restored from a backup looks sound and is not: intents written since are gone from it. The guard only ever
makes ftops more careful, so it is best effort: where it cannot be written, nothing else changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from ftops.ledger.store import Sighting


def user_directory() -> Path:
    """`$XDG_STATE_HOME/ftops`, or `~/.local/state/ftops`."""
    root = os.environ.get("XDG_STATE_HOME", "")
    return (Path(root) if root.startswith("/") else Path.home() / ".local" / "state") / "ftops"


class FileGuard:
    """One small file for each lineage."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def seen(self, lineage: str) -> Sighting | None:
        try:
            body = json.loads(self._file(lineage).read_bytes())
            seq, crc = body["seq"], body["crc"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        known = type(seq) is int and seq > 0 and isinstance(crc, str)
        return Sighting(seq, crc) if known else None

    def note(self, lineage: str, sighting: Sighting) -> None:
        with contextlib.suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._directory, prefix=".note-")
            try:
                with os.fdopen(handle, "w") as file:
                    json.dump({"seq": sighting.seq, "crc": sighting.crc}, file)
                os.replace(name, self._file(lineage))
            except OSError:
                os.unlink(name)

    def _file(self, lineage: str) -> Path:
        safe = "".join(character for character in lineage if character.isalnum())
        return self._directory / f"{safe}.json"
