"""Builds a small project on disk, and reads what the loader says about it as `file:line:column code`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ftops.core.desired import Desired
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import SpecErrors
from ftops.loader import load, load_project

FTOPS_YAML = """\
project: support-bots
accounts:
  main: {emulator: true}
  eu: {emulator: true}
default_account: main
variables:
  epochs: {default: 3}
  unset: {}
"""
ROW = '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n'


def build(root: Path, specs: Mapping[str, str | bytes], *, ftops_yaml: str | bytes = FTOPS_YAML) -> Path:
    """Writes ftops.yaml, `specs` (paths relative to the project) and data: t (12 rows), v (other 11), few (3)."""
    files: dict[str, str | bytes] = {
        "ftops.yaml": ftops_yaml,
        "data/t.jsonl": ROW * 12,
        "data/v.jsonl": ROW.replace("q", "other") * 11,
        "data/few.jsonl": ROW * 3,
        **specs,
    }
    (root / "specs").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def desired(root: Path, *, environment: str = "default", variables: Mapping[str, str] | None = None) -> Desired:
    return load(load_project(root, environment=environment, variables=variables))


def diagnostics(
    root: Path, *, environment: str = "default", variables: Mapping[str, str] | None = None
) -> tuple[Diagnostic, ...]:
    """What is wrong; nothing when it loads. Any other exception than SpecErrors is a failure of the test."""
    try:
        return desired(root, environment=environment, variables=variables).diagnostics
    except SpecErrors as errors:
        return errors.diagnostics


def told(found: tuple[Diagnostic, ...]) -> list[str]:
    """`specs/a.yaml:1:2 code` of each error, in the order in which people read them."""
    return [f"{d.position} {d.code}" for d in found if d.severity == "error"]
