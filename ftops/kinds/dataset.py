"""Dataset: training or validation rows in a local file. What may be written under `datasets`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ftops.kinds.strict import SHA256, EntrySpec, nothing_listed


class DatasetSpec(EntrySpec):
    """One entry of `datasets`: rows to train or validate with."""

    file: str | None = Field(default=None, min_length=1, description="A .jsonl file, relative to this file.")
    url: str | None = Field(default=None, min_length=1, description="IMPORT:PATH, fetched by Azure itself.")
    sha256: str | None = Field(default=None, pattern=SHA256, description="Hash of the content behind `url`.")
    format: Literal["chat", "completion", "preference", "reinforcement"] | None = Field(
        default=None, description="What every row is; inferred when left out."
    )
    keep: Literal["always", "until_trained"] = Field(
        default="always", description="Whether the upload stays in Azure after everything that uses it is trained."
    )
    ignore: list[str] = Field(default_factory=nothing_listed, description="Data rules that are waived.")
