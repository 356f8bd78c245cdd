"""Packages that only collect names: imported without their modules, and complete all the same."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest

from ftops.azure.deferral import deferred


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An importable package of this test's own: `shapes` collects names, `plain` does something besides."""
    name = f"package_{uuid4().hex}"
    files = {
        "shapes/__init__.py": "from __future__ import annotations\nfrom .square import Square as Square, side\n"
        "from .round.circle import Circle as Disc\n",
        "shapes/square.py": "class Square: ...\nside = 4\n",
        "shapes/round/__init__.py": "from .circle import Circle\n",
        "shapes/round/circle.py": "class Circle: ...\n",
        "plain/__init__.py": "from .part import value\ndoubled = 2 * value\n",
        "plain/part.py": "value = 21\n",
        "star/__init__.py": "from .part import *\n",
        "star/part.py": "value = 7\n",
        "__init__.py": "",
    }
    for path, text in files.items():
        file = tmp_path / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_modules_are_read_when_their_names_are_asked_for(package: str) -> None:
    with deferred(f"{package}.shapes"):
        shapes = import_module(f"{package}.shapes")
    assert f"{package}.shapes.square" not in sys.modules
    assert shapes.side == 4
    assert f"{package}.shapes.square" in sys.modules
    assert f"{package}.shapes.round" not in sys.modules
    assert shapes.Disc.__name__ == "Circle"


def test_names_and_modules_are_the_same_from_wherever_they_are_taken(package: str) -> None:
    with deferred(f"{package}.shapes"):
        shapes = import_module(f"{package}.shapes")
    assert shapes.Square is import_module(f"{package}.shapes.square").Square
    assert shapes.Disc is import_module(f"{package}.shapes.round").Circle
    assert {"Square", "side", "Disc"} <= set(dir(shapes))
    assert not hasattr(shapes, "Circle")


@pytest.mark.parametrize(("name", "attribute", "value"), [("plain", "doubled", 42), ("star", "value", 7)])
def test_a_package_that_does_anything_else_is_imported_as_ever(
    package: str, name: str, attribute: str, value: int
) -> None:
    with deferred(f"{package}.{name}"):
        module = import_module(f"{package}.{name}")
    assert vars(module)[attribute] == value
    assert f"{package}.{name}.part" in sys.modules


def test_other_packages_and_later_imports_are_left_alone(package: str) -> None:
    with deferred(f"{package}.shape"):
        import_module(f"{package}.shapes")
    assert f"{package}.shapes.square" in sys.modules
    with deferred(f"{package}.plain"):
        pass
    import_module(f"{package}.plain")
    assert f"{package}.plain.part" in sys.modules


EVERY_NAME = """
import importlib, pkgutil, sys
from ftops.azure import sdk
types = sdk.openai().types
assert len([name for name in sys.modules if name.startswith("openai.types")]) < 150, "not deferred any more"
names = 0
for package in [types, *(importlib.import_module(f"openai.types.{found.name}")
                         for found in pkgutil.iter_modules(types.__path__) if found.ispkg)]:
    for name in dir(package):
        getattr(package, name)
        names += 1
client = sdk.openai().OpenAI(api_key="none", base_url="http://127.0.0.1:1/")
assert client.files and client.fine_tuning.jobs and client.chat.completions
assert types.FileObject.__module__ == "openai.types.file_object"
assert types.FileObject.model_validate(
    dict(id="f", bytes=1, created_at=1, filename="a", object="file", purpose="fine-tune", status="processed")
).id == "f"
print(names)
"""


def test_every_type_of_the_installed_openai_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", EVERY_NAME], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500
