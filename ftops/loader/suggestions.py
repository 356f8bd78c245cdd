"""Suggestions: did you mean. Bounded, so that ten thousand mistakes among ten thousand names stay quick."""

from __future__ import annotations

from collections.abc import Collection

_COMPARISONS_MAX = 50_000


class Suggester:
    """Closest names, as long as its budget of comparisons lasts."""

    def __init__(self) -> None:
        self._left = _COMPARISONS_MAX

    def closest(self, written: str, known: Collection[str]) -> str | None:
        """The known name that was probably meant."""
        if len(written) > 64:
            return None
        self._left -= len(known)
        if self._left < 0:
            return None
        folded = {name.casefold(): name for name in known}
        if written.casefold() in folded:
            return folded[written.casefold()]
        import difflib

        close = difflib.get_close_matches(written.casefold(), folded, n=1, cutoff=0.6)
        return folded[close[0]] if close else None

    def hint(self, written: str, known: Collection[str]) -> str:
        """`did you mean ...?`, or what there is when it is little, or nothing."""
        close = self.closest(written, known)
        if close is not None:
            return f"did you mean `{close}`?"
        if 0 < len(known) <= 12:
            return "known: " + ", ".join(f"`{name}`" for name in sorted(known))
        return ""
