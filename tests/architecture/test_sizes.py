"""The house numbers are kept, and the check that keeps them sees what is too long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT


def sizes(root: Path) -> subprocess.CompletedProcess[str]:
    script = root / "scripts" / "sizes.py"
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)


def planted(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "sizes.py").write_text((ROOT / "scripts" / "sizes.py").read_text(encoding="utf-8"))
    (tmp_path / "ftops").mkdir()
    (tmp_path / "ftops" / name).write_text(text)
    return tmp_path


def test_every_module_and_function_keeps_to_the_house_numbers():
    done = sizes(ROOT)

    assert (done.returncode, done.stdout) == (0, "Sizes: every module and function keeps to the house numbers.\n")


def test_a_module_of_401_lines_is_found(tmp_path: Path):
    done = sizes(planted(tmp_path, "long.py", "x = 1\n" * 401))

    assert (done.returncode, done.stdout) == (1, "ftops/long.py: 401 lines, 400 at most\n")


def test_a_function_of_61_lines_is_found(tmp_path: Path):
    done = sizes(planted(tmp_path, "deep.py", "def f():\n" + "    x = 1\n" * 60))

    assert (done.returncode, done.stdout) == (1, "ftops/deep.py:1: f has 61 lines, 60 at most\n")


def test_the_workspace_may_not_grow_beyond_200_lines(tmp_path: Path):
    done = sizes(planted(tmp_path, "workspace.py", "x = 1\n" * 201))

    assert (done.returncode, done.stdout) == (1, "ftops/workspace.py: 201 lines, 200 at most\n")
