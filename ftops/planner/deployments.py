"""deployments: what happens to one deployment. Only what the specs manage is compared, casing never is.

Ours are those whose tags name this project and this environment; everything else under the name is somebody's, and is
told, never touched. What may change in place and what needs a new deployment: the service contract, section 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ftops.core import identity
from ftops.core.address import Node
from ftops.core.change import (
    UNKNOWN,
    Action,
    Cause,
    Change,
    Cost,
    DeploymentBody,
    Effect,
    FieldChange,
    PutDeployment,
    ReplaceDeployment,
)
from ftops.core.desired import Desired, DesiredDeployment
from ftops.core.diagnostic import Diagnostic
from ftops.core.identity import TAG_ADDRESS, TAG_ENVIRONMENT, TAG_FINGERPRINT, TAG_PROJECT, TAG_PROTECT, TAG_ROLE
from ftops.core.observed import DEPLOYMENT_SETTLED, ObservedDeployment
from ftops.planner import reasons
from ftops.planner.decision import Decision
from ftops.planner.diff import differences
from ftops.planner.identify import model_at
from ftops.planner.situation import Situation

#: Under a name that stays the same the old deployment goes before the new one comes (section 2.3).
DOWNTIME = "downtime"
FINE_TUNED_VERSION = "1"
_FINE_TUNED_FORMAT = "OpenAI"
_REPLACING = frozenset({"model", "format", "sku", "source"})
_BROKEN = frozenset({"Failed", "Canceled"})


@dataclass(frozen=True, slots=True)
class Served:
    """What a deployment is to serve. `model` is None while nobody knows it; `source` when another account owns it."""

    model: str | None
    format: str
    version: str | None
    source: str | None = None
    finetune: Node | None = None
    blocked: bool = False
    remade: bool = False


def decide_deployment(situation: Situation, deployment: DesiredDeployment, finetune: Decision | None) -> Decision:
    """Decides one deployment; `finetune` is the decision about what it serves, None for a base model."""
    observed = situation.inventories[deployment.account].deployment(deployment.name)
    if observed is not None and not situation.owns(observed):
        return _not_ours(deployment, observed)
    change = _decided(situation, deployment, _served(situation, deployment, finetune, observed), observed)
    return Decision(change, evidence=() if change.action is Action.KEEP else evidence_of(observed))


def _decided(
    situation: Situation, deployment: DesiredDeployment, served: Served, observed: ObservedDeployment | None
) -> Change:
    if observed is not None and observed.provisioning not in DEPLOYMENT_SETTLED:
        return _change(deployment, Action.WAIT, Cause.RESUME, f"the service is at it: {observed.provisioning}")
    if served.model is None and served.blocked:
        return _blocked(deployment, served, observed)
    if observed is None:
        return _absent(situation, deployment, served)
    return _compared(situation, deployment, served, observed)


def _change(
    deployment: DesiredDeployment,
    action: Action,
    cause: Cause | None = None,
    reason: str = "",
    *,
    fields: tuple[FieldChange, ...] = (),
    needs: tuple[Node, ...] = (),
) -> Change:
    node = deployment.node
    return Change(node.address, node.account, action, cause, reason=reason, fields=fields, needs=needs)


def _not_ours(deployment: DesiredDeployment, observed: ObservedDeployment) -> Decision:
    project, environment = observed.tags.get(TAG_PROJECT), observed.tags.get(TAG_ENVIRONMENT)
    owner = f"belongs to project {project}, environment {environment}" if project else "was not made by ftops (no tags)"
    summary = f"deployment {observed.name} in account {deployment.account} {owner}: it is left alone"
    diagnostic = Diagnostic(
        "error",
        "plan.not-ours",
        summary,
        hint=f"take it over with `ftops adopt {deployment.address}`, or choose another `name`",
        address=deployment.address,
        position=deployment.position,
    )
    change = _change(deployment, Action.BLOCKED, Cause.SPEC, summary)
    return Decision(change, evidence=evidence_of(observed), diagnostics=(diagnostic,))


def evidence_of(observed: ObservedDeployment | None) -> tuple[str, ...]:
    """What a saved plan about this deployment rests on: everything a person could have changed."""
    if observed is None:
        return ()
    body = body_before(observed)
    told = [observed.name, body.model_name, body.model_version, body.sku, body.capacity]
    return (identity.digest([told, body.content_policy, body.upgrade, body.tags]),)


def _served(
    situation: Situation, deployment: DesiredDeployment, finetune: Decision | None, observed: ObservedDeployment | None
) -> Served:
    if deployment.base_model is not None:
        base = deployment.base_model
        return Served(base.name, base.format, base.version)
    assert finetune is not None, "a deployment serves a finetune or a base model"
    node = finetune.change.node
    model = model_at(finetune.model, deployment.checkpoint) if finetune.model is not None else None
    if model is None and finetune.blocked and observed is not None:
        model = _already_served(situation, deployment, node, observed)
    home, here = situation.inventories[node.account].arm_id, situation.inventories[deployment.account].arm_id
    return Served(
        model=model,
        format=_FINE_TUNED_FORMAT,
        version=FINE_TUNED_VERSION,
        source=home if home != here else None,
        finetune=node,
        blocked=finetune.blocked or (model is None and finetune.model is not None),
        remade=finetune.remade,
    )


def _already_served(
    situation: Situation, deployment: DesiredDeployment, node: Node, observed: ObservedDeployment
) -> str | None:
    """A blocked finetune's model may be deployed all the same: then there is nothing to wait for."""
    finetune = situation.finetunes[node]
    serves_it = not finetune.existing and identity.token_of(observed.model_name) == finetune.token
    return observed.model_name if serves_it and deployment.checkpoint == "last" else None


def _blocked(deployment: DesiredDeployment, served: Served, observed: ObservedDeployment | None) -> Change:
    still = f"; {observed.model_name} stays deployed" if observed is not None else ""
    finetune = served.finetune.address if served.finetune else ""
    return _change(deployment, Action.BLOCKED, Cause.DEPENDENCY, f"{finetune} is blocked{still}")


def _absent(situation: Situation, deployment: DesiredDeployment, served: Served) -> Change:
    entry = situation.entry_of(deployment.node)
    recorded = entry is not None and (entry.name or "").casefold() == deployment.name.casefold()
    if recorded and deployment.on_expiry == "leave" and entry is not None and _unchanged(entry.token, deployment):
        return _change(deployment, Action.KEEP, reason="it is gone, and `on_expiry: leave` leaves it so")
    cause, reason = (Cause.MISSING, "it is gone from Azure") if recorded else (Cause.SPEC, "not deployed yet")
    change = replace(_change(deployment, Action.CREATE, cause, reason), cost=Cost())
    if served.model is None:
        return replace(change, needs=_needs(served))
    return replace(change, act=PutDeployment(deployment.name, _body(situation, deployment, served, None)))


def _unchanged(recorded_fingerprint: str | None, deployment: DesiredDeployment) -> bool:
    return recorded_fingerprint is None or recorded_fingerprint == deployment.fingerprint


def _needs(served: Served) -> tuple[Node, ...]:
    return (served.finetune,) if served.finetune is not None else ()


def _compared(
    situation: Situation, deployment: DesiredDeployment, served: Served, observed: ObservedDeployment
) -> Change:
    before, after = _managed(situation, deployment, served, observed)
    fields = _fields(before, after) if before != after else ()
    broken = observed.provisioning in _BROKEN
    if not fields and not broken:
        return _change(deployment, Action.KEEP)
    replacing = broken or any(change.effect is Effect.REPLACEMENT for change in fields)
    change = _change(
        deployment,
        Action.REPLACE if replacing else Action.UPDATE,
        Cause.DRIFT if broken and not fields else _cause(deployment, served, observed, fields),
        reasons.broken_deployment(observed) if broken else _why(served, fields),
        fields=fields,
    )
    if replacing:
        change = replace(change, hazards=(DOWNTIME,))
    if served.model is None:
        return replace(change, needs=_needs(served))
    body = _body(situation, deployment, served, observed)
    if replacing:
        return replace(change, act=ReplaceDeployment(observed.name, body, body_before(observed)))
    return replace(change, act=PutDeployment(observed.name, body))


def _why(served: Served, fields: tuple[FieldChange, ...]) -> str:
    others = tuple(change for change in fields if change.after != UNKNOWN)
    said = [f"{served.finetune.address} makes a new model"] if served.finetune and len(others) < len(fields) else []
    return "; ".join(said + ([reasons.fields_changed(others)] if others else []))


def _cause(
    deployment: DesiredDeployment, served: Served, observed: ObservedDeployment, fields: tuple[FieldChange, ...]
) -> Cause:
    """Who moved: what it serves, the specs (the fingerprint in its tags is older), or somebody in Azure."""
    if served.remade or served.model is None:
        return Cause.DEPENDENCY
    written = observed.tags.get(TAG_FINGERPRINT) == deployment.fingerprint
    return Cause.DRIFT if written else Cause.SPEC


def _managed(
    situation: Situation, deployment: DesiredDeployment, served: Served, observed: ObservedDeployment
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of what the specs manage, in the specs' words; equal but for casing counts as equal."""
    own = own_tags(situation.desired, deployment)
    after: dict[str, Any] = {
        "model": served.model if served.model is not None else UNKNOWN,
        "format": served.format,
        "version": served.version if deployment.base_model is not None else None,
        "source": served.source if observed.source is not None else None,
        "sku": deployment.sku,
        "capacity": deployment.capacity,
        "content_policy": deployment.content_policy,
        "upgrade": deployment.upgrade,
        **{f"tags.{name}": value for name, value in deployment.tags.items()},
        **{f"tags.{name}": own[name] for name in (TAG_ADDRESS, TAG_PROTECT)},
    }
    before: dict[str, Any] = {
        "model": observed.model_name,
        "format": observed.model_format,
        "version": observed.model_version,
        "source": observed.source,
        "sku": observed.sku,
        "capacity": observed.capacity,
        "content_policy": observed.content_policy,
        "upgrade": observed.upgrade,
        **{f"tags.{name}": value for name, value in observed.tags.items()},
    }
    managed = [path for path, value in after.items() if value is not None and not _ignored(deployment, path)]
    pairs = {path: (before.get(path), after[path]) for path in managed}
    return (
        {path: was for path, (was, _) in pairs.items()},
        {path: was if _same(path, was, becomes) else becomes for path, (was, becomes) in pairs.items()},
    )


def _same(path: str, before: Any, after: Any) -> bool:
    if path.startswith("tags.") or not isinstance(before, str) or not isinstance(after, str):
        return bool(before == after)
    return before.casefold() == after.casefold()


def _ignored(deployment: DesiredDeployment, path: str) -> bool:
    """`ignore_changes: [tags]` covers the author's tags; the tags that say whose it is are never ignored."""
    if path in (f"tags.{TAG_ADDRESS}", f"tags.{TAG_PROTECT}"):
        return False
    return path in deployment.ignore_changes or path.partition(".")[0] in deployment.ignore_changes


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(path, was, becomes, Effect.REPLACEMENT if path in _REPLACING else Effect.IN_PLACE)
        for path, was, becomes in differences(before, after)
    )


def own_tags(desired: Desired, deployment: DesiredDeployment) -> dict[str, str]:
    """The tags that say whose it is."""
    return {
        TAG_PROJECT: desired.project,
        TAG_ENVIRONMENT: desired.environment,
        TAG_ADDRESS: str(deployment.address),
        TAG_FINGERPRINT: deployment.fingerprint,
        TAG_ROLE: "live",
        TAG_PROTECT: "true" if deployment.protect else "false",
    }


def _body(
    situation: Situation, deployment: DesiredDeployment, served: Served, observed: ObservedDeployment | None
) -> DeploymentBody:
    """What the PUT carries. What the specs do not manage stays as it is: a PUT without it would reset it."""
    assert served.model is not None, "a deployment is written only when its model is known"
    wanted = DeploymentBody(
        model_name=served.model,
        model_format=served.format,
        model_version=served.version,
        source=served.source,
        sku=deployment.sku,
        capacity=deployment.capacity or 1,
        content_policy=deployment.content_policy,
        upgrade=deployment.upgrade,
        tags={**deployment.tags, **own_tags(situation.desired, deployment)},
    )
    return wanted if observed is None else _keeping(deployment, wanted, body_before(observed))


def _keeping(deployment: DesiredDeployment, wanted: DeploymentBody, was: DeploymentBody) -> DeploymentBody:
    """`wanted`, with what is not managed (or is ignored) taken over from the deployment as it is."""

    def kept(path: str, written: object) -> bool:
        return written is None or _ignored(deployment, path)

    foreign = {name: value for name, value in was.tags.items() if not name.startswith("ftops-")}
    unmanaged = {name: value for name, value in foreign.items() if kept(f"tags.{name}", deployment.tags.get(name))}
    body = replace(
        wanted,
        sku=was.sku if kept("sku", wanted.sku) else wanted.sku,
        capacity=was.capacity if kept("capacity", deployment.capacity) else wanted.capacity,
        content_policy=was.content_policy if kept("content_policy", wanted.content_policy) else wanted.content_policy,
        upgrade=was.upgrade if kept("upgrade", wanted.upgrade) else wanted.upgrade,
        tags={**foreign, **wanted.tags, **unmanaged},
    )
    if _ignored(deployment, "model"):
        return replace(
            body,
            model_name=was.model_name,
            model_format=was.model_format,
            model_version=was.model_version,
            source=was.source,
        )
    same_model = was.model_name.casefold() == wanted.model_name.casefold()
    return (
        replace(body, model_version=was.model_version) if same_model and kept("version", body.model_version) else body
    )


def body_before(observed: ObservedDeployment) -> DeploymentBody:
    """The deployment as it is, for putting it back when its replacement cannot be made."""
    return DeploymentBody(
        model_name=observed.model_name,
        model_format=observed.model_format,
        model_version=observed.model_version,
        source=observed.source,
        sku=observed.sku,
        capacity=observed.capacity or 1,
        content_policy=observed.content_policy,
        upgrade=observed.upgrade,
        tags=dict(observed.tags),
    )
