"""A disk that fails: stands in for `os` where the ledger uses it, and makes the nth call fail, once or from then on.

A write may also fail half way (`torn`), as on a disk that fills up. It also keeps what is durable: the ledger's content
as of the last fsync that reached it. Everything else is the real thing, on a real directory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FALLIBLE = frozenset(
    {"open", "write", "pwrite", "pread", "fsync", "replace", "rename", "link", "ftruncate", "fchmod", "unlink"}
    | {"mkdir", "makedirs", "chmod", "lstat", "fstat", "stat"}
)


@dataclass
class FaultyDisk:
    """`fails_at` counts from 1 over all fallible calls (0: never)."""

    file: Path
    fails_at: int = 0
    error: int = 0
    for_ever: bool = False
    torn: bool = False
    calls: list[str] = field(default_factory=list)
    durable: bytes = b""

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._fallible(name, real) if name in FALLIBLE else real

    def _fallible(self, name: str, real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            number = len(self.calls)
            if self.fails_at and (number == self.fails_at or (self.for_ever and number > self.fails_at)):
                if self.torn and name == "write":
                    real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise OSError(self.error, os.strerror(self.error))
            answer = real(*arguments, **options)
            if name == "fsync":
                self._synced(arguments[0])
            return answer

        return call

    def _synced(self, handle: int) -> None:
        try:
            content = self.file.read_bytes()
        except OSError:
            return
        synced = os.fstat(handle)
        if os.path.samestat(synced, os.stat(self.file)) or os.path.samestat(synced, os.stat(self.file.parent)):
            self.durable = content

    def put_in(self, patch: pytest.MonkeyPatch) -> FaultyDisk:
        patch.setattr("ftops.ledger.local.os", self)
        patch.setattr("ftops.ledger.files.os", self)
        return self
