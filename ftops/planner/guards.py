"""guards: the rules that refuse a plan before anything is done, and the only way around each of them.

In: a plan and the three inputs it was made from. Out: one diagnostic for each rule that refuses, with the literal
`--allow` that lets it through. Nothing is decided here about what to do; a refused plan is a correct plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ftops.core.address import Address, Node
from ftops.core.change import Action, Change, Cost
from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.identity import TAG_ENVIRONMENT, TAG_PROJECT, TAG_PROTECT
from ftops.core.observed import Observed
from ftops.core.plan import Plan
from ftops.core.recorded import Recorded
from ftops.planner.identify import deployment_address_of, lookalikes
from ftops.planner.options import Options
from ftops.planner.situation import situate
from ftops.planner.trainings import LOOKALIKE

_NUMBERS = ("max_cost_usd", "max_new_jobs", "max_new_jobs_per_day", "max_deletes")
_SWITCHES = ("unknown_cost", "unshared_ledger", "empty")
_ADDRESSES = ("lookalike", "protected")
_NAMES = (*_NUMBERS, *_SWITCHES, *_ADDRESSES, "absent")


@dataclass(frozen=True, slots=True)
class Allow:
    """What a person lets through on purpose. A number replaces the limit of that name in ftops.yaml."""

    max_cost_usd: float | None = None
    max_new_jobs: int | None = None
    max_new_jobs_per_day: int | None = None
    max_deletes: int | None = None
    unknown_cost: bool = False
    unshared_ledger: bool = False
    empty: bool = False
    lookalike: frozenset[Address] = field(default_factory=frozenset)
    protected: frozenset[Address] = field(default_factory=frozenset)
    absent: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Allow:
        """Reads `NAME[=VALUE]`, each any number of times. Raises ValueError with a sentence for people."""
        allow = cls()
        for text in texts:
            name, equals, value = text.partition("=")
            if name not in _NAMES:
                raise ValueError(f"unknown rule {name!r}: expected one of {', '.join(_NAMES)}")
            if bool(equals) == (name in _SWITCHES):
                shape = name if name in _SWITCHES else f"{name}=VALUE"
                raise ValueError(f"{text!r}: write {shape}")
            allow = allow._with(name, value)
        return allow

    def _with(self, name: str, value: str) -> Allow:
        said: Any
        if name in _SWITCHES:
            said = True
        elif name in _NUMBERS:
            said = _number(name, value)
        else:
            said = getattr(self, name) | {value if name == "absent" else Address.parse(value)}
        return replace(self, **{name: said})


def _number(name: str, value: str) -> float | int:
    try:
        number: float | int = float(value) if name == "max_cost_usd" else int(value)
    except ValueError:
        raise ValueError(f"{name}={value}: {value!r} is not a number") from None
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name}={value}: it cannot be negative or endless")
    return number


def refusals(
    plan: Plan, desired: Desired, recorded: Recorded, observed: Observed, allow: Allow, *, destroy: bool = False
) -> tuple[Diagnostic, ...]:
    """Every rule that refuses this plan; empty when it may be applied.

    `destroy`: the person asked for everything to go and confirmed it by name, so counting deletes is pointless;
    protection still holds.
    """
    found = [*_cost(plan, desired, allow), *_new_jobs(plan, desired, recorded, allow)]
    found += _protected(plan, desired, observed, allow)
    found += _lookalikes(plan, desired, recorded, observed, allow)
    found += _not_ours(plan)
    if not destroy:
        found += [*_deletes(plan, desired, allow), *_empty(plan, desired, allow)]
    return tuple(found)


def _refusal(name: str, summary: str, hint: str, *, detail: str = "", address: Address | None = None) -> Diagnostic:
    return Diagnostic("error", f"refused.{name}", summary, detail=detail, hint=hint, address=address)


# Money


def _cost(plan: Plan, desired: Desired, allow: Allow) -> Iterator[Diagnostic]:
    limit = desired.limits.max_cost_usd if allow.max_cost_usd is None else allow.max_cost_usd
    if limit is None:
        return
    bounds = {str(c.node): _upper_bound(c.cost) for c in plan.changes if c.cost is not None}
    known = round(sum(bound for bound in bounds.values() if bound is not None), 2)
    unknown = [node for node, bound in bounds.items() if bound is None]
    if known > limit:
        yield _refusal(
            "max_cost_usd",
            f"the plan costs up to ${known:,.2f}, over the limit of ${limit:,.2f}",
            f"--allow max_cost_usd={known:.2f}",
        )
    if unknown and not allow.unknown_cost:
        yield _refusal(
            "unknown_cost",
            f"there is a limit of ${limit:,.2f} and the price of {unknown[0]} is not known",
            "--allow unknown_cost",
            detail=f"Without a price: {', '.join(unknown)}.",
        )


def _upper_bound(cost: Cost) -> float | None:
    return cost.once_usd if cost.once_usd_max is None else cost.once_usd_max


def _trainings(plan: Plan) -> list[Change]:
    making = (Action.CREATE, Action.REPLACE)
    return [change for change in plan.changes if change.address.kind == "finetune" and change.action in making]


def _jobs(count: int) -> str:
    return "1 training job" if count == 1 else f"{count} training jobs"


def _new_jobs(plan: Plan, desired: Desired, recorded: Recorded, allow: Allow) -> Iterator[Diagnostic]:
    count = len(_trainings(plan))
    limit = desired.limits.max_new_jobs if allow.max_new_jobs is None else allow.max_new_jobs
    if count and limit is not None and count > limit:
        summary = f"the plan starts {_jobs(count)}, over the limit of {limit}"
        yield _refusal("max_new_jobs", summary, f"--allow max_new_jobs={count}")
    daily = desired.limits.max_new_jobs_per_day
    daily = daily if allow.max_new_jobs_per_day is None else allow.max_new_jobs_per_day
    total = count + recorded.jobs_today
    if count and daily is not None and total > daily:
        summary = f"the plan starts {_jobs(count)} after {recorded.jobs_today} in the last 24 hours"
        yield _refusal(
            "max_new_jobs_per_day", f"{summary}, over the limit of {daily}", f"--allow max_new_jobs_per_day={total}"
        )


# Things that exist


def _protected(plan: Plan, desired: Desired, observed: Observed, allow: Allow) -> Iterator[Diagnostic]:
    """By the specs when the entry is there, by the tag when it is not: taking an entry away does not unprotect it."""
    by_specs = {resource.node: resource.protect for resource in desired.resources}
    tagged = _tagged_protected(desired, observed)
    seen: set[Node] = set()
    for change in plan.changes:
        removing = change.action in (Action.DELETE, Action.REPLACE)
        guarded = by_specs.get(change.node, change.node in tagged)
        if removing and guarded and change.address not in allow.protected and change.node not in seen:
            seen.add(change.node)
            verb = "deleted" if change.action is Action.DELETE else "replaced"
            yield _refusal(
                "protected",
                f"{change.address} is protected and would be {verb}",
                f"--allow protected={change.address}, or apply `protect: false` first",
                detail=change.reason,
                address=change.address,
            )


def _tagged_protected(desired: Desired, observed: Observed) -> frozenset[Node]:
    ours = {TAG_PROJECT: desired.project, TAG_ENVIRONMENT: desired.environment, TAG_PROTECT: "true"}
    return frozenset(
        Node(address, account.alias)
        for account in observed.accounts.values()
        for deployment in account.deployments
        if ours.items() <= deployment.tags.items() and (address := deployment_address_of(deployment)) is not None
    )


def _deletes(plan: Plan, desired: Desired, allow: Allow) -> Iterator[Diagnostic]:
    """Orphan deployments and models; files come and go with every edit."""
    limit = desired.limits.max_deletes if allow.max_deletes is None else allow.max_deletes
    counted = [c for c in plan.changes if c.action is Action.DELETE and c.address.kind != "dataset"]
    if limit is not None and len(counted) > limit:
        yield _refusal(
            "max_deletes",
            f"the plan deletes {len(counted)} deployments and models, over the limit of {limit}",
            f"--allow max_deletes={len(counted)}",
            detail=f"They are: {', '.join(str(change.node) for change in counted)}.",
        )


def _empty(plan: Plan, desired: Desired, allow: Allow) -> Iterator[Diagnostic]:
    deletes = any(change.action is Action.DELETE for change in plan.changes)
    if desired.emptied and deletes and not allow.empty:
        yield _refusal("empty", "the specs declare nothing at all, so everything would be deleted", "--allow empty")


def _not_ours(plan: Plan) -> Iterator[Diagnostic]:
    for diagnostic in plan.diagnostics:
        if diagnostic.code == "plan.not-ours":
            yield replace(diagnostic, code="refused.not-ours")


def _lookalikes(
    plan: Plan, desired: Desired, recorded: Recorded, observed: Observed, allow: Allow
) -> Iterator[Diagnostic]:
    suspected = [c for c in _trainings(plan) if LOOKALIKE in c.hazards and c.address not in allow.lookalike]
    if not suspected:
        return
    situation = situate(desired, recorded, observed, Options())
    for change in suspected:
        finetune = situation.finetunes[change.node]
        for job in lookalikes(situation, finetune)[:1]:
            refusal = _refusal(
                "lookalike",
                f"{change.address} would be trained, and job {job.id} looks the same (model, data, suffix)",
                f"write `existing: {{job: {job.id}}}` if it is the same; if not, --allow lookalike={change.address}",
                detail="It carries no token of ftops, so it is never taken up by guess.",
                address=change.address,
            )
            yield replace(refusal, position=finetune.position)
