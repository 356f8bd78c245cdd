"""Loading imports no cloud SDK, no terminal and nothing else that is slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.loader.building import build

SLOW = ("openai", "azure", "deepdiff", "rich", "click", "requests", "httpx", "ftops.azure", "ftops.emulator", "asyncio")
PROGRAM = """
import sys
from pathlib import Path
from ftops.loader import load, load_project
load(load_project(Path(sys.argv[1])))
print(sorted(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_loading_imports_nothing_slow(tmp_path: Path) -> None:
    root = build(tmp_path, {"specs/a.yaml": "datasets: {t: {file: ../data/t.jsonl}}\n"})
    command = [sys.executable, "-c", PROGRAM, str(root), *SLOW]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
