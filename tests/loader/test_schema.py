"""The JSON Schema accepts what the loader accepts, and editors get descriptions from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ftops.loader import json_schema
from ftops.loader.yaml_documents import read_yaml
from tests.identity.specs_20 import spec_text
from tests.loader.bad_specs.projects import BAD_PROJECTS
from tests.loader.bad_specs.table import BAD_SPECS
from tests.loader.building import FTOPS_YAML

ROOT = Path(__file__).parents[2]
SPEC = Draft7Validator(json_schema("spec"))
PROJECT = Draft7Validator(json_schema("project"))


@pytest.mark.parametrize("which", ["spec", "project"])
def test_it_is_a_draft_7_schema(which: Any) -> None:
    schema = json_schema(which)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    assert "$defs" not in json.dumps(schema)


@pytest.mark.parametrize("which", ["spec", "project"])
def test_every_key_is_described(which: Any) -> None:
    schema = json_schema(which)
    for name, definition in schema["definitions"].items():
        for key, described in definition.get("properties", {}).items():
            assert described.get("description") or "$ref" in described, f"{name}.{key}"


def test_what_the_loader_accepts_fits_the_schema() -> None:
    files = [*(ROOT / "specs").rglob("*.yaml"), *(ROOT / "examples").glob("*/specs/**/*.yaml")]
    texts = [spec_text(), *(path.read_text() for path in files)]
    assert [
        error.message for text in texts for error in SPEC.iter_errors(read_yaml("a.yaml", text.encode()).data)
    ] == []


def test_what_the_loader_accepts_as_a_project_fits_the_schema() -> None:
    texts = [FTOPS_YAML, *(path.read_text() for path in [ROOT / "ftops.yaml", *ROOT.glob("examples/*/ftops.yaml")])]
    assert [
        error.message for text in texts for error in PROJECT.iter_errors(read_yaml("a.yaml", text.encode()).data)
    ] == []


#: Rules that no schema can say (or 1.0, which JSON Schema takes for an integer).
BEYOND_SCHEMAS = {
    "a fine-tuned model as base",
    "a model of OpenAI's form",
    "a tag of ftops",
    "a tag of ftops in capitals",
    "a tag with a slash",
    "a tag value of 257 characters",
    "forty-five tags",
    "a finetune without training",
    "a variable of the wrong type",
    "a variable as text where a number is wanted",
    "an escaped variable in a suffix",
    "the seed 1.0",
    "n_epochs as 1e3",
    "an environment that makes an emulator half real",
}
SHAPE = ("spec.unknown-key", "spec.missing-key", "spec.type", "spec.value", "spec.conflict")


@pytest.mark.parametrize("validator", [SPEC, PROJECT], ids=["spec", "project"])
def test_what_has_the_wrong_shape_does_not_fit_the_schema(validator: Any) -> None:
    table = BAD_SPECS if validator is SPEC else BAD_PROJECTS
    wrong = [b for b in table if all(e.endswith(SHAPE) for e in b.expected) and b.name not in BEYOND_SCHEMAS]
    assert len(wrong) > 20
    fitting = [bad.name for bad in wrong if validator.is_valid(read_yaml("a.yaml", bad.text.encode()).data)]
    assert fitting == []
