"""Terraform's single-dash spellings, rewritten before click sees them. In: arguments. Out: arguments.

Only what stands in this list is rewritten, and nothing after `--`: fingers know these, everything else is a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence

_SPELLINGS = frozenset(
    {"-auto-approve", "-destroy", "-detailed-exitcode", "-help", "-out", "-target", "-var", "-version"}
)


def rewrite(arguments: Sequence[str]) -> list[str]:
    """`-out=FILE` becomes `--out=FILE`, and so on."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [_rewritten(argument) for argument in arguments[:end]] + list(arguments[end:])


def _rewritten(argument: str) -> str:
    return f"-{argument}" if argument.partition("=")[0] in _SPELLINGS else argument
