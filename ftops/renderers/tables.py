"""Plain tables. In: headings and rows of text. Out: aligned lines, the same on every terminal.

Columns are as wide as their widest cell; nothing is cut, so that a name can always be copied from the output.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ftops.renderers.palette import PLAIN, Palette
from ftops.renderers.safe import redact, safe

_GAP = "  "


def render_table(headings: Sequence[str], rows: Sequence[Sequence[object]], palette: Palette = PLAIN) -> str:
    """Headings in capitals, then the rows; an empty cell (None or "") is shown as `-`."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(headings, *cells, strict=True)]
    head = palette.paint("faint", _line([heading.upper() for heading in headings], widths))
    return "\n".join([head, *(_line(row, widths) for row in cells)])


def render_pairs(pairs: Sequence[tuple[str, object]], palette: Palette = PLAIN) -> str:
    """`name  value` lines; pairs without a value are left out."""
    told = [(name, _cell(value)) for name, value in pairs if value not in (None, "", ())]
    width = max((len(name) for name, _ in told), default=0)
    return "\n".join(f"{palette.paint('faint', name.ljust(width))}{_GAP}{value}" for name, value in told)


def cell_width(text: str) -> int:
    """Terminal cells: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cell(value: object) -> str:
    return redact(safe(value)) if value not in (None, "") else "-"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - cell_width(cell)) for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join(padded).rstrip()
