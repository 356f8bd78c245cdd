"""The tables of kinds say nothing about keys that do not exist."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from ftops.core.address import KINDS
from ftops.kinds import strict
from ftops.kinds.dataset import DatasetSpec
from ftops.kinds.deployment import DeploymentSpec
from ftops.kinds.finetune import FinetuneSpec
from ftops.kinds.managed import MANAGED, manages
from ftops.kinds.project import ProjectSpec
from ftops.kinds.rules import DATED, violations
from ftops.kinds.unsupported import UNSUPPORTED, Unsupported

MODELS: dict[str, type[BaseModel]] = {
    "project": ProjectSpec,
    "dataset": DatasetSpec,
    "finetune": FinetuneSpec,
    "deployment": DeploymentSpec,
}


@pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: f"{row.kind}.{'.'.join(row.path)}")
def test_what_is_not_supported_is_in_the_schema(row: Unsupported) -> None:
    model: Any = MODELS[row.kind]
    for part in row.path:
        field = model.model_fields[part]
        model = next((a for a in (field.annotation, *get_args(field.annotation)) if hasattr(a, "model_fields")), None)


@pytest.mark.parametrize(
    "row", [r for r in UNSUPPORTED if r.supported], ids=lambda row: f"{row.kind}.{'.'.join(row.path)}"
)
def test_a_spelled_out_default_is_never_refused(row: Unsupported) -> None:
    if row.kind == "project":
        return
    for value in row.supported:
        entry: dict[str, Any] = {}
        inner = entry
        for part in row.path[:-1]:
            inner = inner.setdefault(part, {})
        inner[row.path[-1]] = value
        assert [v for v in violations(row.kind, entry) if v.code == "spec.not-yet-supported"] == []


def test_every_kind_has_its_managed_fields() -> None:
    assert set(MANAGED) == set(KINDS)
    assert manages("deployment", "capacity")
    assert manages("deployment", "tags.team")
    assert not manages("deployment", "tags.")
    assert not manages("finetune", "tags.team")


def test_every_pattern_is_put_in_words() -> None:
    patterns = {
        value for name, value in vars(strict).items() if name.isupper() and isinstance(value, str) and value[0] == "^"
    }
    assert patterns == set(strict.PATTERN_WORDS)
    assert all(re.compile(pattern) for pattern in patterns)


def test_every_alias_leads_to_a_dated_name_of_the_same_model() -> None:
    for alias, dated in DATED.items():
        assert dated.lower() not in DATED
        assert re.search(r"\d{4}", dated)
        assert dated.lower().startswith(alias.replace("3.5", "35"))


@pytest.mark.parametrize(
    "model", ["babbage-002", "davinci-002", "gpt-oss-20b", "Qwen3-32B", "gpt-6-2027-01-01", "anything"]
)
def test_models_without_a_date_that_are_no_alias_are_fine(model: str) -> None:
    assert list(violations("finetune", {"model": model, "training": "t"})) == []
