"""Diagnostics as text: the problem, the place, the source line with a caret, the way out. In: values. Out: a string.

error[spec.unknown-key]: unknown key `trainng`
  --> specs/a.yaml:12:5
   |
12 |     trainng: support-train
   |     ^
  hint: did you mean `training`?
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import DiagnosticErrors, FtopsError, RemoteError
from ftops.renderers.palette import PLAIN, Palette
from ftops.renderers.safe import redact, safe
from ftops.renderers.tables import cell_width

#: A longer source line is cut around the caret, so that a one-line file does not flood the screen.
EXCERPT_MAX = 160


def render_diagnostics(diagnostics: Iterable[Diagnostic], palette: Palette = PLAIN) -> str:
    """All of them, in order of place, a blank line between."""
    ordered = sorted(diagnostics, key=Diagnostic.sort_key)
    return "\n\n".join(render_diagnostic(diagnostic, palette) for diagnostic in ordered)


def render_diagnostic(diagnostic: Diagnostic, palette: Palette = PLAIN) -> str:
    code = f"[{diagnostic.code}]" if diagnostic.code else ""
    head = palette.paint(diagnostic.severity, f"{diagnostic.severity}{code}")
    lines = [f"{head}: {palette.paint('strong', _text(diagnostic.summary))}"]
    if diagnostic.position is not None:
        lines.append(f"  {palette.paint('faint', '-->')} {safe(diagnostic.position)}")
        if diagnostic.excerpt:
            lines += _excerpt(diagnostic.excerpt, diagnostic.position.line, diagnostic.position.column, palette)
    elif diagnostic.address is not None:
        lines.append(f"  {palette.paint('faint', '-->')} {diagnostic.address}")
    if diagnostic.detail:
        lines += [f"  {line}" for line in redact(safe(diagnostic.detail, lines=True)).splitlines()]
    if diagnostic.hint:
        lines.append(f"  hint: {_text(diagnostic.hint)}")
    return "\n".join(lines)


def diagnostics_of(error: FtopsError) -> tuple[Diagnostic, ...]:
    """What an error says, as diagnostics: its own, or one made of its summary and hint."""
    if isinstance(error, DiagnosticErrors):
        return error.diagnostics
    detail = ""
    if isinstance(error, RemoteError):
        facts = [("status", error.status), ("code", error.code), ("request id", error.request_id)]
        detail = ", ".join(f"{name} {value}" for name, value in facts if value)
    return (Diagnostic("error", _code(error), error.summary, detail=detail, hint=error.hint),)


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as JSON data, in the keys of `ftops.plan/1`."""
    position = diagnostic.position
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "summary": redact(diagnostic.summary),
        "detail": redact(diagnostic.detail),
        "hint": redact(diagnostic.hint),
        "address": str(diagnostic.address) if diagnostic.address else None,
        "file": position.file if position else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
    }


def _text(text: str) -> str:
    return redact(safe(text))


def _code(error: FtopsError) -> str:
    """`LedgerLocked` is told as `ledger-locked`, a RemoteError as `remote.throttled`, a plain one by nothing."""
    if isinstance(error, RemoteError):
        return f"remote.{error.kind}"
    name = type(error).__name__
    if type(error) is FtopsError:
        return ""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-").removesuffix("-error")


def _excerpt(source: str, line: int, column: int, palette: Palette) -> list[str]:
    source = source.rstrip("\r\n")
    start = max(0, column - 1 - EXCERPT_MAX // 2) if len(source) > EXCERPT_MAX else 0
    shown = source[start : start + EXCERPT_MAX]
    before = shown[: max(0, column - 1 - start)]
    cut = "…" if start else ""
    number = str(line)
    gutter = palette.paint("faint", " " * (len(number) + 1) + "|")
    caret = " " * (len(cut) + cell_width(_untabbed(before))) + palette.paint("error", "^")
    text = cut + _untabbed(shown) + ("…" if start + EXCERPT_MAX < len(source) else "")
    return [gutter, f"{palette.paint('faint', f'{number} |')} {redact(text)}".rstrip(), f"{gutter} {caret}"]


def _untabbed(text: str) -> str:
    return safe(text.replace("\t", "    "))
