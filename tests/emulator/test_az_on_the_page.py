"""The Azure CLI recipe of docs/emulator.md, run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ftops.emulator import Emulator
from tests.e2e.environments import NotInstallable, environment

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).resolve().parents[2] / "docs" / "emulator.md"
RECIPE_SECONDS = 300


def test_the_recipe_signs_in_deploys_and_lists(tmp_path: Path) -> None:
    try:
        az_folder = environment("azure-cli", "azure-cli")
    except NotInstallable as reason:
        pytest.skip(str(reason))
    (recipe,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with Emulator(tmp_path / "world.db", accounts={"main": None}, tls=True) as emulator:
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        path = os.pathsep.join((str(az_folder), str(Path(sys.executable).parent), kept["PATH"]))
        done = subprocess.run(
            ["bash", "-e", "-c", recipe],
            cwd=tmp_path,
            env={**kept, "PATH": path, "URL": emulator.url, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=RECIPE_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert '"name": "gpt-4o-mini"' in done.stdout
