"""What people see of a plan, letter by letter."""

from __future__ import annotations

import random

import pytest

from ftops.core.change import Action, Cause, Cost, Effect, FieldChange
from ftops.core.plan import Plan
from ftops.renderers.palette import Palette
from ftops.renderers.terminal import dollars, in_order, last_line, render_plan, show_value
from tests.renderers.plans import chain_edit, change, node, plan_of, priced

CHAIN_EDIT = """\
support-bots, environment default

  +   dataset/support-train  create (spec)
      no upload of this content is in the account

  -/+ finetune/support-v1  replace (spec)  $
      training file content changed: 412 → 431 rows
        training: 3f2a9c1b7d40 → 77ab4c11e0aa (412 → 431 rows)  forces training
      after dataset/support-train

  -/+ finetune/support-v2  replace (dependency)  $
      finetune/support-v1 is trained anew
      after finetune/support-v1

  ~   deployment/plain  update (drift)
      capacity was changed outside of ftops
        capacity: 50 → 20

  -/+ deployment/support-bot  replace (dependency)
        model: gpt-4o-mini.ft-1 → (known after apply)  forces replacement
      after finetune/support-v2

  -   dataset/support-train [file-0a1b]  delete (orphan)
      nothing needs the older content any more
      after finetune/support-v1

Plan: 1 to upload, 2 to train, 1 to deploy, 1 to update, 1 to delete, 1 unchanged."""


def test_a_plan_tells_what_happens_why_and_after_what():
    assert render_plan(chain_edit()) == CHAIN_EDIT


def test_colours_only_add_escape_codes():
    painted = render_plan(chain_edit(), Palette(enabled=True))

    assert "\x1b[35m-/+" in painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"):
        painted = painted.replace(code, "")
    assert painted == CHAIN_EDIT


def test_kept_resources_are_counted_and_shown_only_when_asked_for():
    plan = plan_of(change("dataset/tickets", Action.KEEP), change("dataset/new", Action.CREATE, Cause.SPEC))

    assert "dataset/tickets" not in render_plan(plan)
    assert "      dataset/tickets  keep" in render_plan(plan, verbose=True)


def test_a_plan_without_changes_is_one_sentence():
    assert render_plan(plan_of(change("dataset/a", Action.KEEP))) == "No changes. Azure matches the specs."


def test_what_a_fresh_ledger_took_up_is_told_in_the_same_sentence():
    plan = plan_of(*(change(f"finetune/v{number}", Action.ADOPT, Cause.SPEC) for number in range(7)))

    assert render_plan(plan) == "No changes. Azure matches the specs (7 recognised)."


def test_an_incomplete_plan_never_says_no_changes():
    text = render_plan(plan_of(change("dataset/a", Action.KEEP), complete=False))

    assert "No changes" not in text
    assert text.startswith("Incomplete: something could not be read, so this plan cannot be applied.")


@pytest.mark.parametrize(
    ("actions", "line"),
    [
        (
            [Action.ADOPT, Action.CREATE],
            "Plan: 0 to upload, 1 to train, 0 to deploy, 0 to update, 0 to delete, 1 to adopt, 0 unchanged.",
        ),
        (
            [Action.WAIT],
            "Plan: 0 to upload, 0 to train, 0 to deploy, 0 to update, 0 to delete, 1 to wait, 0 unchanged.",
        ),
        (
            [Action.BLOCKED, Action.KEEP],
            "Plan: 0 to upload, 0 to train, 0 to deploy, 0 to update, 0 to delete, 1 blocked, 1 unchanged.",
        ),
    ],
)
def test_adopt_wait_and_blocked_are_counted_only_when_there_are_any(actions: list[Action], line: str):
    plan = plan_of(*(change(f"finetune/f{n}", action, Cause.SPEC) for n, action in enumerate(actions)))

    assert last_line(plan) == line


def test_a_known_cost_ends_the_last_line():
    assert last_line(priced()) == (
        "Plan: 0 to upload, 1 to train, 1 to deploy, 0 to update, 0 to delete, 0 unchanged. "
        "Cost: about $12.40 now, +$1,224/month."
    )


def test_an_unknown_cost_is_not_made_up():
    plan = plan_of(change("finetune/a", Action.CREATE, Cause.SPEC, cost=Cost()))

    assert last_line(plan).endswith("0 unchanged.")
    assert "finetune/a  create (spec)  $" in render_plan(plan)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "$0.00"), (12.4, "$12.40"), (99.994, "$99.99"), (1224.4, "$1,224"), (-3.5, "-$3.50")]
)
def test_dollars_show_cents_below_a_hundred(amount: float, text: str):
    assert dollars(amount) == text


def test_accounts_are_named_as_soon_as_there_are_two():
    plan = plan_of(
        change("finetune/a", Action.CREATE, Cause.SPEC),
        change("deployment/b", Action.CREATE, Cause.SPEC, account="prod-eu", needs=(node("finetune/a"),)),
    )

    text = render_plan(plan)

    assert "finetune/a@main  create" in text
    assert "deployment/b@prod-eu  create" in text
    assert "after finetune/a@main" in text


def test_changes_are_shown_in_the_order_they_happen_whatever_order_they_come_in():
    changes = list(chain_edit().changes)
    expected = [(str(c.address), c.subject) for c in in_order(changes)]
    for seed in range(10):
        random.Random(seed).shuffle(changes)
        assert [(str(c.address), c.subject) for c in in_order(changes)] == expected


def test_a_chain_is_shown_parents_first_even_when_names_sort_the_other_way():
    plan = plan_of(
        change("finetune/a-last", Action.CREATE, Cause.SPEC, needs=(node("finetune/b-middle"),)),
        change("finetune/b-middle", Action.CREATE, Cause.SPEC, needs=(node("finetune/c-first"),)),
        change("finetune/c-first", Action.CREATE, Cause.SPEC),
    )

    assert [c.address.name for c in in_order(plan.changes)] == ["c-first", "b-middle", "a-last"]


def test_deletions_come_last_and_in_reverse():
    plan = plan_of(
        change("dataset/a", Action.DELETE, Cause.ORPHAN),
        change("deployment/b", Action.DELETE, Cause.ORPHAN),
        change("finetune/c", Action.FORGET, Cause.ORPHAN),
        change("dataset/new", Action.CREATE, Cause.SPEC),
    )

    assert [str(c.address) for c in in_order(plan.changes)] == [
        "dataset/new",
        "deployment/b",
        "finetune/c",
        "dataset/a",
    ]


def test_hazards_and_blocked_reasons_are_told():
    plan = plan_of(
        change("finetune/a", Action.WAIT, Cause.SPEC, hazards=("superseded-while-running",)),
        change("finetune/b", Action.BLOCKED, Cause.DRIFT, reason="its job was cancelled; edit it or set `rerun`"),
    )

    text = render_plan(plan)

    assert "  …   finetune/a  wait (spec)\n      hazard: superseded-while-running" in text
    assert "  !   finetune/b  blocked (drift)\n      its job was cancelled; edit it or set `rerun`" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(none)"),
        ("", '""'),
        (True, "true"),
        (0.1, "0.1"),
        (["b", 1], '["b", 1]'),
        ("a" * 64, "a" * 12),
        ("x" * 100, "x" * 71 + "…"),
    ],
)
def test_values_are_one_short_line(value: object, text: str):
    assert show_value(value) == text


def test_nothing_that_others_wrote_reaches_the_terminal_raw():
    evil = "\x1b[2J\r\u202e\x9b31m\n"
    plan = plan_of(
        change(
            "finetune/a",
            Action.UPDATE,
            Cause.DRIFT,
            reason=evil,
            hazards=(evil,),
            fields=(FieldChange(evil, evil, [evil], Effect.IN_PLACE, evil),),
        ),
        change("dataset/b", Action.DELETE, Cause.ORPHAN, subject=evil, account=evil),
    )

    text = render_plan(Plan(evil, evil, evil, plan.base, plan.changes))

    assert not set(text) & set("\x1b\r\u202e\x9b")
    assert "\\x1b[2J\\x0dU+202E\\x9b31m\\x0a" in text
