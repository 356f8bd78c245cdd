"""House numbers: a module of ftops stays under 400 lines, a function under 60, workspace.py under 200.

`make check` runs it; prints every module and function that is too long, and exits 1 when there is one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 400
FUNCTION_LINES = 60
#: The composition root decides nothing, so it has no reason to grow.
MODULE_LINES_OF = {"ftops/workspace.py": 200}


def too_long(root: Path) -> Iterator[str]:
    """One sentence for each module and function of `root`/ftops that is longer than allowed."""
    for path in sorted((root / "ftops").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        lines, allowed = text.count("\n"), MODULE_LINES_OF.get(name, MODULE_LINES)
        if lines > allowed:
            yield f"{name}: {lines} lines, {allowed} at most"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{name}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} at most"


if __name__ == "__main__":
    findings = list(too_long(ROOT))
    print("\n".join(findings) or "Sizes: every module and function keeps to the house numbers.")
    sys.exit(bool(findings))
