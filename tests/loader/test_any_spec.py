"""Whatever is written, the loader answers with Desired or with placed errors, and never loses an entry."""

from __future__ import annotations

import copy
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import SpecErrors
from tests.loader.building import build, desired

VALID: dict[str, Any] = {
    "datasets": {
        "t": {"file": "../data/t.jsonl", "keep": "always", "format": "chat", "labels": {"a": "b"}},
        "v": {"file": "../data/v.jsonl", "protect": True},
    },
    "finetunes": {
        "a": {"model": "gpt-4.1-2025-04-14", "training": "t", "validation": "v", "hyperparameters": {"n_epochs": 3}},
        "b": {"continues": "a", "training": "v", "suffix": "x", "seed": 1, "rerun": 2, "checkpoint": "last"},
        "old": {"existing": {"job": "ftjob-12345678"}},
    },
    "deployments": {
        "bot": {"finetune": "b", "sku": "Standard", "capacity": 5, "tags": {"k": "v"}, "ignore_changes": ["capacity"]},
        "plain": {"model": {"name": "gpt-4o", "version": "1"}, "sku": "GlobalStandard", "account": "eu"},
    },
}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 3, 2**40, 0.5, "", "t", "a", "b", "bot", "auto", "x" * 70, "${var.epochs}", "${", "é"),
    *([], [None], ["a"], {}, {"a": None}, {"job": "x"}, {"": ""}, {"name": "x"}, [[]]),
]
KEYS = [
    "t",
    "a",
    "file",
    "model",
    "training",
    "continues",
    "existing",
    "account",
    "sku",
    "tags",
    "zzz",
    "hyperparameters",
]


def mutated(value: Any, choose: random.Random) -> None:
    """Changes one place of a nested mapping: another value, a key removed, a key added, a key renamed."""
    while True:
        key = choose.choice(list(value))
        if not isinstance(value[key], dict) or not value[key] or choose.random() < 0.15:
            break
        value = value[key]
    act = choose.randrange(4)
    if act == 0:
        value[key] = copy.deepcopy(choose.choice(ODD))
    elif act == 1:
        del value[key]
    elif act == 2:
        value[choose.choice(KEYS)] = copy.deepcopy(choose.choice(ODD))
    else:
        value[choose.choice(KEYS)] = value.pop(key)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_mutated_spec_is_desired_or_told_with_places(seed: int, changes: int) -> None:
    choose = random.Random(seed)
    spec = json.loads(json.dumps(VALID))
    for _ in range(changes):
        if spec:
            mutated(spec, choose)
    with tempfile.TemporaryDirectory() as folder:
        root = build(Path(folder), {"specs/a.yaml": json.dumps(spec, ensure_ascii=False, indent=1)})
        text = (root / "specs/a.yaml").read_text()
        found, problems = outcome(root)
    if found is None:
        assert any(problem.severity == "error" for problem in problems)
        for problem in problems:
            assert problem.position is not None
            assert 1 <= problem.position.line <= text.count("\n") + 1
            assert problem.position.column >= 1
        return
    written = {f"{kind[:-1]}/{name}" for kind, section in spec.items() for name in section or {}}
    settled = {str(resource.address) for resource in found.resources}
    unused = {str(d.address) for d in found.diagnostics if d.code == "dataset.unused"}
    assert settled | unused == written


def outcome(root: Path) -> tuple[Desired | None, tuple[Diagnostic, ...]]:
    try:
        return desired(root), ()
    except SpecErrors as errors:
        return None, errors.diagnostics
