"""Managed fields: what of each kind is compared with Azure, and so may stand in `ignore_changes`."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.core.address import Kind

#: A dataset is its content and a finetune is what was paid for: neither has a field that changes in place.
MANAGED: Mapping[Kind, tuple[str, ...]] = {
    "dataset": (),
    "finetune": (),
    "deployment": ("model", "version", "sku", "capacity", "content_policy", "upgrade", "tags"),
}


def manages(kind: Kind, field: str) -> bool:
    """Whether `field` is a managed field; of tags also a single one (`tags.team`)."""
    return field in MANAGED[kind] or (field.startswith("tags.") and len(field) > 5 and "tags" in MANAGED[kind])
