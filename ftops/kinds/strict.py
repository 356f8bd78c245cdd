"""The common shape of everything that can be written: strict, frozen, no unknown keys; and the patterns of texts.

Strict matters: pydantic's lax mode would turn `1_000` into 1000 and `no` into False behind the author's back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class StrictSpec(BaseModel):
    """Base of every spec model."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def no_texts() -> dict[str, str]:
    """As a default factory: pydantic reads the signature of a plain function ten times faster than that of `dict`."""
    return {}


def nothing_listed() -> list[Any]:
    """As a default factory; see `no_texts`."""
    return []


class EntrySpec(StrictSpec):
    """What every entry may hold, whatever its kind."""

    description: str | None = Field(default=None, description="For people; has no effect.")
    labels: dict[str, str] = Field(
        default_factory=no_texts, description="For people: key and value texts; they have no effect."
    )
    protect: bool = Field(default=False, description="Refuse to delete or replace this, also by dependency.")
    ignore_changes: list[str] = Field(
        default_factory=nothing_listed, description="Managed fields whose differences are left alone."
    )


SHA256 = r"^[0-9a-f]{64}$"
SUFFIX = r"^[A-Za-z0-9_-]+$"
JOB_ID = r"^ft(job)?-[A-Za-z0-9-]{4,64}$"
FINE_TUNED_MODEL = r"^[A-Za-z0-9][A-Za-z0-9._-]*\.ft-[A-Za-z0-9._:-]+$"
MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,255}$"
DEPLOYMENT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DURATION = r"^[0-9]+(s|m|h|d)$"
PROJECT = r"^[a-z0-9][a-z0-9-]{0,31}$"
ALIAS = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SUBSCRIPTION = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
RESOURCE_GROUP = r"^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$"
ACCOUNT_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$"
#: In capitals, so that a pasted key does not pass for a name.
ENVIRONMENT_VARIABLE = r"^[A-Z_][A-Z0-9_]{0,63}$"
API_VERSION = r"^(v1|[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?)$"
HTTPS_URL = r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#\s]*)?$"
EMULATOR_URL = r"^https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?/?$"
STORAGE_URL = r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+)?/?$"
CONTAINER = r"^[a-z0-9$][a-z0-9-]{2,62}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

#: What a pattern asks for, in words: for error texts, which never show what was written.
PATTERN_WORDS: Mapping[str, str] = {
    SHA256: "64 hexadecimal digits in lower case",
    SUFFIX: "letters, digits, `_` and `-`",
    JOB_ID: "a job id such as ftjob-0123456789abcdef0123456789abcdef",
    FINE_TUNED_MODEL: "the id of a fine-tuned model, with `.ft-` in it",
    MODEL_NAME: "a model name: letters, digits, `.`, `_`, `:` and `-`",
    DEPLOYMENT_NAME: "letters, digits, `.`, `_` and `-`, at most 64, starting with a letter or digit",
    DURATION: "a duration such as 5m or 90s",
    PROJECT: "lower-case letters, digits and `-`, at most 32, not starting with `-`",
    ALIAS: "letters, digits, `.`, `_` and `-`, at most 64, starting with a letter or digit",
    SUBSCRIPTION: "a subscription id such as 00000000-0000-0000-0000-000000000000",
    RESOURCE_GROUP: "the name of a resource group",
    ACCOUNT_NAME: "the name of an Azure OpenAI account: 2 to 64 letters, digits, `-`, `_` and `.`",
    ENVIRONMENT_VARIABLE: "the name of an environment variable in capitals, never the secret itself",
    API_VERSION: "v1 or a dated version such as 2024-10-21",
    HTTPS_URL: "an https URL",
    EMULATOR_URL: "the URL of a running emulator such as http://127.0.0.1:8080",
    STORAGE_URL: "the URL of a storage account, such as https://NAME.blob.core.windows.net",
    CONTAINER: "the name of a blob container",
    DATE: "a date such as 2027-03-01",
}
