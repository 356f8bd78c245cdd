"""A deployment's fingerprint stands in its tags: a change here shows every user an update of every deployment."""

from __future__ import annotations

from pathlib import Path

from tests.loader.building import build, desired

SPECS = """\
datasets: {t: {file: ../data/t.jsonl}}
finetunes:
  a: {model: gpt-4o-mini-2024-07-18, training: t}
  old: {existing: {job: ftjob-0123456789abcdef0123456789abcdef}}
deployments:
  plain: {finetune: a, sku: Standard}
  bought: {finetune: old, sku: GlobalStandard}
  base: {model: {name: gpt-4o}, sku: Standard}
  pinned: {model: {name: gpt-4o, version: "2024-08-06"}, sku: Standard}
  everything:
    finetune: a
    sku: Standard
    capacity: 50
    content_policy: strict
    upgrade: NoAutoUpgrade
    tags: {team: support}
"""
PINNED = {
    "base": "feb6016ff998eae5f646360bcc498555",
    "bought": "5f625afa0d94e171ec88ff303e4fa6ea",
    "everything": "2f102326fb01f40d3688c04830dbdaa1",
    "pinned": "dd03e746dd8523751062b278dffae7f0",
    "plain": "1a0b3ea80288d5cc63d4887f18c5529b",
}


def test_fingerprints_of_deployments_are_pinned(tmp_path: Path) -> None:
    found = {d.address.name: d.fingerprint for d in desired(build(tmp_path, {"specs/a.yaml": SPECS})).deployments}
    assert found == PINNED
