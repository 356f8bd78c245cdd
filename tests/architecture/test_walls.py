"""What import-linter cannot see: imports of the package itself, dynamic imports, third parties, names, texts."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize

from tests.architecture.source import ROOT, imports_of, modules, tracked_files

#: Places where a checker is told to look away. More need a reason worth raising the number for; fewer lower it.
TYPE_IGNORES = 6
LINT_IGNORES = 1
COVERAGE_PRAGMAS = 0

#: Where a module is imported by its name at run time: the table of commands and the package's own lazy exports.
DYNAMIC_IMPORTERS = frozenset({"ftops/azure/deferral.py", "ftops/cli/__init__.py", "ftops/__init__.py"})

DRAWERS = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "types"})


def comments() -> list[str]:
    return [
        token.string
        for name in modules()
        for token in tokenize.generate_tokens(io.StringIO((ROOT / name).read_text(encoding="utf-8")).readline)
        if token.type == tokenize.COMMENT
    ]


def test_no_module_imports_the_whole_package_except_for_its_version():
    hiding = [
        (name, module, names)
        for name, tree in modules().items()
        for module, names in imports_of(tree)
        if module == "ftops" and names != ("__version__",)
    ]

    assert hiding == []


def test_no_module_uses_relative_imports():
    relative = [(n, m) for n, tree in modules().items() for m, _ in imports_of(tree) if m.startswith(".")]

    assert relative == []


def test_modules_are_imported_by_computed_name_only_where_commands_are_listed():
    dynamic = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "import_module")
        or (isinstance(node, ast.Name) and node.id in ("import_module", "__import__"))
    }

    assert dynamic <= DYNAMIC_IMPORTERS


def test_the_emulator_uses_the_standard_library_and_python_multipart_and_nothing_of_ftops():
    allowed = sys.stdlib_module_names | {"python_multipart"}
    certificates = ("ftops/emulator/tls.py", "cryptography")  # asked for with --tls only; its docstring says why
    foreign = [
        (name, module)
        for name, tree in modules().items()
        if name.startswith("ftops/emulator/")
        for module, _ in imports_of(tree)
        if module.split(".")[0] not in allowed and not module.startswith("ftops.emulator")
        if (name, module.split(".")[0]) != certificates
    ]

    assert foreign == []


def test_core_uses_the_standard_library_only():
    foreign = [
        (name, module)
        for name, tree in modules().items()
        if name.startswith("ftops/core/")
        for module, _ in imports_of(tree)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("ftops.core")
    ]

    assert foreign == []


def test_every_third_party_that_is_imported_is_a_declared_dependency():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = set(re.findall(r'^  ?"([a-z-]+)>=', pyproject, re.MULTILINE)) | {"azure-storage-blob"}
    declared |= {"cryptography"}  # comes with azure-identity; without it the emulator speaks plain http
    distribution_of = {"yaml": "pyyaml", "python_multipart": "python-multipart", "pydantic_core": "pydantic"}
    imported = {
        module.split(".")[0]
        for tree in modules().values()
        for module, _ in imports_of(tree)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith(("ftops", "azure"))
    }

    assert {distribution_of.get(name, name) for name in imported} <= declared


def test_every_module_says_first_what_it_is_for():
    silent = [name for name, tree in modules().items() if not ast.get_docstring(tree)]

    assert silent == []


def test_there_are_no_drawers():
    assert [path for path in modules() if DRAWERS & set(path.removesuffix(".py").split("/"))] == []


def test_nothing_is_left_for_later():
    promises = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
    unfinished = [n for n in modules() if promises.search((ROOT / n).read_text(encoding="utf-8"))]

    assert unfinished == []


def test_checkers_are_told_to_look_away_exactly_as_often_as_counted():
    texts = comments()
    counted = [sum(mark in text for text in texts) for mark in ("type: ignore", "noqa", "pragma: no cover")]

    assert counted == [TYPE_IGNORES, LINT_IGNORES, COVERAGE_PRAGMAS]


def test_no_file_of_the_project_names_the_machine_it_was_written_on():
    places = re.compile(r"/(work|root|opt/wheels|tmp/ft|home/[a-z]+)/")
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if places.search(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert naming == []
