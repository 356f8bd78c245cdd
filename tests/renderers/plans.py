"""Plans for the goldens of this folder, built by hand from core values."""

from __future__ import annotations

from ftops.core.address import Address, Node
from ftops.core.change import UNKNOWN, Action, Cause, Change, Cost, Effect, FieldChange
from ftops.core.plan import Base, Plan


def node(text: str, account: str = "main") -> Node:
    return Node(Address.parse(text), account)


def change(text: str, action: Action, cause: Cause | None = None, *, account: str = "main", **more: object) -> Change:
    return Change(Address.parse(text), account, action, cause, **more)  # type: ignore[arg-type]


def plan_of(*changes: Change, complete: bool = True) -> Plan:
    ordered = tuple(sorted(changes, key=lambda c: (c.node, c.subject)))
    return Plan("support-bots", "default", "ftops 0.1.0", Base(), ordered, complete=complete)


def chain_edit() -> Plan:
    """The first dataset of a chain was edited; a deployment was scaled by somebody at the same time."""
    return plan_of(
        change(
            "dataset/support-train", Action.CREATE, Cause.SPEC, reason="no upload of this content is in the account"
        ),
        change("dataset/tickets", Action.KEEP),
        change(
            "dataset/support-train",
            Action.DELETE,
            Cause.ORPHAN,
            subject="file-0a1b",
            reason="nothing needs the older content any more",
            needs=(node("finetune/support-v1"),),
        ),
        change(
            "finetune/support-v1",
            Action.REPLACE,
            Cause.SPEC,
            reason="training file content changed: 412 → 431 rows",
            fields=(
                FieldChange(
                    "training", "3f2a9c1b7d40" + "0" * 52, "77ab4c11e0aa" + "0" * 52, Effect.TRAINING, "412 → 431 rows"
                ),
            ),
            needs=(node("dataset/support-train"),),
        ),
        change(
            "finetune/support-v2",
            Action.REPLACE,
            Cause.DEPENDENCY,
            reason="finetune/support-v1 is trained anew",
            needs=(node("dataset/tickets"), node("finetune/support-v1")),
        ),
        change(
            "deployment/support-bot",
            Action.REPLACE,
            Cause.DEPENDENCY,
            fields=(FieldChange("model", "gpt-4o-mini.ft-1", UNKNOWN, Effect.REPLACEMENT),),
            needs=(node("finetune/support-v2"),),
        ),
        change(
            "deployment/plain",
            Action.UPDATE,
            Cause.DRIFT,
            reason="capacity was changed outside of ftops",
            fields=(FieldChange("capacity", 50, 20, Effect.IN_PLACE),),
        ),
    )


def priced() -> Plan:
    return plan_of(
        change("finetune/support-v1", Action.CREATE, Cause.SPEC, cost=Cost(12.4, 14.0, 0.0, "prices of 2026-11-01")),
        change("deployment/support-bot", Action.CREATE, Cause.SPEC, cost=Cost(0.0, 0.0, 1224.0, "hosting")),
    )
