"""Finetune: one training run, or one that was paid for before. What may be written under `finetunes`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ftops.core.identity import AUTHOR_SUFFIX_MAX
from ftops.kinds.strict import FINE_TUNED_MODEL, JOB_ID, MODEL_NAME, SUFFIX, EntrySpec, StrictSpec, nothing_listed

INT32_MAX = 2**31 - 1

Auto = Literal["auto"]
Count = Annotated[int, Field(ge=1, le=INT32_MAX)]
Factor = Annotated[float, Field(gt=0)]


class HyperparametersSpec(StrictSpec):
    """Ranges are not published per model, so only what no model can mean is refused (service contract, section 4.5)."""

    n_epochs: Auto | Count = Field(default="auto", description="Passes over the training rows.")
    batch_size: Auto | Count = Field(default="auto", description="Rows per step.")
    learning_rate_multiplier: Auto | Factor = Field(default="auto", description="Factor on the learning rate.")
    prompt_loss_weight: Auto | Annotated[float, Field(ge=0)] = Field(default="auto", description="Weight of prompts.")
    beta: Auto | Factor = Field(default="auto", description="dpo: how close to stay to the reference model.")
    l2_multiplier: Auto | Annotated[float, Field(ge=0)] = Field(default="auto", description="dpo: regularisation.")
    reasoning_effort: Literal["low", "medium", "high"] | None = Field(default=None, description="reinforcement.")
    compute_multiplier: Auto | Factor = Field(default="auto", description="reinforcement.")
    eval_interval: Auto | Count = Field(default="auto", description="reinforcement.")
    eval_samples: Auto | Count = Field(default="auto", description="reinforcement.")


class ExistingSpec(StrictSpec):
    """A training that was paid for before: named by its job or by its model."""

    job: str | None = Field(default=None, pattern=JOB_ID, description="The job's id.")
    model: str | None = Field(default=None, pattern=FINE_TUNED_MODEL, description="The fine-tuned model's id.")


class FinetuneSpec(EntrySpec):
    """One entry of `finetunes`: a training run and the model it makes."""

    model: str | None = Field(default=None, pattern=MODEL_NAME, description="A base model, with its date.")
    continues: str | None = Field(default=None, min_length=1, description="The finetune whose model is trained on.")
    existing: ExistingSpec | None = Field(default=None, description="Already paid for: never trained, never compared.")
    account: str | None = Field(default=None, min_length=1, description="Where it trains; default: default_account.")
    training: str | None = Field(default=None, min_length=1, description="The dataset to train with.")
    validation: str | None = Field(default=None, min_length=1, description="The dataset to validate with.")
    suffix: str | None = Field(
        default=None, pattern=SUFFIX, max_length=AUTHOR_SUFFIX_MAX, description="Becomes part of the model's id."
    )
    method: Literal["supervised", "dpo", "reinforcement"] = Field(default="supervised", description="How it learns.")
    hyperparameters: HyperparametersSpec = Field(
        default=HyperparametersSpec(), description="What is left out, or `auto`, is chosen by Azure."
    )
    grader: dict[str, Any] | None = Field(default=None, description="reinforcement: what gives the reward.")
    response_format: dict[str, Any] | None = Field(default=None, description="reinforcement: JSON schema of answers.")
    training_tier: Literal["Standard", "GlobalStandard", "DataZoneStandard", "DeveloperTier"] = Field(
        default="Standard", description="Where it may be trained, and at what price."
    )
    seed: int | None = Field(default=None, ge=0, le=INT32_MAX, description="Default: taken from the fingerprint.")
    integrations: list[dict[str, Any]] = Field(
        default_factory=nothing_listed, description="Other services that follow the training."
    )
    checkpoint: Literal["last", "best"] | Count = Field(
        default="last", description="Which checkpoint of the continued finetune is trained on."
    )
    rerun: int = Field(default=0, ge=0, le=INT32_MAX, description="Raise it to pay for the same training again.")
    hold: bool = Field(default=False, description="Keep serving the recorded job; edits show as held.")
    gates: list[dict[str, Any]] = Field(
        default_factory=nothing_listed, description="Conditions that may block deployments."
    )
