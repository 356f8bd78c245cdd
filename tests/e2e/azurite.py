"""The real Azurite from npm on loopback: installed once into a cache, started anew for each module that needs it.

Nothing of it is in the repository. Where npm or its registry is missing, the tests that need it are skipped.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.environments import NotInstallable, cache

VERSION: Final = "3.35.0"
ACCOUNT: Final = "devstoreaccount1"
INSTALL_SECONDS: Final = 600
START_SECONDS: Final = 60


def executable() -> Path:
    """Azurite's blob service. Raises `NotInstallable`."""
    place = cache() / f"azurite-{VERSION}"
    found = place / "node_modules" / ".bin" / "azurite-blob"
    if found.exists():
        return found
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstallable("installing Azurite: there is no npm")
    place.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", f"azurite@{VERSION}"]
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstallable(f"installing Azurite: {INSTALL_SECONDS} seconds were not enough") from None
    if done.returncode or not found.exists():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotInstallable(f"installing Azurite: {last}")
    return found


@contextmanager
def running() -> Iterator[str]:
    """The account URL of a fresh Azurite that keeps everything in memory."""
    port = _free_port()
    command = [str(executable()), "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck"]
    with subprocess.Popen([*command, "--blobHost", "127.0.0.1", "--blobPort", str(port)]) as serving:
        try:
            _wait_for(port, serving)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            serving.terminate()


def new_container(account_url: str) -> str:
    """A container of its own for one test; returns its name."""
    name = f"ledgers-{uuid.uuid4().hex[:12]}"
    container_client(account_url, name).create_container()
    return name


def container_client(account_url: str, name: str):  # type: ignore[no-untyped-def]
    """The SDK's client, for looking behind the store's back."""
    from azure.storage.blob import ContainerClient

    from ftops.ledger.blob_service import AZURITE_KEY

    key = {"account_name": ACCOUNT, "account_key": AZURITE_KEY}
    return ContainerClient(account_url, name, credential=key, use_env_settings=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, serving: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and serving.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("Azurite did not start")
