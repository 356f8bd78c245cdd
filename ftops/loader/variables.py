"""Variables: `${var.NAME}` in values of specs. A value that is exactly one keeps its type; embedded, it is text.

Replaced after parsing, so a value can never become syntax; what was put in is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ftops.core.diagnostic import Diagnostic
from ftops.loader.documents import Document
from ftops.loader.suggestions import Suggester

NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_NAME = re.compile(NAME)
_OPENING = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")

Path = tuple[str | int, ...]


class _Unusable(Exception):
    def __init__(self, code: str, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.code, self.summary, self.hint = code, summary, hint


def valid_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def replace_variables(document: Document, variables: Mapping[str, Any], declared: frozenset[str]) -> list[Diagnostic]:
    """Replaces variables in the document's data, in place. Returns what could not be replaced.

    `variables` holds the values; `declared` also the names that have none.
    """
    if "${" not in document.text or not isinstance(document.data, dict | list):
        return []
    return _Replacement(document, variables, declared).run()


def refuse_variables(document: Document) -> list[Diagnostic]:
    """A Diagnostic for every variable in a document that may not have any (ftops.yaml)."""
    if "${" not in document.text or not isinstance(document.data, dict | list):
        return []
    return [
        document.problem("variable.not-here", "ftops.yaml holds plain values, no variables", path, hint="write it out")
        for path, text in _texts(document.data)
        if _OPENING.search(text)
    ]


def without_consequences(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without what is only said because a variable in the same place could not be replaced."""
    problems = list(problems)
    places = {problem.position for problem in problems if problem.code.startswith("variable.")}
    return [problem for problem in problems if problem.code.startswith("variable.") or problem.position not in places]


class _Replacement:
    def __init__(self, document: Document, variables: Mapping[str, Any], declared: frozenset[str]) -> None:
        self._document = document
        self._variables = variables
        self._declared = declared
        self._suggester = Suggester()
        self._problems: list[Diagnostic] = []

    def run(self) -> list[Diagnostic]:
        self._check_keys()
        for path, text in list(_texts(self._document.data)):
            if "${" not in text:
                continue
            try:
                value = self._value(text)
            except _Unusable as problem:
                self._problems.append(self._document.problem(problem.code, problem.summary, path, hint=problem.hint))
            else:
                _put(self._document.data, path, value)
        return self._problems

    def _check_keys(self) -> None:
        for path in _keys(self._document.data):
            if _OPENING.search(str(path[-1])):
                summary = "variables stand in values, never in keys"
                self._problems.append(self._document.problem("variable.not-here", summary, path, key=True))

    def _value(self, text: str) -> Any:
        whole = _OPENING.fullmatch(text)
        if whole and whole.group(0) != "$${":
            return self._look_up(whole)
        return _OPENING.sub(self._embedded, text)

    def _embedded(self, found: re.Match[str]) -> str:
        if found.group(0) == "$${":
            return "${"
        value = self._look_up(found)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise _Unusable("variable.not-text", "a variable embedded in a text is not a text or number", "use it alone")

    def _look_up(self, found: re.Match[str]) -> Any:
        prefix, _, name = found.group(1).partition(".")
        if prefix != "var" or not found.group(2) or not valid_name(name):
            hint = "write ${var.NAME}; $${ writes ${ literally"
            raise _Unusable("variable.syntax", "`${` opens something else than a variable", hint)
        if name not in self._variables:
            raise _Unusable("variable.undefined", f"the variable `{name}` has no value", self._undefined_hint(name))
        return self._variables[name]

    def _undefined_hint(self, name: str) -> str:
        if name in self._declared:
            return f"give it one with --var {name}=VALUE, or a default in ftops.yaml"
        close = self._suggester.closest(name, self._declared)
        return f"did you mean `{close}`?" if close else "declare it under `variables` in ftops.yaml"


def _texts(root: Any) -> list[tuple[Path, str]]:
    return [(path, value) for path, value in _values(root) if type(value) is str]


def _keys(root: Any) -> list[Path]:
    return [path for path, _ in _values(root) if type(path[-1]) is str]


def _values(root: Any) -> list[tuple[Path, Any]]:
    found: list[tuple[Path, Any]] = []
    left: list[tuple[Path, Any]] = [((), root)]
    while left:
        path, container = left.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in items:
            place = (*path, key)
            found.append((place, value))
            if isinstance(value, dict | list):
                left.append((place, value))
    return found


def _put(root: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        root = root[part]
    root[path[-1]] = value
