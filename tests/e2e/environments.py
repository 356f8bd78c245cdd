"""Virtual environments for clients that cannot share one, made once and kept in a cache.

In: a name and requirements. Out: the directory of its executables. With uv where it is installed, with venv and pip
where it is not. What cannot be made is a reason to skip, never a failure: these tests need a package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

INSTALL_SECONDS: Final = 900


class NotInstallable(RuntimeError):
    """The package index is out of reach or has no such packages."""


def cache() -> Path:
    """Where the environments are kept: `FTOPS_E2E_CACHE`, or a folder of the user's cache."""
    chosen = os.environ.get("FTOPS_E2E_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "ftops-e2e"


def environment(name: str, *requirements: str) -> Path:
    """The `bin` of an environment with these requirements. Raises `NotInstallable`."""
    digest = hashlib.sha256("\n".join((sys.version, *requirements)).encode()).hexdigest()[:8]
    place = cache() / f"{name}-{digest}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        for command in _commands(place, requirements):
            _run(command, name)
        (place / "complete").write_text("\n".join(requirements) + "\n")
    return place / "bin"


def _commands(place: Path, requirements: tuple[str, ...]) -> list[list[str]]:
    if uv := shutil.which("uv"):
        python = str(place / "bin" / "python")
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
            [uv, "pip", "install", "--quiet", "--python", python, *requirements],
        ]
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(place)], [*pip, *requirements]]


def _run(command: list[str], name: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstallable(f"making the environment {name}: {INSTALL_SECONDS} seconds were not enough") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotInstallable(f"making the environment {name}: {last}")
