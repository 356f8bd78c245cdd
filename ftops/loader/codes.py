"""Codes: every diagnostic the loader can give, with one sentence for the documentation. Stable once released."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        # Files and YAML
        "yaml.unreadable": "A YAML file cannot be opened, or is not a regular file",
        "yaml.too-large": "A YAML file is larger than 4 MiB, or has more than 250,000 nodes (`--large` allows more)",
        "yaml.not-utf8": "A YAML file is not valid UTF-8",
        "yaml.control-character": "A YAML file holds a character that cannot be seen, written plainly or escaped",
        "yaml.syntax": "The text is not YAML",
        "yaml.tab": "A tab stands where YAML wants spaces",
        "yaml.too-deep": "Mappings and lists are nested more than 32 deep",
        "yaml.anchor": "Anchors, aliases and merge keys are refused: what is written is what is meant",
        "yaml.tag": "Tags and directives are refused",
        "yaml.several-documents": "A file holds more than one YAML document",
        "yaml.duplicate-key": "A key stands twice in one mapping",
        "yaml.key-not-text": "A key is a number, a boolean, empty, or a collection; keys are text",
        "yaml.number-too-large": "A number does not fit into 64 bits",
        # ftops.yaml
        "project.not-found": "No ftops.yaml in this folder or above it, up to the repository root",
        "project.unknown-environment": "`--env` names an environment that ftops.yaml does not have",
        "project.unknown-account": "An account is named that ftops.yaml does not have",
        "project.same-account": "Two aliases name the same Azure account",
        "project.specs-missing": "A folder or file named under `specs` does not exist",
        "project.outside-project": "A path under `specs`, or a spec file, leads out of the project",
        "project.incomplete": "Keys of ftops.yaml that belong together are not all there, or contradict each other",
        # Variables
        "variable.undefined": "A `${var.NAME}` has no value: no `--var`, no environment, no default",
        "variable.undeclared": "`--var` sets a variable that ftops.yaml does not declare",
        "variable.syntax": "A `${` opens something else than `${var.NAME}`; `$${` writes it literally",
        "variable.not-here": "Variables stand in values of specs only, not in keys and not in ftops.yaml",
        "variable.not-text": "A list or mapping is embedded in a text",
        # Specs
        "spec.unknown-key": "A key that does not exist here",
        "spec.missing-key": "A key that must be written is not there",
        "spec.type": "A value of the wrong type",
        "spec.value": "A value of the right type that cannot be meant",
        "spec.empty-value": "A key with nothing after its colon",
        "spec.conflict": "Keys that exclude each other",
        "spec.no-effect": "A key that has no effect where it stands, so it is refused rather than ignored",
        "spec.not-yet-supported": "A key without effect in this version of ftops, so it is refused rather than ignored",
        "spec.bad-name": "An entry's name that cannot be an address",
        "spec.duplicate-name": "Two entries of one kind with the same name, in different files",
        "spec.case-twin": "Two names that differ only in upper and lower case",
        "spec.dangling-reference": "A name that no entry declares",
        "spec.cycle": "Finetunes that continue each other in a circle",
        "spec.other-account": "A finetune continues one that lives in another account",
        "spec.same-training": "Two finetunes of one account that would be the same training",
        "spec.same-deployment": "Two deployments with one name in one account",
        "spec.undated-model": "An alias of a base model that means another model tomorrow; the dated name is wanted",
        "spec.unknown-field": "`ignore_changes` names a field that is not managed",
        # Datasets
        "dataset.missing": "The file of a dataset does not exist",
        "dataset.unreadable": "The file of a dataset cannot be read",
        "dataset.not-a-file": "A dataset names a directory, pipe or device",
        "dataset.outside-project": "The file of a dataset lies outside of the project",
        "dataset.empty": "The file of a dataset has no rows",
        "dataset.not-utf8": "A row is not valid UTF-8",
        "dataset.not-json": "A row is not valid JSON",
        "dataset.not-an-object": "A row is JSON, but not an object",
        "dataset.empty-line": "An empty line between rows",
        "dataset.line-too-long": "A row is longer than 64 MiB",
        "dataset.wrong-format": "A row lacks the keys of the format that the spec declares",
        "dataset.too-few-rows": "A training dataset has fewer than 10 rows, which Azure refuses",
        "dataset.unused": "No finetune uses the dataset, so it stays on this machine (a warning)",
        "dataset.changed": "The file of a dataset is no longer what was planned",
    }
)
