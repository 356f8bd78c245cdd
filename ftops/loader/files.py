"""Files: finds ftops.yaml and the spec files and reads them. Nothing outside of the project is ever opened."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ftops.core.diagnostic import Diagnostic, Position
from ftops.core.errors import SpecErrors
from ftops.datasets.confinement import Confinement, DatasetProblem
from ftops.loader.documents import Document, diagnostic
from ftops.loader.yaml_documents import NORMAL, Bounds, read_yaml

PROJECT_FILE = "ftops.yaml"
_ENDINGS = (".yaml", ".yml")


def find_project(start: Path) -> Path:
    """The folder that holds ftops.yaml: `start` or one above it, up to the repository's root.

    Raises SpecErrors (`project.not-found`).
    """
    start = Path(os.path.abspath(start))
    for folder in (start, *start.parents):
        if os.path.lexists(folder / PROJECT_FILE):
            return folder
        if os.path.lexists(folder / ".git"):
            break
    summary = f"no {PROJECT_FILE} in {start} or above it"
    raise SpecErrors(
        [diagnostic("project.not-found", summary, hint="make one with `ftops init`, or name it with -C DIR")]
    )


def read_document(root: Path, relative: str, *, bounds: Bounds = NORMAL) -> Document:
    """The YAML file at `relative` in the project. Raises SpecErrors with one error."""
    try:
        with Confinement(root) as confinement:
            descriptor = confinement.open(confinement.locate("", relative))
        with open(descriptor, "rb", buffering=0) as source:
            raw = _read(source.fileno(), bounds.size_bytes + 1)
    except DatasetProblem as problem:
        finding = problem.findings[0]
        outside = finding.code == "dataset.outside-project"
        code = "project.outside-project" if outside else "yaml.unreadable"
        raise SpecErrors([_about(relative, code, finding.summary)]) from problem
    except OSError as error:
        raise SpecErrors([_about(relative, "yaml.unreadable", f"the file cannot be read: {error.strerror}")]) from error
    return read_yaml(relative, raw, bounds=bounds)


def missing_specs(root: Path, written: str) -> tuple[str, str, str] | None:
    """Code, summary and hint when one of the `specs` of ftops.yaml cannot be used; else None."""
    try:
        relative = Confinement(root).locate("", written)
    except DatasetProblem:
        return "project.outside-project", f"`{written[:200]}` leads out of the project", "name a folder inside of it"
    if os.path.lexists(root / relative):
        return None
    hint = "`specs` lists folders or files; the default is the folder specs"
    return "project.specs-missing", f"`{written[:200]}` does not exist", hint


def find_specs(root: Path, specs: Iterable[str]) -> tuple[list[str], list[Diagnostic]]:
    """Every spec file under the named folders and files, relative to `root` and sorted; and what is wrong with them."""
    found: set[str] = set()
    problems: list[Diagnostic] = []
    for written in specs:
        problem = missing_specs(root, written)
        if problem is not None:
            code, summary, hint = problem
            problems.append(_about(PROJECT_FILE, code, summary, hint))
            continue
        relative = Confinement(root).locate("", written)
        if (root / relative).is_dir():
            _walk(root, relative, found, problems)
        else:
            found.add(relative)
    return sorted(found), problems


def _walk(root: Path, relative: str, found: set[str], problems: list[Diagnostic]) -> None:
    def unreadable(error: OSError) -> None:
        where = os.path.relpath(error.filename, root)
        problems.append(_about(where, "yaml.unreadable", f"the folder cannot be read: {error.strerror}"))

    for folder, folders, files in os.walk(root / relative, onerror=unreadable):
        here = os.path.relpath(folder, root)
        prefix = "" if here == "." else here + "/"
        for name in [name for name in folders if name.endswith(_ENDINGS)]:
            problems.append(_about(prefix + name, "yaml.unreadable", "the spec file is a directory"))
            folders.remove(name)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.update(
            prefix + name
            for name in files
            if name.endswith(_ENDINGS) and not name.startswith(".") and prefix + name != PROJECT_FILE
        )


def _read(descriptor: int, size_max: int) -> bytes:
    pieces: list[bytes] = []
    while size_max > 0 and (piece := os.read(descriptor, size_max)):
        pieces.append(piece)
        size_max -= len(piece)
    return b"".join(pieces)


def _about(file: str, code: str, summary: str, hint: str = "") -> Diagnostic:
    return diagnostic(code, summary, hint=hint, position=Position(file, 1, 1))
