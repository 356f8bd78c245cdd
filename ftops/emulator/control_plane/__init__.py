"""The control plane: accounts, deployments and their operations, as ARM answers (contract section 2).

In: calls with an ARM token. Out: ARM resources and long-running operations.
"""

from __future__ import annotations

from typing import Final

from ftops.emulator.control_plane import accounts, deployments, operations

ROUTES: Final = (*accounts.ROUTES, *deployments.ROUTES, *operations.ROUTES)
