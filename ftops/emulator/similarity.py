"""How alike two texts are: the metrics of `text_similarity` that the standard library can compute honestly.

In: a text and its reference. Out: a number from 0 to 1. Words are runs of letters and digits, without case. `meteor`
and `cosine` need word lists or a model and are not here: `COMPUTED` lacks them, `METRICS` names them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

_WORD: Final = re.compile(r"\w+")
_GRAM_MAX: Final = 4
_TEXT_MAX: Final = 20_000  # characters looked at: these comparisons take quadratic time


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_TEXT_MAX].lower())


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def _fuzzy_match(text: str, reference: str) -> float:
    """The share of characters in common, in order."""
    from difflib import SequenceMatcher  # rarely needed, and slow to load

    left, right = text[:_TEXT_MAX].lower(), reference[:_TEXT_MAX].lower()
    return SequenceMatcher(None, left, right, autojunk=len(left) + len(right) > 4000).ratio()


def _bleu(text: str, reference: str) -> float:
    """Precision of 1- to 4-grams, their geometric mean, times the penalty for brevity; sizes the text lacks are left
    out, and a size without a match counts half a match, so that short answers are not all zero."""
    words, wanted = _words(text), _words(reference)
    if not words or not wanted:
        return float(words == wanted)
    logs = []
    for size in range(1, min(_GRAM_MAX, len(words), len(wanted)) + 1):
        given = _grams(words, size)
        common = sum((given & _grams(wanted, size)).values())
        if size == 1 and not common:
            return 0.0
        logs.append(math.log((common or 0.5) / sum(given.values())))
    brevity = min(1.0, math.exp(1 - len(wanted) / len(words)))
    return brevity * math.exp(sum(logs) / len(logs))


def _gleu(text: str, reference: str) -> float:
    """1- to 4-grams in common over the larger number of both sides."""
    words, wanted = _words(text), _words(reference)
    if not words or not wanted:
        return float(words == wanted)
    common = given = asked = 0
    for size in range(1, _GRAM_MAX + 1):
        left, right = _grams(words, size), _grams(wanted, size)
        common += sum((left & right).values())
        given += sum(left.values())
        asked += sum(right.values())
    return common / max(given, asked)


def _rouge(text: str, reference: str, size: int) -> float:
    """The harmonic mean of precision and recall of n-grams."""
    left, right = _grams(_words(text), size), _grams(_words(reference), size)
    if not left or not right:
        return float(_words(text) == _words(reference))
    return _f_measure(sum((left & right).values()), sum(left.values()), sum(right.values()))


def _rouge_l(text: str, reference: str) -> float:
    """The same of the longest common subsequence of words."""
    words, wanted = _words(text), _words(reference)
    if not words or not wanted:
        return float(words == wanted)
    row = [0] * (len(wanted) + 1)
    for word in words:
        before = 0
        for index, other in enumerate(wanted, 1):
            before, row[index] = row[index], before + 1 if word == other else max(row[index], row[index - 1])
    return _f_measure(row[-1], len(words), len(wanted))


def _f_measure(common: int, given: int, asked: int) -> float:
    return 2 * common / (given + asked)


COMPUTED: Final[Mapping[str, Callable[[str, str], float]]] = {
    "fuzzy_match": _fuzzy_match,
    "bleu": _bleu,
    "gleu": _gleu,
    **{f"rouge_{size}": partial(_rouge, size=size) for size in range(1, 6)},
    "rouge_l": _rouge_l,
}
METRICS: Final = (*COMPUTED, "meteor", "cosine")
