"""The control plane: subscriptions, accounts, deployments, models, quota, as ARM answers (contract section 2).

In: calls with an ARM token. Out: ARM resources and long-running operations.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.control_plane import (
    account_writes,
    accounts,
    capacities,
    deleted_accounts,
    deployments,
    model_lists,
    operations,
    skus,
    subscriptions,
)

ROUTES: Final = (
    *accounts.ROUTES,
    *account_writes.ROUTES,
    *deleted_accounts.ROUTES,
    *deployments.ROUTES,
    *operations.ROUTES,
    *model_lists.ROUTES,
    *capacities.ROUTES,
    *skus.ROUTES,
    *subscriptions.ROUTES,
)
