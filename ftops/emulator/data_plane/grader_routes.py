"""Graders: validate and run (contract 1.11).

In: a grader, and for a run a sample and an item. Out: the grader as it was understood, or its grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ftops.emulator.exchange import Answer, Call
from ftops.emulator.graders import UnusableGrader, check_grader
from ftops.emulator.grading import Unrunnable, grade, grade_shown
from ftops.emulator.routing import BOTH, Route
from ftops.emulator.wire_errors import invalid_payload


def _validate(call: Call) -> Answer:
    return Answer(payload={"grader": _checked(call, {"grader"})})


def _run(call: Call) -> Answer:
    grader = _checked(call, {"grader", "model_sample", "item", "reference_answer"})
    sample, item = call.fields.get("model_sample"), call.fields.get("item")
    if not isinstance(sample, str):
        raise invalid_payload("model_sample must be a string.", param="model_sample")
    if item is not None and not isinstance(item, dict):
        raise invalid_payload("item must be an object.", param="item")
    try:
        return Answer(payload=grade_shown(grader, grade(grader, sample, item or {})))
    except Unrunnable as why:
        raise invalid_payload(str(why), param="grader") from None


def _checked(call: Call, known: set[str]) -> Mapping[str, Any]:
    for name in call.fields:
        if name not in known:
            raise invalid_payload("The request has a field this operation does not have.", param=name[:64])
    grader = call.fields.get("grader")
    try:
        check_grader(grader)
    except UnusableGrader as unusable:
        raise invalid_payload(str(unusable), param=unusable.field) from None
    assert isinstance(grader, dict), "a checked grader is an object"
    return grader


_SINCE: Final = "2025-04-01"
ROUTES: Final = (
    Route("POST", "fine_tuning/alpha/graders/validate", _validate, BOTH, body="json", since=_SINCE),
    Route("POST", "fine_tuning/alpha/graders/run", _run, BOTH, body="json", since=_SINCE),
)
