"""Plan: a value that carries its own completeness, staleness key and reasons. Same inputs, same bytes.

`to_document` and `from_document` are the one JSON form (`ftops.plan/1`): what `-o json` prints, what `--out` saves,
what digests are computed over. Ages, estimates, ports and acts are not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast, get_args

from ftops.core import identity
from ftops.core.address import Address, Node
from ftops.core.change import Action, Cause, Change, Cost, Effect, FieldChange
from ftops.core.diagnostic import Diagnostic, Position, Severity

FORMAT = "ftops.plan/1"
Value = TypeVar("Value", str, int, bool, list[Any], dict[str, Any])
SUMMARY_KEYS = ("upload", "train", "deploy", "update", "delete", "adopt", "wait", "blocked", "unchanged")


@dataclass(frozen=True, slots=True)
class Base:
    """What a plan was made from: the staleness key. No lineage: there was no ledger yet.

    `rests_on` holds what the plan touches and all that this depends on, by node, each with a digest of the things in
    Azure it was decided from; `observed` is one digest over it.
    """

    specs: str = ""
    lineage: str = ""
    seq: int = 0
    accounts: Mapping[str, str] = field(default_factory=dict)
    observed: str = ""
    rests_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every resource and what happens to it. Changes are sorted; `complete` is false when something was unreadable.

    `destroy` and `targets` are what was asked for: a saved plan is recomputed with them.
    """

    project: str
    environment: str
    tool: str
    base: Base
    changes: tuple[Change, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True
    destroy: bool = False
    targets: frozenset[Address] = frozenset()

    def __post_init__(self) -> None:
        keys = [(change.node, change.subject) for change in self.changes]
        assert keys == sorted(keys), "a plan's changes are sorted by address, account and subject"
        assert len(set(keys)) == len(keys), "a plan names each thing once"

    def change_of(self, node: Node, subject: str = "") -> Change | None:
        return next((c for c in self.changes if c.node == node and c.subject == subject), None)

    @property
    def pending(self) -> tuple[Change, ...]:
        """Changes that would write to Azure."""
        return tuple(change for change in self.changes if change.writes)

    @property
    def waiting(self) -> bool:
        return any(change.action is Action.WAIT for change in self.changes)

    @property
    def blocked(self) -> bool:
        return any(change.action is Action.BLOCKED for change in self.changes)

    @property
    def summary(self) -> dict[str, int]:
        """Counts for the last line. A replaced finetune counts as train, a replaced deployment as deploy."""
        counts = Counter(_summary_key(change) for change in self.changes)
        return {key: counts[key] for key in SUMMARY_KEYS}

    @property
    def cost(self) -> Cost:
        """The sum over all changes; unknown when any costing change is unknown."""
        costs = [change.cost for change in self.changes if change.cost is not None]
        return Cost(
            once_usd=_total([c.once_usd for c in costs]),
            once_usd_max=_total([c.once_usd_max for c in costs]),
            monthly_usd=_total([c.monthly_usd for c in costs]),
            basis="; ".join(sorted({c.basis for c in costs if c.basis})),
        )

    @property
    def intent_digest(self) -> str:
        """Actions and specs only: equal on two machines that want the same."""
        intents = [
            [str(c.node), c.subject and "orphan", c.action.value, c.cause and c.cause.value]
            for c in self.changes
            if c.action is not Action.KEEP
        ]
        return identity.digest([FORMAT, self.project, self.environment, self.base.specs, intents])

    @property
    def digest(self) -> str:
        """Everything but `created_at` and the digests themselves."""
        document = self.to_document()
        del document["digest"], document["created_at"]
        return identity.digest(document)

    def to_document(self, *, created_at: str = "") -> dict[str, Any]:
        """The plan as JSON data; `created_at` is an RFC 3339 time from the edge, in no digest."""
        cost = self.cost
        document: dict[str, Any] = {
            "format": FORMAT,
            "tool": self.tool,
            "project": self.project,
            "environment": self.environment,
            "created_at": created_at,
            "digest": "",
            "intent_digest": self.intent_digest,
            "complete": self.complete,
            "destroy": self.destroy,
            "targets": sorted(map(str, self.targets)),
            "base": {
                "specs": self.base.specs,
                "ledger": {"lineage": self.base.lineage, "seq": self.base.seq},
                "accounts": dict(sorted(self.base.accounts.items())),
                "observed": self.base.observed,
                "rests_on": dict(sorted(self.base.rests_on.items())),
            },
            "summary": self.summary,
            "cost": _cost_document(cost),
            "changes": [_change_document(change) for change in self.changes],
            "diagnostics": [_diagnostic_document(d) for d in self.diagnostics],
        }
        body = {key: value for key, value in document.items() if key not in ("digest", "created_at")}
        document["digest"] = identity.digest(body)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """Reads what `to_document` wrote. Raises ValueError when it is anything else, or was altered."""
        try:
            if document["format"] != FORMAT:
                raise ValueError(f"format is {document['format']!r}, expected {FORMAT!r}")
            plan = cls(
                project=_typed(document["project"], str),
                environment=_typed(document["environment"], str),
                tool=_typed(document["tool"], str),
                base=_base_from(document["base"]),
                changes=tuple(_change_from(item) for item in _typed(document["changes"], list)),
                diagnostics=tuple(_diagnostic_from(item) for item in _typed(document["diagnostics"], list)),
                complete=_typed(document["complete"], bool),
                destroy=_typed(document["destroy"], bool),
                targets=frozenset(Address.parse(text) for text in _typed(document["targets"], list)),
            )
            reproduced = plan.to_document(created_at=_typed(document["created_at"], str))
        except (LookupError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
            raise ValueError(f"not a plan ({type(error).__name__} while reading it)") from error
        if reproduced != document:
            raise ValueError("its digest does not match its content: it was altered or cut")
        return plan


def _typed(value: Any, kind: type[Value]) -> Value:
    """A value that JSON has as this and nothing else: a 1 is no true here."""
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected")
    return value


def _texts(mapping: Any) -> dict[str, str]:
    return {name: _typed(value, str) for name, value in _typed(mapping, dict).items()}


def _base_from(item: Mapping[str, Any]) -> Base:
    return Base(
        specs=_typed(item["specs"], str),
        lineage=_typed(item["ledger"]["lineage"], str),
        seq=_typed(item["ledger"]["seq"], int),
        accounts=_texts(item["accounts"]),
        observed=_typed(item["observed"], str),
        rests_on=_texts(item["rests_on"]),
    )


def _summary_key(change: Change) -> str:
    making = change.action in (Action.CREATE, Action.REPLACE)
    if making:
        return {"dataset": "upload", "finetune": "train", "deployment": "deploy"}[change.address.kind]
    if change.action is Action.KEEP or change.action is Action.FORGET:
        return "unchanged"
    return change.action.value


def _total(amounts: list[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return round(sum(known), 6) if len(known) == len(amounts) else None


def _cost_document(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "once_usd": cost.once_usd,
        "once_usd_max": cost.once_usd_max,
        "monthly_usd": cost.monthly_usd,
        "basis": cost.basis,
    }


def _change_document(change: Change) -> dict[str, Any]:
    return {
        "address": str(change.address),
        "account": change.account,
        "subject": change.subject,
        "action": change.action.value,
        "cause": change.cause.value if change.cause else None,
        "reason": change.reason,
        "fields": [
            {"path": f.path, "before": f.before, "after": f.after, "effect": f.effect.value, "note": f.note}
            for f in change.fields
        ],
        "needs": [str(node) for node in change.needs],
        "cost": _cost_document(change.cost),
        "hazards": list(change.hazards),
    }


def _change_from(item: Mapping[str, Any]) -> Change:
    cost = item["cost"]
    return Change(
        address=Address.parse(item["address"]),
        account=_typed(item["account"], str),
        subject=_typed(item["subject"], str),
        action=Action(item["action"]),
        cause=Cause(item["cause"]) if item["cause"] is not None else None,
        reason=_typed(item["reason"], str),
        fields=tuple(
            FieldChange(_typed(f["path"], str), f["before"], f["after"], Effect(f["effect"]), _typed(f["note"], str))
            for f in item["fields"]
        ),
        needs=tuple(Node.parse(text, default_account="") for text in item["needs"]),
        cost=_cost_from(cost) if cost is not None else None,
        hazards=tuple(_typed(hazard, str) for hazard in item["hazards"]),
    )


def _cost_from(item: Mapping[str, Any]) -> Cost:
    amounts = [item[name] for name in ("once_usd", "once_usd_max", "monthly_usd")]
    if any(type(amount) not in (int, float, type(None)) for amount in amounts):
        raise TypeError("number expected")
    return Cost(amounts[0], amounts[1], amounts[2], _typed(item["basis"], str))


def _diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    position = diagnostic.position
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "address": str(diagnostic.address) if diagnostic.address else None,
        "file": position.file if position else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
    }


def _diagnostic_from(item: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        severity=_severity(item["severity"]),
        code=_typed(item["code"], str),
        summary=_typed(item["summary"], str),
        detail=_typed(item["detail"], str),
        hint=_typed(item["hint"], str),
        address=Address.parse(item["address"]) if item["address"] else None,
        position=_position_from(item) if item["file"] is not None else None,
    )


def _position_from(item: Mapping[str, Any]) -> Position:
    return Position(_typed(item["file"], str), _typed(item["line"], int), _typed(item["column"], int))


def _severity(value: Any) -> Severity:
    if value not in get_args(Severity):
        raise ValueError("not a plan: it names a severity that there is not")
    return cast(Severity, value)
