"""Graders at work: templates filled in, comparisons made, formulas calculated (contract 1.11, 3.4).

In: a checked grader, a sample and an item. Out: a `Grade`. Graders that need a model, a sandbox or a word list are not
pretended: they raise `Unrunnable`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ftops.emulator.formula import Incalculable, calculate
from ftops.emulator.similarity import COMPUTED

_TEMPLATE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_.\[\]-]+)\s*\}\}")
_FLAGS: Final = (
    "formula_parse_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
    "invalid_variable_error",
    "other_error",
    "python_grader_server_error",
    "python_grader_runtime_error",
    "model_grader_server_error",
    "model_grader_refusal_error",
    "model_grader_parse_error",
)
_DETAILS: Final = (
    "python_grader_server_error_type",
    "python_grader_runtime_error_details",
    "model_grader_server_error_details",
)


class Unrunnable(Exception):
    """The emulator cannot run this grader; the text says why."""


class _Failed(Exception):
    """Grading went wrong in a way the answer has a flag for."""


@dataclass(frozen=True)
class Grade:
    """A reward, the rewards of the members of a `multi` grader, and what went wrong."""

    reward: float
    members: Mapping[str, float] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()


def grade(grader: Mapping[str, Any], sample: str, item: Mapping[str, Any]) -> Grade:
    """The grade of a sample. Raises `Unrunnable`."""
    if grader["type"] == "multi":
        return _multi(grader, sample, item)
    try:
        return Grade(_reward(grader, _Scope(sample, item)))
    except _Failed as failed:
        return Grade(0.0, errors=frozenset((str(failed),)))


def grade_shown(grader: Mapping[str, Any], found: Grade) -> dict[str, object]:
    """The answer of the run route."""
    errors: dict[str, object] = {name: name in found.errors for name in _FLAGS}
    return {
        "reward": found.reward,
        "sub_rewards": dict(found.members),
        "metadata": {
            "name": grader["name"],
            "type": grader["type"],
            "errors": errors | dict.fromkeys(_DETAILS),
            "execution_time": 0.001,
            "scores": {**found.members, grader["name"]: found.reward},
            "token_usage": None,
            "sampled_model_name": None,
        },
        "model_grader_token_usage_per_model": {},
    }


def _multi(grader: Mapping[str, Any], sample: str, item: Mapping[str, Any]) -> Grade:
    parts = {key: grade(member, sample, item) for key, member in grader["graders"].items()}
    members = {key: part.reward for key, part in parts.items()}
    errors = frozenset[str]().union(*(part.errors for part in parts.values()))
    try:
        return Grade(calculate(grader["calculate_output"], members), members, errors)
    except Incalculable:
        return Grade(0.0, members, errors | {"other_error"})


def _reward(grader: Mapping[str, Any], scope: _Scope) -> float:
    kind = grader["type"]
    if kind not in ("string_check", "text_similarity"):
        raise Unrunnable(f"This emulator runs no model and no code, so it cannot run a grader of type {kind}.")
    metric = grader.get("evaluation_metric")
    if metric is not None and metric not in COMPUTED:
        raise Unrunnable(f"This emulator cannot compute the evaluation_metric {metric}.")
    given, reference = scope.filled(grader["input"]), scope.filled(grader["reference"])
    if kind == "text_similarity":
        return round(COMPUTED[str(metric)](given, reference), 6)
    operation = grader["operation"]
    if operation == "ilike":
        return float(reference.lower() in given.lower())
    return float({"eq": given == reference, "ne": given != reference, "like": reference in given}[operation])


class _Scope:
    """What templates can name."""

    def __init__(self, sample: str, item: Mapping[str, Any]) -> None:
        self._sample = sample
        self._item = item

    def filled(self, text: str) -> str:
        return _TEMPLATE.sub(lambda match: self._text(match.group(1)), text)

    def _text(self, path: str) -> str:
        value = self._value(path)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def _value(self, path: str) -> object:
        names = path.split(".")
        if names[0] == "item":
            return _inside(self._item, names[1:])
        if names[:2] == ["sample", "output_text"]:
            return _inside(self._sample, names[2:])
        if names[:2] != ["sample", "output_json"]:
            raise _Failed("invalid_variable_error")
        try:
            parsed = json.loads(self._sample)
        except (ValueError, RecursionError):
            raise _Failed("sample_parse_error") from None
        return _inside(parsed, names[2:])


def _inside(value: object, names: list[str]) -> object:
    for name in names:
        if not isinstance(value, Mapping) or name not in value:
            raise _Failed("invalid_variable_error")
        value = value[name]
    return value
