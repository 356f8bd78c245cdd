"""Load: a Project in, Desired out. Reads specs and dataset files; everything wrong with any of them is told at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import SpecErrors
from ftops.loader.contents import measure_contents
from ftops.loader.documents import Document
from ftops.loader.entries import Entries, collect
from ftops.loader.files import find_specs, read_document
from ftops.loader.project import Project
from ftops.loader.references import check_references
from ftops.loader.resolution import Resolver
from ftops.loader.suggestions import Suggester
from ftops.loader.variables import replace_variables, without_consequences
from ftops.loader.yaml_documents import LARGE, NORMAL


def load(project: Project, *, large: bool = False) -> Desired:
    """Everything the specs of a project ask for. `large` allows bigger files.

    Raises SpecErrors with every error (and warning) of every file; of syntax errors the first of each file. Warnings
    alone are in `Desired.diagnostics`. No network.
    """
    with _without_garbage_collection():
        return _load(project, large=large)


def _load(project: Project, *, large: bool) -> Desired:
    suggester = Suggester()
    documents, problems = _documents(project, large=large)
    documents = [_with_variables(document, project, problems) for document in documents]
    entries, found = collect(documents, suggester)
    problems += found
    problems += check_references(entries, project.accounts, suggester)
    contents, found = measure_contents(project.root, entries.datasets)
    problems += found
    resolver = Resolver(project, entries, contents)
    desired = resolver.resolve()
    problems += resolver.problems
    ordered = sorted(without_consequences(dict.fromkeys((*project.diagnostics, *problems))), key=Diagnostic.sort_key)
    if any(problem.severity == "error" for problem in ordered):
        # With errors about, what seems unused may only be misspelt somewhere.
        raise SpecErrors([problem for problem in ordered if problem.code != "dataset.unused"])
    _assert_complete(entries, desired)
    return replace(desired, diagnostics=tuple(ordered))


def _assert_complete(entries: Entries, desired: Desired) -> None:
    """An entry that is neither desired nor wrong would look like one that was removed, and things would be deleted."""
    settled = {resource.address for resource in desired.resources}
    lost = [
        str(entry.address)
        for entry in entries
        if entry.address not in settled and (entry.address.kind != "dataset" or entry.spec is None)
    ]
    assert not lost, f"entries are lost without an error: {lost}"


def _with_variables(document: Document, project: Project, problems: list[Diagnostic]) -> Document:
    if "${" not in document.text:
        return document
    problems += replace_variables(document, project.variables, project.declared)
    return replace(document, nulls=True)


def _documents(project: Project, *, large: bool) -> tuple[list[Document], list[Diagnostic]]:
    files, problems = find_specs(project.root, project.specs)
    documents: list[Document] = []
    for file in files:
        try:
            document = read_document(project.root, file, bounds=LARGE if large else NORMAL)
        except SpecErrors as error:
            problems += error.diagnostics
        else:
            documents.append(document)
            problems += document.problems
    return documents, problems


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """The collector would walk the growing tree again and again: it costs two thirds of the time and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
