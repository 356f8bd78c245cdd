"""Deployment: a name under which a model answers. What may be written under `deployments`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftops.kinds.finetune import Count
from ftops.kinds.strict import DEPLOYMENT_NAME, DURATION, MODEL_NAME, EntrySpec, StrictSpec, no_texts

#: Codes of the service contract, section 2.8.
Sku = Literal[
    "Standard",
    "GlobalStandard",
    "DataZoneStandard",
    "DeveloperTier",
    "ProvisionedManaged",
    "GlobalProvisionedManaged",
    "DataZoneProvisionedManaged",
    "GlobalBatch",
    "DataZoneBatch",
]
#: Service contract, section 2.2.
Upgrade = Literal["OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"]


class BaseModelSpec(StrictSpec):
    """A base model as Azure names it for deployments: name and version apart."""

    name: str = Field(pattern=MODEL_NAME, description="Without the version, for example gpt-4o-mini.")
    version: str | None = Field(default=None, min_length=1, max_length=64, description="In quotes; default: Azure's.")
    format: str = Field(default="OpenAI", min_length=1, max_length=64, description="Who makes it.")


class DeploymentSpec(EntrySpec):
    """One entry of `deployments`: a name under which a model answers."""

    finetune: str | None = Field(default=None, min_length=1, description="The finetune whose model answers.")
    model: BaseModelSpec | None = Field(default=None, description="A base model that answers.")
    account: str | None = Field(default=None, min_length=1, description="Where it answers; default: the finetune's.")
    name: str | None = Field(default=None, pattern=DEPLOYMENT_NAME, description="In Azure; default: the entry's name.")
    sku: Sku = Field(description="Where it runs, and how it is billed.")
    capacity: Count | None = Field(
        default=None, description="Thousands of tokens a minute, or units. Left out: 1 when created, then unmanaged."
    )
    content_policy: str | None = Field(default=None, min_length=1, max_length=128, description="The content filter.")
    upgrade: Upgrade | None = Field(default=None, description="What Azure does when the model's version ages.")
    tags: dict[str, str] = Field(default_factory=no_texts, description="Tags in Azure, beside those of ftops.")
    checkpoint: Literal["last", "best"] | Count = Field(default="last", description="Which checkpoint answers.")
    rollout: Literal["recreate", "blue_green"] = Field(
        default="recreate", description="How a new model takes the place of the old one."
    )
    drain: str = Field(default="5m", pattern=DURATION, description="blue_green: how long the old one stays.")
    on_expiry: Literal["recreate", "leave"] | None = Field(
        default=None, description="When Azure deleted it for its own reasons. Default: recreate (DeveloperTier: leave)."
    )
