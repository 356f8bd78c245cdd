"""Deferral: packages that only collect names from their modules load those modules when a name is asked for.

`import openai` reads five hundred modules of types, which is two thirds of its time; ftops reads answers as JSON and
needs a handful of them. Inside of `deferred`, a package whose `__init__` holds nothing but `from .module import Name`
is imported without these; each name is there all the same, from its own module, on first use. A package that holds
anything else is imported as ever.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any


@contextmanager
def deferred(package: str) -> Iterator[None]:
    """Within it, `package` and the packages below it are imported in this way. Nothing changes for what is imported
    already."""
    finder = _Finder(package)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._package and not fullname.startswith(self._package + "."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.submodule_search_locations and isinstance(spec.loader, SourceFileLoader):
            homes = _homes(spec.loader.get_data(spec.loader.path))
            if homes is not None:
                spec.loader = _Loader(homes)
        return spec


class _Loader(Loader):
    def __init__(self, homes: dict[str, tuple[str, str]]) -> None:
        self._homes = homes

    def exec_module(self, module: ModuleType) -> None:
        def get(name: str) -> Any:
            home = self._homes.get(name)
            if home is None:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            value = getattr(import_module(f"{module.__name__}.{home[0]}"), home[1])
            setattr(module, name, value)
            return value

        vars(module).update(__getattr__=get, __dir__=lambda: sorted({*vars(module), *self._homes}))


def _homes(source: bytes) -> dict[str, tuple[str, str]] | None:
    """Module and name there, by the name here; None for a source that does anything but import from its modules."""
    homes: dict[str, tuple[str, str]] = {}
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.ImportFrom):
            return None
        if statement.module == "__future__":
            continue
        if statement.level != 1 or statement.module is None or any(alias.name == "*" for alias in statement.names):
            return None
        homes |= {alias.asname or alias.name: (statement.module, alias.name) for alias in statement.names}
    return homes
