"""Contents: the file that each dataset names, measured once however often it is used. Disk in, Content out."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ftops.core.desired import Content
from ftops.core.diagnostic import Diagnostic, Position
from ftops.datasets.confinement import Confinement, DatasetProblem, Finding
from ftops.datasets.content import measure_descriptor
from ftops.kinds.dataset import DatasetSpec
from ftops.loader.documents import diagnostic
from ftops.loader.entries import Entry

#: Fewer rows of training data are refused by Azure (service contract, section 3.1).
TRAINING_ROWS_MIN = 10

_Outcome = Content | tuple[Finding, ...]


def measure_contents(root: Path, datasets: Mapping[str, Entry]) -> tuple[dict[str, Content], list[Diagnostic]]:
    """The content of every dataset that has a usable file, and what is wrong with the others."""
    with Confinement(root) as confinement:
        return _Contents(confinement).measure(datasets)


class _Contents:
    """Measures datasets of one project during one load."""

    def __init__(self, confinement: Confinement) -> None:
        self._confinement = confinement
        self._located: dict[tuple[str, str], tuple[str, tuple[Finding, ...]]] = {}
        self._by_path: dict[tuple[str, str | None], _Outcome] = {}
        self._by_file: dict[tuple[object, ...], _Outcome] = {}
        self._told: set[tuple[object, ...]] = set()

    def measure(self, datasets: Mapping[str, Entry]) -> tuple[dict[str, Content], list[Diagnostic]]:
        contents: dict[str, Content] = {}
        problems: list[Diagnostic] = []
        for name, entry in datasets.items():
            spec = entry.spec
            if not isinstance(spec, DatasetSpec) or spec.file is None:
                continue
            path, outcome = self._outcome(entry.document.file, spec)
            if isinstance(outcome, Content):
                contents[name] = outcome
            else:
                problems += self._explain(entry, path, outcome)
        return contents, problems

    def _outcome(self, spec_file: str, spec: DatasetSpec) -> tuple[str, _Outcome]:
        assert spec.file is not None
        place = (posixpath.dirname(spec_file), spec.file)
        if place not in self._located:
            try:
                self._located[place] = (self._confinement.locate(*place), ())
            except DatasetProblem as problem:
                self._located[place] = ("", problem.findings)
        path, findings = self._located[place]
        if findings:
            return path, findings
        key = (path, spec.format)
        if key not in self._by_path:
            self._by_path[key] = self._measure(path, spec)
        return path, self._by_path[key]

    def _measure(self, path: str, spec: DatasetSpec) -> _Outcome:
        try:
            descriptor = self._confinement.open(path)
            status = os.fstat(descriptor)
            identity = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, spec.format)
            known = self._by_file.get(identity)
            if isinstance(known, Content):
                os.close(descriptor)
                return replace(known, path=path)
            outcome = measure_descriptor(descriptor, relative_path=path, row_format=spec.format)
        except DatasetProblem as problem:
            return problem.findings
        self._by_file[identity] = outcome
        return outcome

    def _explain(self, entry: Entry, path: str, findings: tuple[Finding, ...]) -> Iterator[Diagnostic]:
        for finding in findings:
            if finding.line == 0:
                yield entry.problem(finding.code, finding.summary, ("file",), hint=finding.hint)
            elif (path, finding) not in self._told:
                # Several entries may name one bad file: its rows are told once. Never with an excerpt: rows are data.
                self._told.add((path, finding))
                position = Position(path, finding.line, finding.column)
                yield diagnostic(
                    finding.code, finding.summary, hint=finding.hint, address=entry.address, position=position
                )


def too_few_rows(entry: Entry, content: Content) -> Diagnostic:
    rows = "1 row" if content.rows == 1 else f"{content.rows} rows"
    summary = f"the file has {rows}; Azure trains with {TRAINING_ROWS_MIN} or more"
    return entry.problem("dataset.too-few-rows", summary, ("file",), hint="add rows")
