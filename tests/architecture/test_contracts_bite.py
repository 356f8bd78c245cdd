"""The import contracts of pyproject.toml hold, and each of them goes red when it is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

#: For each contract, a line that breaks it and the module it is planted in.
PLANTS = {
    "rooms": ("ftops/renderers/planted.py", "import ftops.ledger"),
    "cli": ("ftops/cli/planted.py", "import ftops.loader"),
    "kinds": ("ftops/workspace.py", "import ftops.kinds"),
    "datasets": ("ftops/executor/planted.py", "import ftops.datasets.content"),
    "planner": ("ftops/cli/planted.py", "import ftops.planner"),
    "emulator": ("ftops/azure/planted.py", "import ftops.emulator"),
    "embedded": ("ftops/cli/planted.py", "import ftops.embedded"),
    "pure": ("ftops/planner/planted.py", "import datetime"),
    "emulator-alone": ("ftops/emulator/planted.py", "import ftops.core.address"),
    "yaml": ("ftops/cli/planted.py", "import yaml"),
    "pydantic": ("ftops/core/planted.py", "import pydantic"),
    "deepdiff": ("ftops/planner/planted.py", "import deepdiff"),
    "openai": ("ftops/executor/planted.py", "import openai"),
    "azure-sdk": ("ftops/executor/planted.py", "import azure.identity"),
    "terminal": ("ftops/workspace.py", "import click"),
    "msgspec": ("ftops/loader/planted.py", "import msgspec"),
    "python-multipart": ("ftops/azure/planted.py", "import python_multipart"),
    "cryptography": ("ftops/emulator/planted.py", "import cryptography"),
}


def contracts() -> dict[str, str]:
    """id -> name of every contract."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract["name"] for contract in configured["contracts"]}


def verdicts(root: Path) -> dict[str, str]:
    """name -> KEPT or BROKEN, as lint-imports prints them for the tree at `root`."""
    lint_imports = shutil.which("lint-imports", path=str(ROOT / ".venv" / "bin") + os.pathsep + os.environ["PATH"])
    assert lint_imports, "lint-imports is not installed: make setup"
    done = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "ftops", tmp_path / "ftops", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(copy: Path):
    assert verdicts(copy) == dict.fromkeys(contracts().values(), "KEPT")


def test_every_contract_is_broken_by_the_import_it_forbids(copy: Path):
    for name, line in PLANTS.values():
        with (copy / name).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")

    assert set(PLANTS) == set(contracts())
    assert verdicts(copy) == dict.fromkeys(contracts().values(), "BROKEN")
