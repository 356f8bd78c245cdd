"""What went wrong, told once and mapped to the exit code. In: an exception. Out: text or JSON, and a number.

Expected problems never show a traceback; an unexpected one is called what it is, a bug, and its message is not shown
because it may hold what somebody else wrote (FTOPS_DEBUG=1 shows it all, with what looks like a secret removed).
"""

from __future__ import annotations

import os

import click

from ftops.cli.console import Console
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import FtopsError
from ftops.renderers.diagnostics import diagnostic_document, diagnostics_of
from ftops.renderers.safe import redact, safe

USAGE = 64
BUG = 1


def report(error: BaseException, console: Console, *, interrupted_code: int = 130) -> int:
    """Tells `error` to the user and gives the exit code."""
    code, diagnostics = _told(error, interrupted_code)
    if console.json:
        body = {"exit_code": code, "diagnostics": [diagnostic_document(d) for d in diagnostics]}
        console.document("ftops.error/1", body)
    else:
        console.diagnostics(diagnostics)
    return code


def _told(error: BaseException, interrupted_code: int) -> tuple[int, tuple[Diagnostic, ...]]:
    if isinstance(error, FtopsError):
        code = interrupted_code if error.exit_code == 130 else error.exit_code
        return code, diagnostics_of(error)
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "ftops"
        summary = " ".join(error.format_message().split()).rstrip(".")  # click breaks lines to list choices
        return USAGE, (Diagnostic("error", "usage", summary, hint=f"`{where} --help` lists what there is"),)
    if isinstance(error, click.ClickException):
        return 1, (Diagnostic("error", "command-line", error.format_message().rstrip(".")),)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return interrupted_code, (Diagnostic("error", "interrupted", "interrupted: nothing was under way"),)
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or type(error).__name__
        return 1, (Diagnostic("error", "system", f"using this machine: {what}"),)
    return BUG, (_bug(error),)


def _bug(error: BaseException) -> Diagnostic:
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    where = f" at {os.path.basename(frame.filename)}:{frame.lineno}" if frame else ""
    detail = ""
    if os.environ.get("FTOPS_DEBUG") == "1":
        detail = redact(safe("".join(traceback.format_exception(error)), lines=True))
    return Diagnostic(
        "error",
        "bug",
        f"{type(error).__name__}{where}: this is a bug in ftops",
        detail=detail,
        hint="" if detail else "FTOPS_DEBUG=1 shows the traceback; please report it",
    )
