"""Entries: documents become checked entries by kind and name, with everything that is wrong with each of them.

An entry that breaks the schema stays in the set without a `spec`, so that what refers to it is still checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ftops.core.address import KINDS, Address, Kind
from ftops.core.diagnostic import Diagnostic, Position
from ftops.kinds.dataset import DatasetSpec
from ftops.kinds.deployment import DeploymentSpec
from ftops.kinds.finetune import FinetuneSpec
from ftops.kinds.rules import violations
from ftops.loader.documents import Document
from ftops.loader.suggestions import Suggester
from ftops.loader.validation import Explained, Path, Shape, empty_value, explain, forgotten

Spec = DatasetSpec | FinetuneSpec | DeploymentSpec

MODELS: Mapping[Kind, type[Spec]] = {"dataset": DatasetSpec, "finetune": FinetuneSpec, "deployment": DeploymentSpec}
SECTIONS: Mapping[str, Kind] = {f"{kind}s": kind for kind in KINDS}


@dataclass(slots=True)
class Entry:
    """One entry as written (`data`, variables replaced), where, and as a spec when it keeps to the schema.

    `data` is empty when what stands there is not even a mapping.
    """

    address: Address
    data: Mapping[str, Any]
    document: Document
    position: Position
    spec: Any = None

    @property
    def path(self) -> Path:
        return (f"{self.address.kind}s", self.address.name)

    def text(self, key: str) -> str | None:
        """A non-empty text under `key`, also when the entry breaks the schema elsewhere."""
        value = self.data.get(key)
        return value if type(value) is str and value else None

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


def collect(documents: Sequence[Document], suggester: Suggester) -> tuple[Entries, list[Diagnostic]]:
    """The entries of all documents, and everything that is wrong with any of them."""
    collector = _Collector(suggester)
    for document in documents:
        collector.add(document)
    for kind in KINDS:
        collector.problems += _case_twins(collector.entries.of(kind))
    return collector.entries, collector.problems


class _Collector:
    def __init__(self, suggester: Suggester) -> None:
        self._suggester = suggester
        self.entries = Entries()
        self.problems: list[Diagnostic] = []

    def add(self, document: Document) -> None:
        if isinstance(document.data, dict):
            for name, section in document.data.items():
                self._section(document, name, section)
        elif document.data is not None:
            hint = "start with `datasets:`, `finetunes:` or `deployments:`"
            self.problems.append(document.problem("spec.type", "a spec file must be a mapping", hint=hint))

    def _section(self, document: Document, name: str, section: Any) -> None:
        kind = SECTIONS.get(name)
        if kind is None:
            hint = self._suggester.hint(name, SECTIONS)
            summary = f"unknown key `{name[:64]}`"
            self.problems.append(document.problem("spec.unknown-key", summary, (name,), key=True, hint=hint))
        elif isinstance(section, dict):
            own = self._entries(document, kind, section)
            explained = self._validate(document, kind, section, own)
            self._check_rules([entry for name, entry in own.items() if type(section[name]) is dict], explained)
        elif section is not None:
            summary = f"`{name}` must be a mapping of names to entries"
            self.problems.append(document.problem("spec.type", summary, (name,)))

    def _entries(self, document: Document, kind: Kind, section: dict[str, Any]) -> dict[str, Entry]:
        """The section's entries, taken up unless another file has them already."""
        declared = self.entries.of(kind)
        own: dict[str, Entry] = {}
        marks = document.marks(f"{kind}s")
        for name, data in section.items():
            try:
                address = Address(kind, name)
            except ValueError:
                summary = "an entry's name is made of letters, digits, `.`, `_` and `-`, at most 64"
                self.problems.append(document.problem("spec.bad-name", summary, (f"{kind}s", name), key=True))
                continue
            mark = marks[name][0]
            position = Position(document.file, mark.line + 1, mark.column + 1)
            entry = Entry(address, data if type(data) is dict else {}, document, position)
            own[name] = entry
            first = declared.setdefault(name, entry)
            if first is not entry:
                summary = f"{entry.address} is declared twice, first at {first.position}"
                hint = "rename or remove one"
                self.problems.append(entry.problem("spec.duplicate-name", summary, key=True, hint=hint))
        return own

    def _validate(self, document: Document, kind: Kind, section: dict[str, Any], own: dict[str, Entry]) -> Explained:
        """Gives the entries that keep to the schema their specs."""

        def naming(path: Path) -> tuple[Address | None, int]:
            entry = own.get(str(path[1])) if len(path) > 1 else None
            return (entry.address, 2) if entry else (None, min(len(path), 2))

        prefix = (f"{kind}s",)
        if document.nulls:
            self.problems += [empty_value(document, path, naming) for path in forgotten(prefix, section)]
        adapter = _adapter(kind)
        explained = Explained()
        try:
            specs = adapter.validate_python(section)
        except ValidationError as error:
            shape = Shape(document, prefix, _SECTION_TYPES[kind], naming, self._suggester)
            explained = explain(error, shape)
            self.problems += explained.problems
            broken = {item["loc"][0] for item in error.errors(include_url=False, include_input=False)}
            specs = adapter.validate_python({name: data for name, data in section.items() if name not in broken})
        for name, spec in specs.items():
            if name in own:
                own[name].spec = spec
        return explained

    def _check_rules(self, own: Sequence[Entry], explained: Explained) -> None:
        for entry in own:
            for violation in violations(entry.address.kind, entry.data):
                intended = any((*entry.path, key) in explained.intended for key in violation.wanted)
                if not intended and (*entry.path, *violation.path) not in explained.wrong:
                    self.problems.append(
                        entry.problem(
                            violation.code, violation.summary, violation.path, key=violation.on_key, hint=violation.hint
                        )
                    )


_SECTION_TYPES: Mapping[Kind, Any] = {
    "dataset": dict[str, DatasetSpec],
    "finetune": dict[str, FinetuneSpec],
    "deployment": dict[str, DeploymentSpec],
}


@cache
def _adapter(kind: Kind) -> TypeAdapter[dict[str, Spec]]:
    return TypeAdapter(_SECTION_TYPES[kind])


def _case_twins(entries: Mapping[str, Entry]) -> Iterator[Diagnostic]:
    folded: dict[str, Entry] = {}
    for entry in entries.values():
        first = folded.setdefault(entry.address.name.casefold(), entry)
        if first is not entry:
            summary = f"{entry.address} and {first.address} differ only in upper and lower case"
            detail = f"The other one is at {first.position}"
            yield entry.problem("spec.case-twin", summary, key=True, hint="rename one of them", detail=detail)
