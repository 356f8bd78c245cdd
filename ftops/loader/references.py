"""References: every name that an entry mentions must be declared, and no finetune may continue itself. All at once.

Works on what was written, so that an entry that breaks the schema elsewhere still has its references checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ftops.core.address import KINDS, Kind
from ftops.core.diagnostic import Diagnostic
from ftops.loader.entries import Entries, Entry
from ftops.loader.suggestions import Suggester

_LINKS: tuple[tuple[Kind, str, Kind], ...] = (
    ("finetune", "training", "dataset"),
    ("finetune", "validation", "dataset"),
    ("finetune", "continues", "finetune"),
    ("deployment", "finetune", "finetune"),
)


def check_references(entries: Entries, accounts: Collection[str], suggester: Suggester) -> Iterator[Diagnostic]:
    """A Diagnostic for every name that is not declared, and one for every circle."""
    for kind, key, wanted in _LINKS:
        declared = entries.of(wanted)
        for entry in entries.of(kind).values():
            name = entry.text(key)
            if name and name not in declared:
                summary = f"there is no {wanted} `{name[:64]}`"
                hint = _hint(entries, name, wanted, suggester)
                yield entry.problem("spec.dangling-reference", summary, (key,), hint=hint)
    for entry in (*entries.finetunes.values(), *entries.deployments.values()):
        alias = entry.text("account")
        if alias and alias not in accounts:
            summary = f"there is no account `{alias[:64]}` in ftops.yaml"
            yield entry.problem("project.unknown-account", summary, ("account",), hint=suggester.hint(alias, accounts))
    yield from _cycles(entries)


def _hint(entries: Entries, name: str, wanted: Kind, suggester: Suggester) -> str:
    prefix, slash, rest = name.partition("/")
    if slash and prefix == wanted and rest in entries.of(wanted):
        return f"write the name alone: `{rest}`"
    for kind in KINDS:
        if kind != wanted and name in entries.of(kind):
            return f"`{name}` is a {kind}; here a {wanted} is named"
    return suggester.hint(name, entries.of(wanted))


def _cycles(entries: Entries) -> Iterator[Diagnostic]:
    finetunes = entries.finetunes
    settled: set[str] = set()
    for start in finetunes:
        trail: list[str] = []
        name: str | None = start
        while name is not None and name not in settled:
            settled.add(name)
            trail.append(name)
            name = _parent(finetunes[name], finetunes)
        if name is not None and name in trail:
            yield _cycle(finetunes, trail[trail.index(name) :])


def _parent(entry: Entry, finetunes: dict[str, Entry]) -> str | None:
    parent = entry.text("continues")
    return parent if parent in finetunes else None


def _cycle(finetunes: dict[str, Entry], circle: list[str]) -> Diagnostic:
    spelled = " → ".join((*circle, circle[0]))
    summary = f"finetunes continue each other in a circle: {spelled}"
    return finetunes[circle[0]].problem("spec.cycle", summary, ("continues",), hint="one of them must name a `model`")
