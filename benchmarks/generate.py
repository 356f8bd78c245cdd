"""Writes projects of any size for the benchmarks: ftops trees, and Terraform configurations to stand beside them.

The unit is a group of five: a dataset with rows of its own, a fine-tune on it, a second that continues the first, and
a deployment of each. Groups are spread over accounts and over spec files. Same size, same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

GROUP = 5
GROUPS_IN_A_FILE = 50
ROWS = 12


def ftops_project(directory: Path, *, resources: int, accounts: int = 1) -> None:
    """A project of `resources` resources (a multiple of five) on that many emulator accounts."""
    assert resources % GROUP == 0, "resources come in groups of five"
    groups = resources // GROUP
    (directory / "specs").mkdir(parents=True)
    (directory / "data").mkdir()
    _write_project_file(directory, accounts)
    for start in range(0, groups, GROUPS_IN_A_FILE):
        chosen = range(start, min(start + GROUPS_IN_A_FILE, groups))
        (directory / "specs" / f"part-{start // GROUPS_IN_A_FILE:04}.yaml").write_text(_specs(chosen, accounts))
    for group in range(groups):
        (directory / "data" / f"rows-{group:05}.jsonl").write_text(_rows(group))


def terraform_project(directory: Path, *, resources: int) -> None:
    """As many `terraform_data` resources; every fifth stands alone, the others depend on the one before."""
    directory.mkdir(parents=True)
    blocks = [
        f'resource "terraform_data" "r{index}" {{\n  input = {{\n    name     = "resource-{index}"\n'
        f"    capacity = {index % 50}\n    after    = {_predecessor(index)}\n  }}\n}}\n"
        for index in range(resources)
    ]
    (directory / "main.tf").write_text("\n".join(blocks))


def _predecessor(index: int) -> str:
    return f"terraform_data.r{index - 1}.id" if index % GROUP else '""'


def _write_project_file(directory: Path, accounts: int) -> None:
    lines = [f"  account-{number}: {{emulator: true}}" for number in range(accounts)]
    text = "\n".join(["project: bench", "accounts:", *lines, "default_account: account-0", ""])
    (directory / "ftops.yaml").write_text(text)


def _specs(groups: range, accounts: int) -> str:
    datasets = [f"  data-{g:05}: {{file: ../data/rows-{g:05}.jsonl}}" for g in groups]
    finetunes = [
        f"  first-{g:05}:\n    model: gpt-4o-mini-2024-07-18\n    account: account-{g % accounts}\n"
        f"    training: data-{g:05}\n    suffix: bench\n    hyperparameters: {{n_epochs: 3}}\n"
        f"  second-{g:05}:\n    continues: first-{g:05}\n    account: account-{g % accounts}\n    training: data-{g:05}"
        for g in groups
    ]
    deployments = [
        f"  {link}-{g:05}:\n    finetune: {link}-{g:05}\n    sku: Standard\n    capacity: 10"
        for g in groups
        for link in ("first", "second")
    ]
    return "\n".join(["datasets:", *datasets, "finetunes:", *finetunes, "deployments:", *deployments, ""])


def _rows(group: int) -> str:
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"What is {group} plus {row}?"},
                {"role": "assistant", "content": f"{group + row}, as every bench knows."},
            ]
        }
        for row in range(ROWS)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)
