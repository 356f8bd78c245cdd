"""A plan as text for people. In: a Plan. Out: a string that is the same on every machine, width and day.

      -/+ finetune/support-v1  replace (spec)  $
          training file content changed: 412 → 431 rows
            training: 3f2a9c1b7d40 → 77ab4c11e0aa (412 → 431 rows)  forces training
          after dataset/support-train

Everything shown comes from the plan; nothing is decided here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from ftops.core.address import Node
from ftops.core.change import UNKNOWN, Action, Change, Cost, Effect, FieldChange
from ftops.core.plan import Plan
from ftops.renderers.palette import PLAIN, Palette, Role
from ftops.renderers.safe import redact, safe

SYMBOLS: dict[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.ADOPT: "^",
    Action.WAIT: "…",
    Action.BLOCKED: "!",
    Action.FORGET: "",
    Action.KEEP: "",
}
NO_CHANGES = "No changes. Azure matches the specs."
NOTHING_LEFT = "No changes. Nothing is left to destroy."
_KIND_ORDER = {"dataset": 0, "finetune": 1, "deployment": 2}
_VALUE_MAX = 72
_HASH = re.compile(r"[0-9a-f]{40,64}")
_MARGIN = " " * 6


@dataclass(frozen=True, slots=True)
class _View:
    """How one plan is shown: its palette, whether accounts are named, which nodes have something to happen."""

    palette: Palette
    accounts: bool
    active: frozenset[Node]

    def name(self, node: Node) -> str:
        return safe(str(node) if self.accounts else str(node.address))


def render_plan(plan: Plan, palette: Palette = PLAIN, *, verbose: bool = False) -> str:
    """The whole plan, last line included. Kept resources are only counted, unless `verbose`."""
    counted_only = {Action.KEEP, Action.ADOPT} if _quiet(plan) else {Action.KEEP}
    shown = [change for change in plan.changes if verbose or change.action not in counted_only]
    parts = []
    if shown:
        title = f"{plan.project}, environment {plan.environment}"
        parts += [palette.paint("strong", safe(title)), "", render_changes(plan, shown, palette), ""]
    if not plan.complete:
        text = "Incomplete: something could not be read, so this plan cannot be applied."
        parts += [palette.paint("error", text), ""]
    parts.append(last_line(plan, palette))
    return "\n".join(parts)


def render_changes(plan: Plan, changes: Sequence[Change], palette: Palette = PLAIN) -> str:
    """`changes` of `plan` in the order in which they would happen, a blank line between."""
    active = frozenset(c.node for c in plan.changes if c.action not in (Action.KEEP, Action.FORGET))
    view = _View(palette, len({c.account for c in plan.changes}) > 1, active)
    return "\n\n".join("\n".join(_change_lines(change, view)) for change in in_order(changes))


def last_line(plan: Plan, palette: Palette = PLAIN) -> str:
    """`Plan: 1 to upload, …` or `No changes. …`: the sentence scripts and people look for."""
    counts = plan.summary
    if _quiet(plan) and plan.destroy:
        return palette.paint("good", NOTHING_LEFT)
    if _quiet(plan):
        recognised = f" ({counts['adopt']} recognised)" if counts["adopt"] else ""
        return palette.paint("good", f"{NO_CHANGES[:-1]}{recognised}.")
    parts = [f"{counts[key]} to {key}" for key in ("upload", "train", "deploy", "update", "delete")]
    parts += [f"{counts[key]} to {key}" for key in ("adopt", "wait") if counts[key]]
    parts += [f"{counts['blocked']} blocked"] if counts["blocked"] else []
    parts.append(f"{counts['unchanged']} unchanged")
    return palette.paint("strong", "Plan:") + f" {', '.join(parts)}.{_cost_sentence(plan)}"


def in_order(changes: Iterable[Change]) -> list[Change]:
    """As they would happen: datasets, finetunes along their chains, deployments; then deletions, in reverse."""
    listed = list(changes)
    depths = _depths(listed)

    def rank(change: Change) -> tuple[bool, int, int, Node, str]:
        going = change.action in (Action.DELETE, Action.FORGET)
        kind = _KIND_ORDER[change.address.kind]
        return (going, -kind if going else kind, depths.get(change.node, 0), change.node, change.subject)

    return sorted(listed, key=rank)


def change_head(change: Change, name: str, palette: Palette = PLAIN) -> str:
    """`  ~   deployment/support-bot  update (drift)`."""
    role: Role = change.action.value
    cause = f" ({change.cause.value})" if change.cause else ""
    subject = f" [{safe(change.subject)}]" if change.subject else ""
    symbol = palette.paint(role, f"{SYMBOLS[change.action]:<3}")
    costs = "  $" if costing(change) else ""
    return (
        f"  {symbol} {palette.paint('strong', name)}{subject}  {palette.paint(role, change.action.value)}{cause}{costs}"
    )


def costing(change: Change) -> bool:
    """Whether doing it costs money: training always does, the rest when the plan gives it a price or cannot tell."""
    if not change.writes or change.action is Action.DELETE:
        return False
    if change.address.kind == "finetune":
        return True
    cost = change.cost
    return cost is not None and any(amount != 0 for amount in (cost.once_usd, cost.monthly_usd))


def dollars(amount: float) -> str:
    """`$12.40`, `$1,224`: cents only below a hundred."""
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    return f"{sign}${size:,.2f}" if size < 100 else f"{sign}${size:,.0f}"


def _quiet(plan: Plan) -> bool:
    """Nothing will be written, waited for or refused: the plan has no changes."""
    return plan.complete and not (plan.pending or plan.waiting or plan.blocked)


def _depths(changes: list[Change]) -> dict[Node, int]:
    """How far down its chain each entry stands. Only links within one kind count: kinds are ordered as such."""
    links = {
        change.node: {need for need in change.needs if need.address.kind == change.address.kind}
        for change in changes
        if not change.subject
    }
    depths: dict[Node, int] = {}
    for node in TopologicalSorter(links).static_order():
        depths[node] = 1 + max((depths[need] for need in links.get(node, ())), default=-1)
    return depths


def _change_lines(change: Change, view: _View) -> list[str]:
    paint = view.palette.paint
    lines = [change_head(change, view.name(change.node), view.palette)]
    if change.reason:
        lines.append(_MARGIN + redact(safe(change.reason)))
    lines += [f"{_MARGIN}  {_field_line(field, view.palette)}" for field in change.fields]
    after = [view.name(need) for need in change.needs if need in view.active]
    if after and change.action is not Action.KEEP:
        lines.append(_MARGIN + paint("faint", f"after {', '.join(after)}"))
    cost = _cost_words(change.cost) if change.cost else ""
    if cost:
        lines.append(f"{_MARGIN}costs {cost}")
    lines += [f"{_MARGIN}{paint('warning', 'hazard')}: {safe(hazard)}" for hazard in change.hazards]
    return lines


def _field_line(field: FieldChange, palette: Palette) -> str:
    if field.before is None and field.effect is Effect.IN_PLACE:
        values = show_value(field.after)
    else:
        values = f"{show_value(field.before)} → {show_value(field.after)}"
    note = f" ({safe(field.note)})" if field.note else ""
    effect = "" if field.effect is Effect.IN_PLACE else "  " + palette.paint("replace", field.effect.value)
    return f"{safe(field.path)}: {values}{note}{effect}"


def show_value(value: Any) -> str:
    """A field's value in one short line: hashes cut to 12 digits, None as `(none)`, containers as JSON."""
    if value is None:
        return "(none)"
    if isinstance(value, str):
        if value == UNKNOWN:
            return value
        if _HASH.fullmatch(value):
            return value[:12]
        text = redact(safe(value)) or '""'
    else:
        text = redact(safe(json.dumps(value, ensure_ascii=False, sort_keys=True)))
    return text if len(text) <= _VALUE_MAX else text[: _VALUE_MAX - 1] + "…"


def _cost_sentence(plan: Plan) -> str:
    if not any(change.cost for change in plan.changes):
        return ""
    words = _cost_words(plan.cost)
    return f" Cost: {words}." if words else ""


def _cost_words(cost: Cost) -> str:
    words = []
    if cost.once_usd is not None and (cost.once_usd or not cost.monthly_usd):
        words.append(f"about {dollars(cost.once_usd)} now")
    if cost.monthly_usd:
        plus = "+" if cost.monthly_usd > 0 else ""
        words.append(f"{plus}{dollars(cost.monthly_usd)}/month")
    return ", ".join(words)
