"""The formula of a `multi` grader: numbers, names of graders, + - * / ^, and a few functions (contract 3.4).

In: text and a value for every name. Out: a number. A parser of its own: nothing of what a client sends is ever
executed, and both length and depth have a bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|(.))", re.DOTALL)
_LENGTH_MAX: Final = 4096
_DEPTH_MAX: Final = 40
_FUNCTIONS: Final[Mapping[str, tuple[Callable[..., float], int]]] = {  # and how many arguments; 0: one or more
    "min": (min, 0),
    "max": (max, 0),
    "abs": (abs, 1),
    "floor": (math.floor, 1),
    "ceil": (math.ceil, 1),
    "exp": (math.exp, 1),
    "sqrt": (math.sqrt, 1),
    "log": (math.log, 1),
}


class UnusableFormula(ValueError):
    """The text is no formula; the message continues a sentence that names the field."""


class Incalculable(ArithmeticError):
    """The formula has no value for these numbers: a division by zero, the root of a negative number."""


@dataclass(frozen=True)
class _Node:
    """A number, a name, or a function of other nodes."""

    value: float | None = None
    name: str = ""
    function: Callable[..., float] | None = None
    parts: tuple[_Node, ...] = ()

    def calculate(self, values: Mapping[str, float]) -> float:
        if self.function is not None:
            return float(self.function(*(part.calculate(values) for part in self.parts)))
        return values[self.name] if self.value is None else self.value

    def names(self) -> frozenset[str]:
        own = frozenset((self.name,)) if self.name else frozenset[str]()
        return own.union(*(part.names() for part in self.parts))


def names_in(text: str) -> frozenset[str]:
    """The names a formula uses. Raises `UnusableFormula`."""
    return _Parser(text).parsed().names()


def calculate(text: str, values: Mapping[str, float]) -> float:
    """The value of a formula. Raises `UnusableFormula`, `Incalculable`, `KeyError` for a name without a value."""
    node = _Parser(text).parsed()
    try:
        found = node.calculate(values)
    except (ArithmeticError, ValueError, TypeError):
        raise Incalculable("the formula has no value") from None
    if not math.isfinite(found):
        raise Incalculable("the formula has no finite value")
    return found


class _Parser:
    """Recursive descent: sums of products of powers."""

    def __init__(self, text: str) -> None:
        if len(text) > _LENGTH_MAX:
            raise UnusableFormula(f"may have {_LENGTH_MAX} characters at most")
        self._tokens = [match.groups() for match in _TOKEN.finditer(text.rstrip())]
        self._at = 0
        self._depth = 0

    def parsed(self) -> _Node:
        node = self._sum()
        if self._at < len(self._tokens):
            raise UnusableFormula("is not a formula of + - * / ^ and the known functions")
        return node

    def _sum(self) -> _Node:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise UnusableFormula("is nested too deeply")
        node = self._product()
        while (sign := self._symbol()) in ("+", "-"):
            self._at += 1
            node = _Node(function=_add if sign == "+" else _subtract, parts=(node, self._product()))
        self._depth -= 1
        return _bounded(node)

    def _product(self) -> _Node:
        node = self._factor()
        while (sign := self._symbol()) in ("*", "/"):
            self._at += 1
            node = _Node(function=_multiply if sign == "*" else _divide, parts=(node, self._factor()))
        return node

    def _factor(self) -> _Node:
        negative = False
        while self._symbol() in ("+", "-"):
            negative ^= self._symbol() == "-"
            self._at += 1
        node = self._atom()
        if self._symbol() == "^":
            self._at += 1
            self._depth += 1
            if self._depth > _DEPTH_MAX:
                raise UnusableFormula("is nested too deeply")
            node = _Node(function=_power, parts=(node, self._factor()))
            self._depth -= 1
        return _Node(function=_negate, parts=(node,)) if negative else node

    def _atom(self) -> _Node:
        if self._at >= len(self._tokens):
            raise UnusableFormula("ends too early")
        number, name, symbol = self._tokens[self._at]
        self._at += 1
        if number is not None:
            return _Node(value=float(number))
        if name is not None:
            return self._called(name) if self._symbol() == "(" else _Node(name=name)
        if symbol != "(":
            raise UnusableFormula("is not a formula of + - * / ^ and the known functions")
        node = self._sum()
        self._closed()
        return node

    def _called(self, name: str) -> _Node:
        if name not in _FUNCTIONS:
            raise UnusableFormula(f"may only call {', '.join(_FUNCTIONS)}")
        function, count = _FUNCTIONS[name]
        self._at += 1
        parts = [self._sum()]
        while self._symbol() == ",":
            self._at += 1
            parts.append(self._sum())
        self._closed()
        if count and len(parts) != count:
            raise UnusableFormula(f"calls {name} with {len(parts)} arguments, it takes {count}")
        if len(parts) == 1 and not count:
            return parts[0]
        return _Node(function=function, parts=tuple(parts))

    def _closed(self) -> None:
        if self._symbol() != ")":
            raise UnusableFormula("has a bracket that does not close")
        self._at += 1

    def _symbol(self) -> str | None:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else None


def _bounded(node: _Node) -> _Node:
    """The node, unless a chain of operators made it deeper than evaluation should go."""
    depth, below = 0, node
    while below.parts:
        depth, below = depth + 1, below.parts[0]
    if depth > _DEPTH_MAX * 8:
        raise UnusableFormula("has too many operators")
    return node


def _add(left: float, right: float) -> float:
    return left + right


def _subtract(left: float, right: float) -> float:
    return left - right


def _multiply(left: float, right: float) -> float:
    return left * right


def _divide(left: float, right: float) -> float:
    return left / right


def _power(base: float, exponent: float) -> float:
    return math.pow(base, exponent)


def _negate(value: float) -> float:
    return -value
