"""The plan's JSON is a contract: it reads back whole, its digests hold, and tampering shows."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.core.address import Address, Node
from ftops.core.change import Action, Cause, Change, Cost, Effect, FieldChange
from ftops.core.diagnostic import Diagnostic, Position
from ftops.core.plan import Base, Plan

TRAIN = Change(
    Address("finetune", "support-v1"),
    "main",
    Action.REPLACE,
    Cause.SPEC,
    reason="training file content changed: 412 → 431 rows",
    fields=(FieldChange("training", "3f2a9c1b7d40", "77ab01c2d3e4", Effect.TRAINING, "412 → 431 rows"),),
    needs=(Node(Address("dataset", "support-train"), "main"),),
    cost=Cost(once_usd=12.4, once_usd_max=14.0, monthly_usd=0.0, basis="table 2026-11"),
)
KEPT = Change(Address("dataset", "support-train"), "main", Action.KEEP)


def plan_of(*changes: Change, **fields: Any) -> Plan:
    return Plan(
        project="support-bots",
        environment="prod",
        tool="ftops 0.1.0",
        base=Base("s1", "l1", 7, {"main": "/subscriptions/x"}, "o1"),
        changes=tuple(sorted(changes, key=lambda c: (c.node, c.subject))),
        **fields,
    )


def test_a_plan_reads_back_whole_after_json() -> None:
    diagnostic = Diagnostic("warning", "dataset.unused", "unused", position=Position("specs/a.yaml", 3, 5))
    plan = plan_of(TRAIN, KEPT, diagnostics=(diagnostic,))
    text = json.dumps(plan.to_document(created_at="2026-11-22T10:00:00Z"))
    assert Plan.from_document(json.loads(text)) == plan


def test_the_summary_counts_a_replaced_finetune_as_one_to_train() -> None:
    assert plan_of(TRAIN, KEPT).summary == {
        "upload": 0, "train": 1, "deploy": 0, "update": 0, "delete": 0,
        "adopt": 0, "wait": 0, "blocked": 0, "unchanged": 1,
    }  # fmt: skip


def test_one_unknown_cost_makes_the_total_unknown() -> None:
    unknown = Change(Address("finetune", "other"), "main", Action.CREATE, Cause.SPEC, cost=Cost())
    assert plan_of(TRAIN).cost.once_usd == 12.4
    assert plan_of(TRAIN, unknown).cost.once_usd is None


def test_when_it_was_made_is_in_no_digest() -> None:
    plan = plan_of(TRAIN)
    morning, evening = plan.to_document(created_at="08:00"), plan.to_document(created_at="20:00")
    assert morning["digest"] == evening["digest"] == plan.digest


def test_the_intent_is_equal_on_machines_that_saw_different_things() -> None:
    here = plan_of(TRAIN)
    there = Plan(here.project, here.environment, here.tool, Base("s1", "other", 99, {}, "o2"), here.changes)
    assert here.intent_digest == there.intent_digest
    assert here.digest != there.digest


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [path]


DOCUMENT = plan_of(TRAIN, KEPT).to_document(created_at="2026-11-22T10:00:00Z")


@given(
    st.sampled_from([leaf for leaf in _leaves(DOCUMENT) if leaf != ("created_at",)]), st.sampled_from(["x", 3, None])
)
def test_altering_any_value_is_noticed(leaf: tuple[Any, ...], value: Any) -> None:
    altered = copy.deepcopy(DOCUMENT)
    place: Any = altered
    for part in leaf[:-1]:
        place = place[part]
    if place[leaf[-1]] == value:
        return
    place[leaf[-1]] = value
    with pytest.raises(
        ValueError, match=r"digest|not a plan|format|unknown kind|not an address|impossible|is not a valid"
    ):
        Plan.from_document(altered)


@pytest.mark.parametrize(
    "broken", [{}, {"format": "ftops.plan/1"}, {"format": "other"}, {"format": "ftops.plan/1", "base": 3}]
)
def test_what_is_not_a_plan_is_refused_in_words(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not a plan|format is"):
        Plan.from_document(broken)
