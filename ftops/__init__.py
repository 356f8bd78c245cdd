"""ftops keeps Azure OpenAI fine-tuning in the shape that YAML files in git describe.

As a library, everything begins with a workspace; importing ftops imports nothing else until a name is used:

    from ftops import Workspace

    with Workspace.open("path/to/project", environment="prod") as workspace:
        plan = workspace.review().plan
        print(plan.summary, plan.digest)

Names listed in `__all__` are the public face: they stay. Everything else may move between two releases.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = [
    "Action",
    "Address",
    "Cause",
    "Change",
    "Diagnostic",
    "FtopsError",
    "Plan",
    "Workspace",
    "__version__",
]

TYPE_CHECKING = False  # typing's own would have to be imported: `ftops --version` is quicker without
if TYPE_CHECKING:
    from typing import Any

    from ftops.core.address import Address
    from ftops.core.change import Action, Cause, Change
    from ftops.core.diagnostic import Diagnostic
    from ftops.core.errors import FtopsError
    from ftops.core.plan import Plan
    from ftops.workspace import Workspace

_HOMES = {
    "Action": "ftops.core.change",
    "Address": "ftops.core.address",
    "Cause": "ftops.core.change",
    "Change": "ftops.core.change",
    "Diagnostic": "ftops.core.diagnostic",
    "FtopsError": "ftops.core.errors",
    "Plan": "ftops.core.plan",
    "Workspace": "ftops.workspace",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ftops' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
