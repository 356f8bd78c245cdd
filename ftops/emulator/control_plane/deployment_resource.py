"""A deployment as ARM shows it: what the caller sent, and what the service fills in.

In: an observed deployment. Out: its resource body (contract 2.2 and 9). Decides nothing.
"""

from __future__ import annotations

import json

from ftops.emulator.catalogue import base_model
from ftops.emulator.control_plane.accounts import timestamp
from ftops.emulator.control_plane.deployment_request import SINCE
from ftops.emulator.control_plane.versions import has
from ftops.emulator.exchange import Call
from ftops.emulator.names import PROVIDER, arm_id
from ftops.emulator.observed_deployments import ObservedDeployment


def deployment_shown(call: Call, observed: ObservedDeployment) -> dict[str, object]:
    """The resource (contract 2.2 and 9)."""
    row = observed.row
    base = base_model(row["base_model"])
    operation = "completion" if base is not None and base.completion else "chatCompletion"
    capacity = row["capacity"]
    kept = {"currentCapacity": capacity, "deploymentState": "Running", **json.loads(row["properties"])}
    properties = {name: value for name, value in kept.items() if has(call, SINCE.get(name, ""))}
    return {
        "id": f"{arm_id(call.home.name)}/deployments/{row['name']}",
        "name": row["name"],
        "type": f"{PROVIDER}/accounts/deployments",
        "etag": f'"{row["serial"]:08x}-{row["revision"]:04x}"',
        "sku": {"name": row["sku_name"], "capacity": capacity},
        "tags": json.loads(row["tags"]),
        "systemData": {
            "createdBy": "emulator",
            "createdByType": "Application",
            "createdAt": timestamp(row["created_at"]),
            "lastModifiedBy": "emulator",
            "lastModifiedByType": "Application",
            "lastModifiedAt": timestamp(row["changed_at"]),
        },
        "properties": {
            **properties,
            "model": dict(observed.arm_model),
            "provisioningState": observed.provisioning_state,
            "capabilities": {operation: "true"},
            "rateLimits": [
                {"key": "request", "renewalPeriod": 60, "count": 6 * capacity},
                {"key": "token", "renewalPeriod": 60, "count": 1000 * capacity},
            ],
        },
    }
