"""What `import ftops` promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ftops

PUBLIC = [
    "Action", "Address", "Cause", "Change", "Diagnostic", "FtopsError", "Plan", "Workspace", "__version__",
]  # fmt: skip


def test_the_public_names_are_exactly_these_and_each_is_there():
    assert ftops.__all__ == PUBLIC
    assert dir(ftops) == PUBLIC
    assert all(getattr(ftops, name) is not None for name in PUBLIC)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ftops' has no attribute 'Planner'"):
        _ = ftops.Planner


def test_importing_ftops_imports_nothing_else_of_it():
    code = "import sys, ftops; print(sorted(m for m in sys.modules if m.startswith('ftops')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "['ftops']\n"
