"""Azure: the accounts as plain calls. The only package that knows the SDKs; importing it imports none of them.

In: accounts and acts. Out: observed values and RemoteError. It decides nothing.
"""

from __future__ import annotations

from ftops.azure.client import AccountClient
from ftops.azure.connection import Connections, connect
from ftops.azure.deployment import AccountFacts
from ftops.azure.inference import Answer
from ftops.azure.models import NO_MODEL_ROUTE
from ftops.azure.reading import JobCheckpoint, JobEvent
from ftops.azure.survey import survey

__all__ = [
    "NO_MODEL_ROUTE",
    "AccountClient",
    "AccountFacts",
    "Answer",
    "Connections",
    "JobCheckpoint",
    "JobEvent",
    "connect",
    "survey",
]
