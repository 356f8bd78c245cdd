"""Deployments: PUT, PATCH, GET, list, DELETE as long-running operations (contract 2.1 to 2.5).

In: ARM requests. Out: deployment resources with what the service fills in. Each write takes the account's lock for
as long as it runs; none is done while another runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from ftops.emulator.catalogue import base_model
from ftops.emulator.control_plane.accounts import ACCOUNTS, ARM
from ftops.emulator.control_plane.deployment_request import (
    WantedDeployment,
    checked_put,
    checked_sku,
    checked_tags,
)
from ftops.emulator.control_plane.deployment_resource import deployment_shown
from ftops.emulator.control_plane.operations import refuse_unsettled, refuse_while_busy, start_operation
from ftops.emulator.control_plane.paging import PAGING, paged
from ftops.emulator.control_plane.versions import PAUSING, no_such_type
from ftops.emulator.exchange import Answer, Call
from ftops.emulator.names import PROVIDER, RESOURCE_GROUP
from ftops.emulator.observed_deployments import (
    ObservedDeployment,
    deployments_of,
    find_deployment,
)
from ftops.emulator.quota import refuse_over_quota
from ftops.emulator.routing import Route
from ftops.emulator.wire_errors import WireError, resource_not_found

_PAUSABLE: Final = ("Standard", "DataZoneStandard", "GlobalStandard")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _put(call: Call) -> Answer:
    name = call.names["deployment"]
    if not _NAME.fullmatch(name):
        raise WireError(
            400,
            "InvalidResourceName",
            "A deployment name has 1 to 64 letters, digits, dots, dashes and"
            " underscores and starts with a letter or digit.",
        )
    refuse_unsettled(call)
    refuse_while_busy(call)
    wanted = checked_put(call)
    before = find_deployment(call, call.home, name)
    _check_quota(call, before, wanted.sku_name, wanted.capacity, wanted.base_model)
    if before is None:
        _check_room(call, wanted)
        _create(call, name, wanted)
    else:
        _check_change(call, before, wanted)
        _update(call, before, wanted)
    headers = _started(call, name, "update" if before else "create", call.profile.deployment_seconds)
    headers.pop("Location")
    return Answer(200 if before else 201, deployment_shown(call, _found(call, name)), headers)


def _patch(call: Call) -> Answer:
    name = call.names["deployment"]
    refuse_unsettled(call)
    refuse_while_busy(call)
    before = _found(call, name)
    if unknown := sorted(set(call.fields) - {"tags", "sku"}):
        raise WireError(
            400,
            "InvalidRequestContent",
            "The request content was invalid: Could not find member"
            f" '{unknown[0][:64]}'; only tags and sku can be patched.",
        )
    row = before.row
    sku_name, capacity = checked_sku(call, call.fields.get("sku"), row["sku_name"], row["capacity"])
    _check_sku_name(call, before, sku_name)
    _check_quota(call, before, sku_name, capacity, row["base_model"])
    tags = row["tags"]
    if call.fields.get("tags") is not None:
        tags = json.dumps(checked_tags(call.fields["tags"]))
    _change(call, before, {"sku_name": sku_name, "capacity": capacity, "tags": tags})
    headers = _started(call, name, "update", call.profile.deployment_seconds)
    headers.pop("Azure-AsyncOperation")
    return Answer(202, deployment_shown(call, _found(call, name)), headers)


def _delete(call: Call) -> Answer:
    name = call.names["deployment"]
    refuse_while_busy(call)
    observed = find_deployment(call, call.home, name)
    if observed is None:
        return Answer(204)
    seconds = call.profile.deployment_delete_seconds
    call.db.execute(
        "UPDATE deployments SET delete_asked_at = ?, gone_at = ? WHERE serial = ?",
        (call.now, call.now + seconds, observed.row["serial"]),
    )
    return Answer(202, headers=start_operation(call, name, "delete", seconds=seconds))


def _observe(call: Call) -> Answer:
    return Answer(payload=deployment_shown(call, _found(call, call.names["deployment"])))


def _list(call: Call) -> Answer:
    visible_until = call.now - call.profile.deployments_list_lag_seconds
    visible = [found for found in deployments_of(call, call.home) if found.row["created_at"] <= visible_until]
    return paged(call, [(found.row["name_key"], deployment_shown(call, found)) for found in visible])


def _pause(call: Call) -> Answer:
    return _set_running(call, "Paused")


def _resume(call: Call) -> Answer:
    return _set_running(call, "Running")


def _set_running(call: Call, wanted: str) -> Answer:
    """Pause or resume inference; at once, again and again (contract 2.1)."""
    if call.version != PAUSING:
        raise no_such_type(call, "accounts/deployments")
    refuse_unsettled(call)
    refuse_while_busy(call)
    found = _found(call, call.names["deployment"])
    if found.row["sku_name"] not in _PAUSABLE:
        raise WireError(
            400,
            "OperationNotSupported",
            f"Deployments of SKU '{found.row['sku_name']}' cannot be paused or resumed; those of"
            f" {', '.join(_PAUSABLE)} can.",
        )
    properties = {**json.loads(found.row["properties"]), "deploymentState": wanted}
    call.db.execute(
        "UPDATE deployments SET properties = ?, changed_at = ?, revision = revision + 1 WHERE serial = ?",
        (json.dumps(properties), call.now, found.row["serial"]),
    )
    return _observe(call)


def _skus(call: Call) -> Answer:
    """The SKUs a deployment could have, with the capacities they take."""
    found = _found(call, call.names["deployment"])
    base = base_model(found.row["base_model"])
    names = () if base is None else base.finetuned_skus if found.row["custom"] else base.base_skus
    capacity = {"minimum": 1, "maximum": call.profile.capacity_max, "step": 1, "default": 1}
    kind = f"{PROVIDER}/accounts/deployments"
    return Answer(
        payload={"value": [{"resourceType": kind, "sku": {"name": name}, "capacity": capacity} for name in names]}
    )


def _found(call: Call, name: str) -> ObservedDeployment:
    observed = find_deployment(call, call.home, name)
    if observed is None:
        path = f"{PROVIDER}/accounts/{call.home.name}/deployments/{name}"
        raise resource_not_found(path, RESOURCE_GROUP)
    return observed


def _check_quota(call: Call, before: ObservedDeployment | None, sku_name: str, capacity: int, model: str) -> None:
    base = base_model(model)
    assert base is not None, "a deployment's base model is in the catalogue"
    held = before.row["capacity"] if before is not None and before.row["sku_name"] == sku_name else 0
    if capacity > held:
        refuse_over_quota(call, call.home.location, sku_name, base, more=capacity - held)


def _check_room(call: Call, wanted: WantedDeployment) -> None:
    others = deployments_of(call, call.home)
    alike = [other for other in others if bool(other.row["custom"]) == wanted.custom]
    limit = call.profile.finetuned_deployments_max if wanted.custom else call.profile.standard_deployments_max
    if len(alike) >= limit:
        raise WireError(
            400,
            "DeploymentLimitExceeded",
            f"The account already has the maximum of {limit} deployments"
            f" of {'fine-tuned' if wanted.custom else 'standard'} models.",
        )
    if wanted.custom and call.profile.one_deployment_per_model:
        for other in alike:
            if other.row["model"].lower() == wanted.model.lower():
                raise WireError(
                    400,
                    "DeploymentModelAlreadyDeployed",
                    f"The specified custom model is already deployed as '{other.row['name']}'.",
                )


def _check_change(call: Call, before: ObservedDeployment, wanted: WantedDeployment) -> None:
    names = [str(model["name"]).lower() for model in (before.arm_model, wanted.arm_model)]
    same_source = before.arm_model.get("source") == wanted.arm_model.get("source")
    same_format = before.arm_model["format"] == wanted.arm_model["format"]
    if names[0] != names[1] or not same_format or not same_source:
        raise WireError(400, "CannotChangeDeploymentModel", "The model of deployment cannot be changed.")
    _check_sku_name(call, before, wanted.sku_name)


def _check_sku_name(call: Call, before: ObservedDeployment, sku_name: str) -> None:
    if call.profile.sku_name_change == "refused" and sku_name != before.row["sku_name"]:
        raise WireError(400, "InvalidResourceProperties", "The SKU of deployment cannot be changed.")


def _create(call: Call, name: str, wanted: WantedDeployment) -> None:
    settled_at = call.now + call.profile.deployment_seconds
    call.db.execute(
        "INSERT INTO deployments (account, name_key, name, sku_name, capacity, tags, model, base_model, custom,"
        " arm_model, properties, created_at, changed_at, first_ready_at, settled_at, failure)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            call.home.key,
            name.lower(),
            name,
            wanted.sku_name,
            wanted.capacity,
            json.dumps(wanted.tags),
            wanted.model,
            wanted.base_model,
            wanted.custom,
            json.dumps(wanted.arm_model),
            json.dumps(wanted.properties),
            call.now,
            call.now,
            settled_at,
            settled_at,
            _failure(call),
        ),
    )


def _update(call: Call, before: ObservedDeployment, wanted: WantedDeployment) -> None:
    _change(
        call,
        before,
        {
            "sku_name": wanted.sku_name,
            "capacity": wanted.capacity,
            "tags": json.dumps(wanted.tags),
            "model": wanted.model,
            "base_model": wanted.base_model,
            "arm_model": json.dumps(wanted.arm_model),
            "properties": json.dumps(wanted.properties),
        },
    )


def _change(call: Call, before: ObservedDeployment, columns: Mapping[str, Any]) -> None:
    settled_at = call.now + call.profile.deployment_seconds
    # What failed before was never served; what was served goes on being so during the change.
    first_ready_at = settled_at if before.row["failure"] else before.row["first_ready_at"]
    changed = {
        **columns,
        "changed_at": call.now,
        "settled_at": settled_at,
        "first_ready_at": first_ready_at,
        "failure": _failure(call),
        "revision": before.row["revision"] + 1,
    }
    assignments = ", ".join(f"{name} = ?" for name in changed)
    call.db.execute(f"UPDATE deployments SET {assignments} WHERE serial = ?", (*changed.values(), before.row["serial"]))


def _started(call: Call, name: str, kind: str, seconds: float) -> dict[str, str]:
    return start_operation(call, name, kind, seconds=seconds, failure=_failure(call))


def _failure(call: Call) -> str | None:
    code = call.profile.deployment_failure
    return json.dumps({"code": code, "message": "The deployment could not be provisioned."}) if code else None


_DEPLOYMENTS: Final = ACCOUNTS + "/{account}/deployments"
_ONE: Final = _DEPLOYMENTS + "/{deployment}"
ROUTES: Final = (
    Route("GET", _DEPLOYMENTS, _list, ARM, account="account", parameters=PAGING),
    Route("GET", _ONE, _observe, ARM, account="account"),
    Route("PUT", _ONE, _put, ARM, body="json", writes=True, account="account"),
    Route("PATCH", _ONE, _patch, ARM, body="json", writes=True, account="account"),
    Route("DELETE", _ONE, _delete, ARM, writes=True, account="account"),
    Route("GET", _ONE + "/skus", _skus, ARM, account="account"),
    Route("POST", _ONE + "/pause", _pause, ARM, body="json", writes=True, account="account"),
    Route("POST", _ONE + "/resume", _resume, ARM, body="json", writes=True, account="account"),
)
