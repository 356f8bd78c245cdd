"""Entries: documents become checked entries by kind and name, with everything that is wrong with each of them.

An entry that breaks the schema stays in the set without a `spec`, so that what refers to it is still checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ftops.core.address import KINDS, NAME_PATTERN, Address, Kind
from ftops.core.diagnostic import Diagnostic, Position
from ftops.kinds.dataset import DatasetSpec
from ftops.kinds.deployment import DeploymentSpec
from ftops.kinds.finetune import FinetuneSpec
from ftops.kinds.rules import violations
from ftops.loader.documents import Document
from ftops.loader.suggestions import Suggester
from ftops.loader.validation import Path, Shape, empty_values, explain

Spec = DatasetSpec | FinetuneSpec | DeploymentSpec

MODELS: Mapping[Kind, type[Spec]] = {"dataset": DatasetSpec, "finetune": FinetuneSpec, "deployment": DeploymentSpec}
SECTIONS: Mapping[str, Kind] = {f"{kind}s": kind for kind in KINDS}


@dataclass(slots=True)
class Entry:
    """One entry as written (`data`, variables replaced), where, and as a spec when it keeps to the schema."""

    address: Address
    data: Mapping[str, Any]
    document: Document
    spec: Any = None

    @property
    def path(self) -> Path:
        return (f"{self.address.kind}s", self.address.name)

    @property
    def position(self) -> Position:
        return self.document.position(self.path, key=True)

    def problem(
        self, code: str, summary: str, path: Path = (), *, key: bool = False, hint: str = "", detail: str = ""
    ) -> Diagnostic:
        """A Diagnostic about this entry, placed at `path` inside it."""
        return self.document.problem(
            code, summary, (*self.path, *path), key=key, hint=hint, detail=detail, address=self.address
        )


@dataclass(slots=True)
class Entries:
    """All entries of all documents, by kind and name, in the order in which they were read."""

    datasets: dict[str, Entry] = field(default_factory=dict)
    finetunes: dict[str, Entry] = field(default_factory=dict)
    deployments: dict[str, Entry] = field(default_factory=dict)

    def of(self, kind: Kind) -> dict[str, Entry]:
        return {"dataset": self.datasets, "finetune": self.finetunes, "deployment": self.deployments}[kind]

    def __iter__(self) -> Iterator[Entry]:
        for kind in KINDS:
            yield from self.of(kind).values()


def collect(documents: list[Document], suggester: Suggester) -> tuple[Entries, list[Diagnostic]]:
    """The entries of all documents, and everything that is wrong with any of them."""
    entries = Entries()
    problems: list[Diagnostic] = []
    for document in documents:
        for kind, section in _sections(document, suggester, problems):
            _add(entries.of(kind), kind, section, document, problems)
            problems += _validate(entries.of(kind), kind, section, document, suggester)
    for kind in KINDS:
        problems += _case_twins(entries.of(kind))
    for entry in entries:
        for violation in violations(entry.address.kind, entry.data):
            problems.append(
                entry.problem(
                    violation.code, violation.summary, violation.path, key=violation.on_key, hint=violation.hint
                )
            )
    return entries, problems


def _sections(
    document: Document, suggester: Suggester, problems: list[Diagnostic]
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        hint = "start with `datasets:`, `finetunes:` or `deployments:`"
        problems.append(document.problem("spec.type", "a spec file must be a mapping", hint=hint))
        return
    for name, section in document.data.items():
        kind = SECTIONS.get(name)
        if kind is None:
            hint = suggester.hint(name, SECTIONS)
            problems.append(
                document.problem("spec.unknown-key", f"unknown key `{name[:64]}`", (name,), key=True, hint=hint)
            )
        elif isinstance(section, dict):
            yield kind, section
        elif section is not None:
            summary = f"`{name}` must be a mapping of names to entries"
            problems.append(document.problem("spec.type", summary, (name,)))


def _add(
    entries: dict[str, Entry], kind: Kind, section: dict[str, Any], document: Document, problems: list[Diagnostic]
) -> None:
    for name, data in section.items():
        if not NAME_PATTERN.fullmatch(name):
            summary = "an entry's name is made of letters, digits, `.`, `_` and `-`, at most 64"
            problems.append(document.problem("spec.bad-name", summary, (f"{kind}s", name), key=True))
            continue
        address = Address(kind, name)
        entry = Entry(address, data if isinstance(data, dict) else {}, document)
        first = entries.setdefault(name, entry)
        if first is not entry:
            summary = f"{address} is declared twice, first at {first.position}"
            problems.append(entry.problem("spec.duplicate-name", summary, key=True, hint="rename or remove one"))


@cache
def _adapter(kind: Kind) -> TypeAdapter[dict[str, Spec]]:
    return TypeAdapter(dict[str, MODELS[kind]])  # type: ignore[misc]


def _validate(
    entries: dict[str, Entry], kind: Kind, section: dict[str, Any], document: Document, suggester: Suggester
) -> list[Diagnostic]:
    def naming(path: Path) -> tuple[Address | None, int]:
        name = str(path[1]) if len(path) > 1 else ""
        return (Address(kind, name), 2) if NAME_PATTERN.fullmatch(name) else (None, min(len(path), 2))

    prefix = (f"{kind}s",)
    problems = list(empty_values(document, prefix, section, naming))
    adapter = _adapter(kind)
    try:
        specs = adapter.validate_python(section)
    except ValidationError as error:
        shape = Shape(document, prefix, dict[str, MODELS[kind]], naming, suggester)  # type: ignore[misc]
        problems += explain(error, shape)
        broken = {
            item["loc"][0] for item in error.errors(include_url=False, include_input=False, include_context=False)
        }
        specs = adapter.validate_python({name: data for name, data in section.items() if name not in broken})
    for name, spec in specs.items():
        entry = entries.get(name)
        if entry is not None and entry.document is document:
            entry.spec = spec
    return problems


def _case_twins(entries: dict[str, Entry]) -> Iterator[Diagnostic]:
    folded: dict[str, Entry] = {}
    for entry in entries.values():
        first = folded.setdefault(entry.address.name.casefold(), entry)
        if first is not entry:
            summary = f"{entry.address} and {first.address} differ only in upper and lower case"
            detail = f"The other one is at {first.position}"
            yield entry.problem("spec.case-twin", summary, key=True, hint="rename one of them", detail=detail)
