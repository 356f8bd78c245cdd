"""Project: where things live and how much may happen. What may be written in ftops.yaml."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from ftops.kinds.strict import (
    ACCOUNT_NAME,
    API_VERSION,
    CONTAINER,
    DATE,
    EMULATOR_URL,
    ENVIRONMENT_VARIABLE,
    HTTPS_URL,
    PROJECT,
    RESOURCE_GROUP,
    STORAGE_URL,
    SUBSCRIPTION,
    StrictSpec,
)

Url = Annotated[str, Field(pattern=EMULATOR_URL)]
Amount = Annotated[int, Field(ge=0)]


class _AccountSpec(StrictSpec):
    location: str | None = Field(default=None, min_length=1, description="Azure region; read from ARM unless given.")
    auth: Literal["entra", "key"] = Field(default="entra", description="How the data plane is opened.")
    key_env: str | None = Field(
        default=None, pattern=ENVIRONMENT_VARIABLE, description="Environment variable that holds the API key."
    )
    api: str = Field(default="v1", pattern=API_VERSION, description="v1, or a dated version of the data plane.")
    bom: bool = Field(default=False, description="Upload files with a byte order mark.")


class EmulatorAccountSpec(_AccountSpec):
    """An account of the emulator; its name in the emulator is its alias."""

    emulator: Literal[True] | Url = Field(description="true: the embedded one; or the URL of a running one.")


class AzureAccountSpec(_AccountSpec):
    """An Azure OpenAI account."""

    subscription: str = Field(pattern=SUBSCRIPTION, description="The subscription's id.")
    resource_group: str = Field(pattern=RESOURCE_GROUP, description="The resource group's name.")
    name: str = Field(pattern=ACCOUNT_NAME, description="The account's name.")
    endpoint: str | None = Field(default=None, pattern=HTTPS_URL, description="Read from ARM unless given.")


def _account_tag(value: Any) -> str:
    # Tags stand in error locations beside keys, so they are spelled as no key can be.
    return "<emulator>" if isinstance(value, dict) and "emulator" in value else "<azure>"


AccountSpec = Annotated[
    Annotated[EmulatorAccountSpec, Tag("<emulator>")] | Annotated[AzureAccountSpec, Tag("<azure>")],
    Discriminator(_account_tag),
]


class VariableSpec(StrictSpec):
    """A variable of the specs."""

    default: Any = Field(default=None, description="Any value; without one, it must come from --var.")
    description: str | None = Field(default=None, description="For people.")


class LedgerSpec(StrictSpec):
    """Where ftops remembers what it paid for."""

    backend: Literal["local", "azblob"] = Field(default="local", description="local: .ftops/; azblob: for teams.")
    account_url: str | None = Field(default=None, pattern=STORAGE_URL, description="azblob: the storage account.")
    container: str | None = Field(default=None, pattern=CONTAINER, description="azblob: the container.")
    blob: str | None = Field(default=None, min_length=1, max_length=1024, description="azblob: the blob's name.")


class ImportSpec(StrictSpec):
    """A place that Azure may fetch data from."""

    prefix: str = Field(pattern=HTTPS_URL, description="What every URL starts with.")
    sas_env: str | None = Field(
        default=None, pattern=ENVIRONMENT_VARIABLE, description="Environment variable that holds the SAS."
    )


class LimitsSpec(StrictSpec):
    """Refuse to do more than this. null takes a limit away."""

    max_cost_usd: Annotated[float, Field(ge=0)] | None = Field(default=None, description="One-off cost of a plan.")
    max_new_jobs: Amount | None = Field(default=None, description="Trainings of one plan.")
    max_new_jobs_per_day: Amount | None = Field(default=None, description="Trainings of 24 hours (Azure: 5).")
    max_deletes: Amount | None = Field(default=None, description="Deployments and models of one plan (Azure: 3).")


class PolicySpec(StrictSpec):
    """Refuse specs that ask for anything else."""

    models: list[str] = Field(default=[], description="Patterns of base models that may be trained.")
    max_epochs: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Most epochs of a training.")
    skus: list[str] = Field(default=[], description="SKUs that may be deployed.")


class DriftIgnoreSpec(StrictSpec):
    """A difference that is known and accepted for a while."""

    address: str = Field(min_length=1, description="kind/name.")
    path: str = Field(min_length=1, description="The field.")
    reason: str = Field(min_length=1, description="Why, for people.")
    until: str | None = Field(default=None, pattern=DATE, description="Last day.")


class DriftSpec(StrictSpec):
    """What `ftops drift` does not tell."""

    ignore: list[DriftIgnoreSpec] = Field(default=[], description="Accepted differences.")


class ProjectSpec(StrictSpec):
    """ftops.yaml after the environment was merged in."""

    project: str = Field(pattern=PROJECT, description="Part of file names and tags in Azure; renaming disowns things.")
    specs: list[str] = Field(default=["specs"], min_length=1, description="Folders or files with specs.")
    accounts: dict[str, AccountSpec] = Field(min_length=1, description="Azure OpenAI accounts by alias.")
    default_account: str | None = Field(default=None, description="Where things live that name no account.")
    variables: dict[str, VariableSpec] = Field(default={}, description="Values for ${var.NAME} in specs.")
    environments: dict[str, dict[str, Any]] = Field(
        default={}, description="What --env NAME changes: mappings merge, lists and scalars replace."
    )
    ledger: LedgerSpec = Field(default=LedgerSpec(), description="Where ftops remembers what it paid for.")
    imports: dict[str, ImportSpec] = Field(default={}, description="The only places Azure may fetch data from.")
    limits: LimitsSpec = Field(default=LimitsSpec(), description="Refuse to do more than this.")
    policy: PolicySpec | None = Field(default=None, description="Refuse specs that ask for anything else.")
    train: bool = Field(default=True, description="false: never trains, only promotes what was trained elsewhere.")
    delete_models: bool = Field(default=False, description="Delete models of removed entries, where Azure can.")
    drift: DriftSpec | None = Field(default=None, description="What `ftops drift` does not tell.")


#: Keys of ftops.yaml that an environment cannot change.
FIXED = ("project", "environments")
