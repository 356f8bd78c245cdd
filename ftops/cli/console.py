"""stdout and stderr of one command. Results go to stdout, talk and diagnostics to stderr, never the other way round.

A reader that went away (`ftops plan | head`) never changes what a command does or how it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from ftops.core.diagnostic import Diagnostic
from ftops.renderers.diagnostics import render_diagnostics
from ftops.renderers.palette import Palette
from ftops.renderers.safe import safe_json

ColorWish = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Console:
    """How one command speaks. `verbosity` is -1 with -q, 0, or the number of -v."""

    json: bool = False
    color: ColorWish = "auto"
    verbosity: int = 0

    @property
    def palette(self) -> Palette:
        """For stdout."""
        return Palette(_colored(self.color, sys.stdout))

    @property
    def error_palette(self) -> Palette:
        """For stderr."""
        return Palette(_colored(self.color, sys.stderr))

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal on which lines may be redrawn."""
        return sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb" and not os.environ.get("CI")

    def result(self, text: str) -> None:
        _write(sys.stdout, text + "\n")

    def document(self, format: str, body: Mapping[str, Any]) -> None:
        """The one JSON document of a command."""
        _write(sys.stdout, safe_json({"format": format, **body}) + "\n")

    def talk(self, text: str = "") -> None:
        """What helps people and no program needs; silent with -q."""
        if self.verbosity >= 0:
            _write(sys.stderr, text + "\n")

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Errors always; warnings unless -q."""
        told = [d for d in diagnostics if d.severity == "error" or self.verbosity >= 0]
        if told:
            _write(sys.stderr, render_diagnostics(told, self.error_palette) + "\n")


def _colored(wish: ColorWish, stream: TextIO) -> bool:
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM", "") != "dumb")


def _write(stream: TextIO, text: str) -> None:
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Points a stream whose reader went away at nothing, so that neither writing nor closing it complains again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
