"""YAML: bytes in, a Document out. Composed from PyYAML's C events, so that positions are kept and nothing is built
before it was counted. Refuses anchors, aliases, merge keys, tags, several documents; resolves scalars by our rules.

Never executes, never recurses, never trusts a length: a hostile file costs at most what `Bounds` allow.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ftops.core.diagnostic import Diagnostic, Position
from ftops.core.errors import SpecErrors
from ftops.loader.documents import Document, Mark, Places, diagnostic
from ftops.loader.scalars import NumberTooLarge, resolve
from ftops.loader.yaml_problems import Place, YamlProblem, syntax_problem

#: Makes an object whose `get_event` gives one event after the other; pure Python where PyYAML lacks libyaml.
EventSource = Callable[[str], Any]
_EVENTS: EventSource = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one file may hold."""

    size_bytes: int = 4 << 20
    nodes: int = 250_000
    depth: int = 32


NORMAL = Bounds()
LARGE = Bounds(size_bytes=256 << 20, nodes=16_000_000)

_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_UNSEEN_CHARACTER = re.compile(f"[{_UNSEEN}]")
_UNSEEN_ASCII = bytes(code for code in range(128) if _UNSEEN_CHARACTER.match(chr(code)))
_MISSING = object()


def read_yaml(file: str, raw: bytes, *, bounds: Bounds = NORMAL, event_source: EventSource = _EVENTS) -> Document:
    """The document in `raw`. Raises SpecErrors with the first syntax error; duplicate keys are in `problems`.

    An empty file is a document whose data is None.
    """
    text = ""
    try:
        if len(raw) > bounds.size_bytes:
            raise YamlProblem(
                "yaml.too-large", f"the file is larger than {bounds.size_bytes >> 20} MiB", Place(0, 0), _LARGER
            )
        text = _decode(raw)
        _refuse_unseen(text)
        composer = _Composer(event_source(text), bounds)
        try:
            data, places = composer.compose()
        except yaml.YAMLError as error:
            raise syntax_problem(text, error) from error
    except YamlProblem as problem:
        raise SpecErrors([_located(Document(file, text, None, Place(0, 0)), problem)]) from problem
    document = Document(file, text, data, places)
    problems = tuple(_located(document, problem) for problem in composer.problems)
    return replace(document, problems=problems, nulls=composer.nulls)


_LARGER = "split it into several files, or allow more with --large"


def _decode(raw: bytes) -> str:
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        utf16 = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        hint = "it looks like UTF-16: save it as UTF-8" if utf16 else "save it as UTF-8"
        place = _end_of(body[: error.start].decode())
        raise YamlProblem("yaml.not-utf8", "the file is not valid UTF-8", place, hint) from error


def _refuse_unseen(text: str) -> None:
    if text.isascii():
        raw = text.encode()
        if len(raw.translate(None, _UNSEEN_ASCII)) == len(raw):
            return
    found = _UNSEEN_CHARACTER.search(text)
    if found:
        what = f"the character U+{ord(found.group()):04X} cannot be seen and is refused"
        raise YamlProblem("yaml.control-character", what, _end_of(text[: found.start()]), "remove it")


def _end_of(text: str) -> Place:
    """The place right behind `text`, with YAML's own line breaks."""
    lines = re.split(r"\r\n|\r|\n", text)
    return Place(len(lines) - 1, len(lines[-1]))


class _Composer:
    """Events in, data and places out, with an explicit stack."""

    def __init__(self, source: Any, bounds: Bounds) -> None:
        self._next = source.get_event
        self._bounds = bounds
        self._known: dict[str, Any] = {}
        self._good_keys: set[str] = set()
        self.problems: list[YamlProblem] = []

    @property
    def nulls(self) -> bool:
        return any(value is None for value in self._known.values())

    def compose(self) -> tuple[Any, Places]:
        self._next()  # the stream's start
        event = self._next()
        if type(event) is StreamEndEvent:
            return None, Place(0, 0)
        self._check_directives(event)
        data, places = self._node()
        self._next()  # the document's end
        event = self._next()
        if type(event) is not StreamEndEvent:
            hint = "write one document a file, without a second `---`"
            raise YamlProblem("yaml.several-documents", "a second document starts here", event.start_mark, hint)
        return data, places

    def _check_directives(self, event: DocumentStartEvent) -> None:
        if event.version or event.tags:
            raise YamlProblem(
                "yaml.tag", "directives are refused", event.start_mark, "remove the line that starts with %"
            )

    def _node(self) -> tuple[Any, Places]:
        # One loop with few calls in it: this is most of the time that `validate` takes.
        get_event, known, good_keys, left = self._next, self._known, self._good_keys, self._bounds.nodes
        roots: list[Any] = []
        root_places: list[Places] = []
        stack: list[tuple[Any, Any, bool]] = []
        container: Any = roots
        children: Any = root_places
        inner: Any = None
        in_mapping = False
        key: str | None = None
        key_mark: Mark = None
        while True:
            event = get_event()
            kind = type(event)
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                container, children, in_mapping = stack.pop()
                if stack:
                    continue
                return roots[0], root_places[0]
            left -= 1
            if event.anchor is not None or event.tag is not None or left < 0:
                self._refuse_node(event, left)
            mark = event.start_mark
            if in_mapping and key is None:
                if kind is not ScalarEvent:
                    raise YamlProblem("yaml.key-not-text", "a key is a list or mapping", mark, _QUOTE_KEY)
                key, key_mark = event.value, mark
                if event.style or key not in good_keys or key in children:
                    self._check_key(event, children)
                continue
            if kind is ScalarEvent:
                places: Places = mark
                text = value = event.value
                if event.style == '"':
                    self._check_seen(text, mark)
                elif not event.style:
                    value = known.get(text, _MISSING)
                    if value is _MISSING:
                        value = self._resolved(text, mark)
            else:
                value, inner = self._open(kind, mark, len(stack))
                places = (mark, inner)
            if in_mapping:
                container[key] = value
                children[key] = (key_mark, places)
                key = None
            else:
                container.append(value)
                children.append(places)
            if kind is not ScalarEvent:
                stack.append((container, children, in_mapping))
                container, children, in_mapping = value, inner, kind is MappingStartEvent
            elif not stack:
                return roots[0], root_places[0]

    def _open(self, kind: type, mark: Mark, depth: int) -> tuple[Any, Any]:
        if depth >= self._bounds.depth:
            raise YamlProblem("yaml.too-deep", f"nested more than {self._bounds.depth} deep", mark)
        return ({}, {}) if kind is MappingStartEvent else ([], [])

    def _resolved(self, text: str, mark: Mark) -> Any:
        try:
            value = resolve(text)
        except NumberTooLarge as error:
            hint = "quote it if it is text"
            raise YamlProblem("yaml.number-too-large", "the number does not fit into 64 bits", mark, hint) from error
        self._known[text] = value
        return value

    def _check_seen(self, text: str, mark: Mark) -> None:
        if text.isprintable():
            return
        found = _UNSEEN_CHARACTER.search(text)
        if found:
            what = f"the text holds an escaped U+{ord(found.group()):04X}, which cannot be seen and is refused"
            raise YamlProblem("yaml.control-character", what, mark, "remove it")

    def _check_key(self, event: ScalarEvent, children: dict[str, tuple[Mark, Places]]) -> None:
        text, mark = event.value, event.start_mark
        if text in children:
            summary = f"the key `{_shown(text)}` stands twice (first in line {children[text][0].line + 1})"
            self.problems.append(YamlProblem("yaml.duplicate-key", summary, mark, "remove one of them"))
        if event.style:
            self._check_seen(text, mark)
        elif text == "<<":
            raise YamlProblem("yaml.anchor", "merge keys are refused", mark, _REPEAT)
        elif type(self._resolved(text, mark)) is str:
            self._good_keys.add(text)
        else:
            self.problems.append(YamlProblem("yaml.key-not-text", "a key is not text", mark, _QUOTE_KEY))

    def _refuse_node(self, event: Any, nodes_left: int) -> None:
        if nodes_left < 0:
            summary = f"the file has more than {self._bounds.nodes:,} nodes"
            raise YamlProblem("yaml.too-large", summary, event.start_mark, _LARGER)
        if event.anchor is not None:
            what = "aliases" if type(event) is AliasEvent else "anchors"
            raise YamlProblem("yaml.anchor", f"{what} are refused", event.start_mark, _REPEAT)
        raise YamlProblem("yaml.tag", "tags are refused", event.start_mark, "remove the word that starts with !")


_QUOTE_KEY = "keys are text: put quotes around it"
_REPEAT = "write the value out where it is needed, or use a variable: ${var.NAME}"


def _shown(text: str) -> str:
    return text if len(text) <= 64 else text[:63] + "…"


def _located(document: Document, problem: YamlProblem) -> Diagnostic:
    position = Position(document.file, problem.mark.line + 1, problem.mark.column + 1)
    return diagnostic(
        problem.code,
        problem.summary,
        hint=problem.hint,
        position=position,
        excerpt=document.excerpt(position.line),
    )
