"""`ftops init`: what it writes, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

FILES = [
    ".gitattributes",
    ".gitignore",
    "ftops.yaml",
    "data/support-train.jsonl",
    "data/support-valid.jsonl",
    "schema/project.json",
    "schema/spec.json",
    "specs/support.yaml",
]


def test_init_writes_a_project_that_is_valid_and_named_after_its_directory(run: Run, tmp_path: Path):
    result = run("-C", str(tmp_path / "Larkspur Bikes!"), "init", "-o", "json")

    assert result.document["files"] == FILES
    told = run("-C", str(tmp_path / "Larkspur Bikes!"), "validate", "-o", "json").document
    assert told == {
        "format": "ftops.validate/1",
        "project": "larkspur-bikes",
        "environment": "default",
        "valid": True,
        "counts": {"dataset": 2, "finetune": 1, "deployment": 1},
        "diagnostics": [],
    }


def test_the_written_data_is_enough_for_training(project: Path):
    rows = (project / "data" / "support-train.jsonl").read_text(encoding="utf-8").splitlines()

    assert len(rows) >= 12
    assert all([m["role"] for m in json.loads(row)["messages"]] == ["system", "user", "assistant"] for row in rows)


def test_every_yaml_file_names_its_schema_and_the_schema_is_there(project: Path):
    for name in ("ftops.yaml", "specs/support.yaml"):
        first = (project / name).read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        schema = (project / name).parent / first.partition("=")[2]
        assert json.loads(schema.read_text(encoding="utf-8"))["type"] == "object"


def test_training_data_keeps_its_line_ends_in_git(project: Path):
    assert "*.jsonl text eol=lf" in (project / ".gitattributes").read_text().splitlines()
    assert ".ftops/" in (project / ".gitignore").read_text().splitlines()


def test_init_overwrites_nothing_and_then_writes_nothing_at_all(run: Run, tmp_path: Path):
    (tmp_path / "ftops.yaml").write_text("project: mine\n")

    result = run("-C", str(tmp_path), "init")

    assert result.code == 1
    assert "ftops.yaml exists already" in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ftops.yaml"]
    assert (tmp_path / "ftops.yaml").read_text() == "project: mine\n"


def test_rules_for_git_that_exist_are_completed_at_their_end(run: Run, tmp_path: Path):
    (tmp_path / ".gitignore").write_text("*.log")

    assert run("-C", str(tmp_path), "init").code == 0
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("*.log", ".ftops/")
