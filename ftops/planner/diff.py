"""diff: which fields differ, by path. The one place that knows deepdiff, which is imported only when something differs.

In: two mappings of JSON values that are already known to differ. Out: (path, before, after), sorted by path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

ABSENT = None
"""Stands for "not written" on the side that lacks a key."""


class Difference(NamedTuple):
    """One leaf that differs; `path` joins keys with dots (`hyperparameters.n_epochs`)."""

    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The leaves that differ. Lists are leaves: people read a list as one value."""
    from deepdiff import DeepDiff

    unequal = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    one, other = ({key: _plain(side[key]) for key in unequal if key in side} for side in (before, after))
    tree = DeepDiff(one, other, view="tree", ignore_numeric_type_changes=True)
    found = {}
    for level in (level for kind in tree.values() for level in kind):
        path = level.path(output_format="list")
        keys = path[: next((n for n, key in enumerate(path) if isinstance(key, int)), len(path))]
        found[".".join(keys)] = Difference(".".join(keys), _at(before, keys), _at(after, keys))
    return tuple(found[path] for path in sorted(found))


def _at(values: Mapping[str, Any], keys: list[str]) -> Any:
    value: Any = values
    for key in keys:
        value = value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    return _plain(value)


def _plain(value: Any) -> Any:
    """JSON values only: a plan is read back from JSON and must be equal to itself."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
