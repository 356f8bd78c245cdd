"""A project on disk, and the command line called in this process with what it printed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from ftops.__main__ import main


@dataclass(frozen=True)
class Result:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as the one JSON document it must be."""
        return json.loads(self.out)


class Run(Protocol):
    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this machine reaches a command, and nothing is written into the user's own directories."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "FTOPS_DEBUG", "_FTOPS_COMPLETE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user-state"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def project(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `ftops init` writes, as the current directory."""
    directory = tmp_path / "larkspur"
    assert run("-C", str(directory), "init").code == 0
    before = Path.cwd()
    os.chdir(directory)
    yield directory
    os.chdir(before)
