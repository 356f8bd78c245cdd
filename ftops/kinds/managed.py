"""Managed fields: what of each kind is compared with Azure, and so may stand in `ignore_changes`."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.core.address import Kind

MANAGED: Mapping[Kind, tuple[str, ...]] = {
    "dataset": (),
    "finetune": (),
    "deployment": ("sku", "capacity", "content_policy", "upgrade", "tags", "version"),
}
