"""A ledger in a temporary directory, with a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "ledger", tmp_path / "user")
