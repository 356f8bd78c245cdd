"""YAML problems: what can be wrong with the text of a YAML file, placed, and in words for people."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from ftops.loader.documents import Mark


class Place(NamedTuple):
    line: int
    column: int


class YamlProblem(Exception):
    """What ends the reading of a file, or (collected) what is wrong with one key. Never leaves the loader."""

    def __init__(self, code: str, summary: str, mark: Mark, hint: str = "") -> None:
        super().__init__(summary)
        self.code, self.summary, self.mark, self.hint = code, summary, mark, hint


class _Words(NamedTuple):
    """`part` of libyaml's or PyYAML's words (they differ a little), and ours.

    With `opened`, the place is where the thing that is not closed was opened.
    """

    part: str
    summary: str
    hint: str
    opened: bool = False
    code: str = "yaml.syntax"


#: First match wins.
_SYNTAX: tuple[_Words, ...] = (
    _Words("found unexpected end of stream", "a quotation is not closed", "close it with the same mark", opened=True),
    _Words("while parsing a flow mapping", "a `{` is not closed", "close it with `}`, with commas inside", opened=True),
    _Words(
        "while parsing a flow sequence", "a `[` is not closed", "close it with `]`, with commas inside", opened=True
    ),
    _Words("mapping values are not allowed", "a `:` stands where no key can be", "quote a text that contains `: `"),
    _Words("could not find expected ':'", "a line is neither a key with a `:` nor part of a value", "add the `:`"),
    _Words("expected <block end>", "the indentation does not fit", "align the keys of one mapping exactly"),
    _Words("did not find expected key", "the indentation does not fit", "align the keys of one mapping exactly"),
    _Words("expected '-' indicator", "the indentation does not fit", "align the `-` of one list exactly"),
    _Words(
        "<document start>", "a second document starts here", "write one document a file", code="yaml.several-documents"
    ),
    _Words("node content", "a value is missing, or a bracket closes nothing", "write a value, or put quotes around it"),
    _Words("escape c", "a backslash escape is unknown", "double the backslash, or use single quotes"),
    _Words("hexdecimal", "a backslash escape is unknown", "double the backslash, or use single quotes"),
    _Words("escape sequence", "a backslash escape is unknown", "double the backslash, or use single quotes"),
    _Words("found character", "a character cannot start a value here", "put quotes around the text"),
)


def syntax_problem(text: str, error: yaml.YAMLError) -> YamlProblem:
    """The parser's complaint about `text` in our words, at the place where people look first."""
    mark: Mark = Place(0, 0)
    words = ""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark or mark
        words = f"{error.problem or ''} {error.context or ''}"
    lines = text.splitlines() or [""]
    if mark.line >= len(lines):  # the parser noticed at the end of the file
        mark = Place(len(lines) - 1, len(lines[-1]))
    line = lines[mark.line]
    tab = re.match(" *\t", line)
    if tab:
        place = Place(mark.line, tab.end() - 1)
        return YamlProblem("yaml.tab", "a tab stands where YAML wants spaces", place, "indent with spaces")
    for known in _SYNTAX:
        if known.part in words:
            if known.opened:
                mark = getattr(error, "context_mark", None) or mark
            return YamlProblem(known.code, known.summary, mark, known.hint)
    return YamlProblem("yaml.syntax", "the text is not YAML here", mark, "check quotes, brackets and indentation")
