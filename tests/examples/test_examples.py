"""Every example, and the project of this repository, does the whole job: from nothing to in shape to nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from scripts.transcripts import hurry

ROOT = Path(__file__).resolve().parents[2]
FTOPS = str(Path(sys.executable).parent / "ftops")
PROJECTS = [ROOT, *sorted(path.parent for path in (ROOT / "examples").glob("*/ftops.yaml"))]
IN_SHAPE = "No changes. Azure matches the specs."


@dataclass(frozen=True)
class Project:
    """A copy of a project, and commands in it."""

    directory: Path

    def ftops(self, *arguments: str, exits: int = 0) -> str:
        """stdout of one command; fails the test with everything printed when the exit code is another."""
        done = subprocess.run(
            [FTOPS, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == exits, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def last_line(self, *arguments: str) -> str:
        return self.ftops(*arguments).strip().splitlines()[-1]

    def specs(self) -> list[Path]:
        return sorted((self.directory / "specs").rglob("*.yaml"))


@pytest.fixture(params=PROJECTS, ids=lambda path: path.name if path != ROOT else "this repository")
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    shutil.copy(request.param / "ftops.yaml", tmp_path)
    for folder in ("specs", "data"):
        shutil.copytree(request.param / folder, tmp_path / folder)
    hurry(tmp_path)
    return Project(tmp_path)


def respelled(text: str) -> str:
    """The same spec file, written by somebody else: keys in reverse, a comment, `auto` and defaults spelled out."""
    document = yaml.safe_load(text)
    for finetune in document.get("finetunes", {}).values():
        given = finetune.get("hyperparameters", {})
        finetune["hyperparameters"] = {"batch_size": "auto", "n_epochs": "auto", **given}
        finetune.update(rerun=0, hold=False, method="supervised")
    for deployment in document.get("deployments", {}).values():
        deployment.setdefault("rollout", "recreate")
    return "# Written by somebody else.\n" + yaml.safe_dump(_reversed(document), sort_keys=False)


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return value


def test_a_project_goes_from_nothing_to_in_shape_to_nothing(project: Project):
    project.ftops("validate")
    assert project.last_line("plan").startswith("Plan: ")
    project.ftops("apply", "--auto-approve")
    assert project.last_line("plan") == IN_SHAPE

    for path in project.specs():
        path.write_text(respelled(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert project.last_line("plan") == IN_SHAPE

    project.ftops("destroy", "--auto-approve")
    plan = json.loads(project.ftops("plan", "-o", "json"))
    finetunes = [change for change in plan["changes"] if change["address"].startswith("finetune/")]
    others = [change for change in plan["changes"] if not change["address"].startswith("finetune/")]
    assert {change["action"] for change in finetunes} <= {"keep", "adopt"}
    assert {change["action"] for change in others} == {"create"}
