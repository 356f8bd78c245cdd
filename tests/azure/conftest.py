"""Two services to try the clients on: the emulator, and a raw socket that misbehaves on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.azure import Connections, connect
from ftops.core.account import EMBEDDED, EMULATOR_RESOURCE_GROUP, EMULATOR_SUBSCRIPTION, Account
from ftops.emulator import Emulator
from tests.azure.wire import Service, serving

#: Work that is done before anybody can ask.
AT_ONCE = {
    "file_seconds": 0.0,
    "job_pending_seconds": 0.0,
    "job_running_seconds": 0.0,
    "deployment_seconds": 0.0,
    "deployment_delete_seconds": 0.0,
}


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    accounts = {"main": None, "eu": "swedencentral"}
    with Emulator(tmp_path / "emulator.db", accounts=accounts, profile=AT_ONCE) as running:
        yield running


@pytest.fixture(params=["v1", "2024-10-21", "2025-04-01-preview"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connections(emulator: Emulator, api: str) -> Iterator[Connections]:
    """Clients of the emulator's two accounts, once for each form of the data plane."""
    accounts = {
        alias: Account(alias, EMULATOR_SUBSCRIPTION, EMULATOR_RESOURCE_GROUP, alias, emulator=EMBEDDED, api=api)
        for alias in ("main", "eu")
    }
    with connect(accounts, emulator_urls=dict.fromkeys(accounts, emulator.url)) as open_connections:
        yield open_connections
