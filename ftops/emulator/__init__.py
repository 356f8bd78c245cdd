"""An Azure OpenAI fine-tuning stand-in on loopback: data plane, ARM and tokens over one SQLite store.

In: the real SDKs over real HTTP. Out: what Azure would answer, by the service contract, only faster. It stands
alone: the standard library and python-multipart, nothing else of ftops. FIDELITY.md says what is known and what
is assumed.
"""

from __future__ import annotations

from ftops.emulator.names import API_KEY, CLIENT_ID, CLIENT_SECRET, RESOURCE_GROUP, SUBSCRIPTION, TENANT, arm_id
from ftops.emulator.profile import Profile, UnusableProfile
from ftops.emulator.server import Emulator
from ftops.emulator.store import NoCryptography, UnusableStore

__all__ = [
    "API_KEY",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "RESOURCE_GROUP",
    "SUBSCRIPTION",
    "TENANT",
    "Emulator",
    "NoCryptography",
    "Profile",
    "UnusableProfile",
    "UnusableStore",
    "arm_id",
]
