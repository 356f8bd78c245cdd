"""Variables: an exact one keeps its type, an embedded one is text, `$${` is a plain `${`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.loader.variables import replace_variables
from ftops.loader.yaml_documents import read_yaml
from tests.loader.building import build, desired

VALUES: dict[str, Any] = {"n": 3, "x": 0.5, "yes": True, "text": "a: b", "list": [1, 2], "nothing": None, "dash-1": "d"}


def replaced(text: str) -> Any:
    document = read_yaml("a.yaml", f"v: {text}\n".encode())
    problems = replace_variables(document, VALUES, frozenset(VALUES))
    return [p.code for p in problems] or document.data["v"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.n}", 3),
        ('"${var.x}"', 0.5),
        ("${var.yes}", True),
        ("${var.list}", [1, 2]),
        ("'${var.text}'", "a: b"),
        ("${var.dash-1}", "d"),
        ("a${var.n}b${var.x}c", "a3b0.5c"),
        ("${var.yes}!", "true!"),
        ('"$${var.n}"', "${var.n}"),
        ('"$$${var.n}"', "$${var.n}"),
        ('"a $${b} ${var.n}"', "a ${b} 3"),
        ("$5 {n}", "$5 {n}"),
        ("['${var.n}', {k: '${var.n}'}]", [3, {"k": 3}]),
        ("a${var.list}", ["variable.not-text"]),
        ("a${var.nothing}", ["variable.not-text"]),
        ("${var.none}", ["variable.undefined"]),
        ("'${ var.n }'", ["variable.syntax"]),
        ("'${var.}'", ["variable.syntax"]),
        ("'${var.a.b}'", ["variable.syntax"]),
        ("'a ${'", ["variable.syntax"]),
    ],
)
def test_a_variable_is_replaced(text: str, value: Any) -> None:
    assert replaced(text) == value


@given(st.text(st.sampled_from("${}var.n "), max_size=20))
def test_any_use_of_dollars_and_braces_is_replaced_or_told(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    result = replaced(f'"{quoted}"')
    assert isinstance(result, str | int | list)


def test_what_was_put_in_is_not_looked_at_again(tmp_path: Path) -> None:
    project = "project: p\naccounts: {main: {emulator: true}}\nvariables: {a: {}, b: {default: 1}}\n"
    specs = (
        "datasets: {t: {file: ../data/t.jsonl}}\n"
        'finetunes: {x: {model: gpt-4.1-2025-04-14, training: t, description: "${var.a}"}}\n'
    )
    root = build(tmp_path, {"specs/a.yaml": specs}, ftops_yaml=project)
    assert len(desired(root, variables={"a": "${var.nowhere}"}).finetunes) == 1


def test_a_variable_brings_its_type_to_the_spec(tmp_path: Path) -> None:
    specs = (
        "datasets: {t: {file: ../data/t.jsonl}}\n"
        'finetunes: {x: {model: gpt-4.1-2025-04-14, training: t, hyperparameters: {n_epochs: "${var.epochs}"}}}\n'
    )
    root = build(tmp_path, {"specs/a.yaml": specs})
    assert desired(root).finetunes[0].hyperparameters == {"n_epochs": 3}
    assert desired(root, variables={"epochs": "5"}).finetunes[0].hyperparameters == {"n_epochs": 5}


def test_a_variable_that_is_null_is_a_forgotten_value(tmp_path: Path) -> None:
    from tests.loader.building import diagnostics, told

    specs = 'deployments: {bot: {model: {name: gpt-4o}, sku: "${var.epochs}"}}\n'
    found = diagnostics(build(tmp_path, {"specs/a.yaml": specs}), variables={"epochs": ""})
    assert told(found) == ["specs/a.yaml:1:44 spec.empty-value"]
