"""The ledger through the command line: lost, old, torn or damaged, all is recognised and nothing bought again."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ftops.__main__ import main
from ftops.core.address import Address
from ftops.emulator import Emulator
from ftops.ledger import Holder, LocalStore, Session
from ftops.ledger.guard import FileGuard

AT_ONCE = {"file_seconds": 0.0, "job_pending_seconds": 0.0, "job_running_seconds": 0.05, "deployment_seconds": 0.0}
HOLDER = Holder("0123456789ab", "elsewhere", 4711, "2026-01-02T03:04:05Z")
IN_SHAPE = "No changes. Azure matches the specs."


@dataclass
class Project:
    """A project in a directory, with the user's own directory beside it, and the command line to work with it."""

    home: Path
    said: Callable[[], tuple[str, str]]

    @property
    def directory(self) -> Path:
        return self.home / "larkspur"

    @property
    def ledger(self) -> Path:
        return self.directory / ".ftops" / "ledger" / "ledger.jsonl"

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.ledger.parent, guard=FileGuard(self.home / "ftops"))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.said()
        before = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = str(self.home)
        try:
            code = main(["-C", str(self.directory), *arguments])
        finally:
            os.environ.pop("XDG_STATE_HOME") if before is None else os.environ.update(XDG_STATE_HOME=before)
        return (code, *self.said())

    def document(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "-o", "json")[1])

    def jobs(self) -> int:
        return len(self.document("emulator", "bill")["jobs"])

    def plans_nothing_to_pay(self) -> None:
        summary = self.document("plan")["summary"]
        assert (summary["train"], summary["upload"], summary["deploy"]) == (0, 0, 0)


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, applied: made once, never worked in."""
    project = Project(tmp_path_factory.mktemp("once"), lambda: ("", ""))
    assert project.run("init", "-q")[0] == 0
    (project.directory / ".ftops").mkdir(mode=0o700, exist_ok=True)
    with Emulator(project.directory / ".ftops" / "emulator.db", accounts={"main": None}, profile=AT_ONCE):
        pass
    assert project.run("ledger", "init", "--nothing-in-flight")[0] == 0
    assert project.run("apply", "-y", "-q")[0] == 0
    return project.home


@pytest.fixture
def project(applied_once: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    shutil.copytree(applied_once, tmp_path / "home")

    def said() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return Project(tmp_path / "home", said)


def lines_of(project: Project) -> list[bytes]:
    return project.ledger.read_bytes().splitlines(keepends=True)


def lost(project: Project) -> None:
    shutil.rmtree(project.ledger.parent)


def emptied_of_all_but_its_birth(project: Project) -> None:
    project.ledger.write_bytes(lines_of(project)[0])


def one_entry_short(project: Project) -> None:
    project.ledger.write_bytes(b"".join(lines_of(project)[:-1]))


def torn(project: Project) -> None:
    project.ledger.write_bytes(project.ledger.read_bytes()[:-9])


@pytest.mark.parametrize("misfortune", [lost, emptied_of_all_but_its_birth, one_entry_short, torn])
def test_after_a_ledger_is_lost_or_old_everything_is_recognised_and_nothing_bought(
    project: Project, misfortune: Callable[[Project], None]
) -> None:
    misfortune(project)
    project.plans_nothing_to_pay()

    assert project.run("apply", "-y", "-q")[0] == 0
    code, out, _ = project.run("plan", "--detailed-exitcode")
    assert (code, out.startswith(IN_SHAPE)) == (0, True)
    assert project.jobs() == 1
    assert project.document("ledger", "show")["young_seconds_left"] > 0


@pytest.mark.parametrize("misfortune", [emptied_of_all_but_its_birth, one_entry_short, torn])
def test_a_doubtful_ledger_says_so(project: Project, misfortune: Callable[[Project], None]) -> None:
    misfortune(project)
    code, _, err = project.run("ledger", "show")

    assert (code, "It cannot prove what is in flight" in err) == (0, True)
    assert project.document("ledger", "show")["suspicion"]


def test_the_first_apply_that_writes_anything_ends_the_doubt_and_starts_the_wait(project: Project) -> None:
    emptied_of_all_but_its_birth(project)
    project.run("apply", "-y", "-q")

    assert project.document("ledger", "show")["suspicion"] == ""
    assert b'"type":"quarantined"' in project.ledger.read_bytes()


def test_a_damaged_ledger_stops_everything_until_it_is_rebuilt_and_then_all_is_recognised(project: Project) -> None:
    data = project.ledger.read_bytes()
    damaged = data[:100] + b"~" + data[101:]
    project.ledger.write_bytes(damaged)
    for command in (("plan",), ("apply", "-y"), ("ledger", "show"), ("ledger", "init")):
        code, _, err = project.run(*command)
        assert (code, "bug" in err) == (1, False)
    assert "run `ftops ledger rebuild`" in project.run("plan")[2]

    code, out, err = project.run("ledger", "rebuild")
    assert (code, out.startswith(f"Created {project.ledger}. The damaged one is ")) == (0, True)
    assert "It is new: paid work waits 2 s." in err
    assert Path(out.rpartition(" is ")[2].removesuffix(".\n")).read_bytes() == damaged
    project.plans_nothing_to_pay()
    assert project.run("apply", "-y", "-q")[0] == 0
    assert project.run("plan", "--detailed-exitcode")[0] == 0
    assert project.jobs() == 1


def test_rebuilding_tells_programs_where_the_damaged_one_is(project: Project) -> None:
    project.ledger.write_bytes(b"not a ledger\n")
    told = project.document("ledger", "rebuild")

    assert (told["format"], told["place"]) == ("ftops.ledger-rebuild/1", str(project.ledger))
    assert Path(told["aside"]).read_bytes() == b"not a ledger\n"
    assert 0 < told["young_seconds_left"] <= 2


def test_a_sound_ledger_is_not_rebuilt_and_a_missing_one_is_made(project: Project) -> None:
    before = project.ledger.read_bytes()
    code, _, err = project.run("ledger", "rebuild")
    assert (code, "it can be read, so there is nothing to rebuild" in err) == (1, True)
    assert project.ledger.read_bytes() == before

    lost(project)
    assert project.run("ledger", "rebuild")[1] == f"Created {project.ledger}.\n"


def test_saying_that_nothing_is_in_flight_takes_the_wait_away(project: Project) -> None:
    lost(project)
    project.run("ledger", "init")
    assert project.document("ledger", "show")["young_seconds_left"] > 0
    lost(project)
    told = project.document("ledger", "init", "--nothing-in-flight")

    assert (told["format"], told["place"]) == ("ftops.ledger-init/1", str(project.ledger))
    assert project.document("ledger", "show")["young_seconds_left"] == 0


def leave_unresolved(project: Project) -> None:
    Session.open(project.store).intend(
        arm_id="/subscriptions/s",
        token="aaaaaaaaaa",
        nonce="n1",
        address=Address("finetune", "other"),
        run="r1",
        request="d",
        inputs={},
    )


def test_a_request_without_an_outcome_says_how_long_it_may_still_become_a_job(project: Project) -> None:
    leave_unresolved(project)

    code, out, _ = project.run("ledger", "show")

    (line,) = [line for line in out.splitlines() if "aaaaaaaaaa" in line]
    assert (code, re.search(r"sending \((899|900) s left\)", line) is not None) == (0, True)


def test_a_free_lock_and_a_wrong_run_are_told(project: Project) -> None:
    code, _, err = project.run("ledger", "unlock", "0123456789ab")
    assert (code, "nobody holds it" in err) == (1, True)
    with project.store.lock(HOLDER):
        code, _, err = project.run("ledger", "unlock", "ba9876543210")

    assert code == 1
    assert "held by process 4711 on elsewhere since 2026-01-02T03:04:05Z (run 0123456789ab), not by" in err


def test_unlocking_tells_holder_age_and_unresolved_requests_and_leaves_the_requests_alone(project: Project) -> None:
    leave_unresolved(project)
    before = project.ledger.read_bytes()
    with project.store.lock(HOLDER):
        code, _, err = project.run("ledger", "unlock", "0123456789ab")

    assert code == 1
    assert "Held by process 4711 on elsewhere since 2026-01-02T03:04:05Z (run 0123456789ab), for " in err
    assert "Paid requests without an outcome: finetune/other (token aaaaaaaaaa)." in err
    assert "the kernel holds this lock for a living process" in err
    assert project.ledger.read_bytes() == before


def test_the_ledger_is_shown_with_its_jobs_and_entries(project: Project) -> None:
    leave_unresolved(project)
    code, out, err = project.run("ledger", "show")
    told = project.document("ledger", "show")

    assert (code, err) == (0, "")
    assert {"finetune/support-v1", "finetune/other", "deployment/support-bot", "sending", "done"} <= set(out.split())
    assert [(job["address"], job["outcome"]) for job in told["jobs"]] == [
        ("finetune/support-v1", "done"),
        ("finetune/other", "sending"),
    ]
    assert (told["caution"], told["jobs_today"]) == ("", 2)
