"""JSON Schema (draft 7) of specs and ftops.yaml, for editors: from the same models that validate."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from ftops.core.address import NAME_PATTERN
from ftops.kinds.project import FIXED, LimitsSpec, ProjectSpec
from ftops.loader.entries import MODELS, SECTIONS

DRAFT = "http://json-schema.org/draft-07/schema#"
_VARIABLE = {"type": "string", "pattern": r"\$\{var\.[A-Za-z_][A-Za-z0-9_-]*\}", "description": "A variable."}


def json_schema(which: Literal["spec", "project"]) -> dict[str, Any]:
    """The schema of a spec file, or of ftops.yaml."""
    if which == "project":
        return _project_schema()
    return _spec_schema()


def _spec_schema() -> dict[str, Any]:
    definitions: dict[str, Any] = {"Variable": _VARIABLE}
    properties: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        model = MODELS[kind]
        for name, definition in _definitions(model).items():
            definitions[name] = _with_variables(definition)
        properties[section] = {
            "type": "object",
            "description": (model.__doc__ or "").strip(),
            "propertyNames": {"pattern": f"^{NAME_PATTERN.pattern}$"},
            "additionalProperties": {"$ref": f"#/definitions/{model.__name__}"},
        }
    for name, keys in _ONE_OF.items():
        definitions[name]["oneOf"] = [{"required": [key]} for key in keys]
    return {
        "$schema": DRAFT,
        "title": "ftops specs",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "definitions": dict(sorted(definitions.items())),
    }


_ONE_OF = {
    "DatasetSpec": ("file", "url"),
    "FinetuneSpec": ("model", "continues", "existing"),
    "ExistingSpec": ("job", "model"),
    "DeploymentSpec": ("finetune", "model"),
}


def _project_schema() -> dict[str, Any]:
    definitions = _definitions(ProjectSpec)
    root = definitions.pop("ProjectSpec")
    changeable = [key for key in root["properties"] if key not in FIXED]
    definitions["Environment"] = {
        "type": "object",
        "description": "What changes in this environment: mappings merge, lists and scalars replace.",
        "additionalProperties": False,
        "properties": {key: {"description": ProjectSpec.model_fields[key].description} for key in changeable},
    }
    root["properties"]["environments"]["additionalProperties"] = {"$ref": "#/definitions/Environment"}
    return {"$schema": DRAFT, **root, "title": "ftops.yaml", "definitions": dict(sorted(definitions.items()))}


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    schema = TypeAdapter(model).json_schema(ref_template="#/definitions/{model}")
    definitions: dict[str, Any] = schema.pop("$defs", {})
    definitions[model.__name__] = schema
    return {name: _tidy(definition, nullable=name == LimitsSpec.__name__) for name, definition in definitions.items()}


def _tidy(node: Any, *, nullable: bool) -> Any:
    """Without titles, without defaults that say nothing, and without null unless it means something."""
    if isinstance(node, list):
        return [_tidy(item, nullable=nullable) for item in node]
    if not isinstance(node, dict):
        return node
    tidied: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":  # names of the authors' keys, not words of JSON Schema
            tidied[key] = {name: _tidy(schema, nullable=nullable) for name, schema in value.items()}
        elif key != "title" and (key != "default" or _telling(value)):
            tidied[key] = _tidy(value, nullable=nullable)
    if not nullable and _NULL in tidied.get("anyOf", ()):
        alternatives = [item for item in tidied.pop("anyOf") if item != _NULL]
        tidied |= alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
    return tidied


_NULL = {"type": "null"}


def _telling(default: Any) -> bool:
    return default is not None and not isinstance(default, dict)


def _with_variables(definition: dict[str, Any]) -> dict[str, Any]:
    """Wherever something else than free text is wanted, a variable may stand instead."""
    properties = definition.get("properties", {})
    widened = {name: _or_variable(schema) for name, schema in properties.items()}
    return {**definition, "properties": widened} if properties else definition


def _or_variable(schema: dict[str, Any]) -> dict[str, Any]:
    description: dict[str, Any] = {key: schema[key] for key in ("description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in description}
    if rest == {"type": "string"}:
        return schema
    alternatives = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**description, "anyOf": [*alternatives, {"$ref": "#/definitions/Variable"}]}
