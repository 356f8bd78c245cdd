"""C48: the disk under the ledger fails, at every call of a full apply. The documented end, then convergence.

The commands, the clients and the emulator are real; only what the operating system answers to the ledger is not. The
judge is the emulator's bill. What the ledger itself makes of each error is tested in `tests/ledger/test_io_errors.py`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import shutil
from collections import Counter

import pytest

from ftops.__main__ import main
from tests.acceptance.conftest import AT_ONCE, Team
from tests.ledger.faulty_disk import FaultyDisk

DONE, REFUSED, PARTLY, UNDECIDED = 0, 1, 6, 7
ERRORS = {"full": errno.ENOSPC, "broken": errno.EIO, "read-only": errno.EROFS}


def begin(team: Team) -> None:
    """An empty Azure and an old ledger, before every apply."""
    team.door("POST", "reset")
    team.door("PUT", "profile", {**AT_ONCE, "quota_release_seconds": 0.0})
    shutil.rmtree(team.directory / ".ftops" / "ledger", ignore_errors=True)
    team.ftops("ledger", "init", "--nothing-in-flight")


def applied(team: Team, disk: FaultyDisk) -> tuple[int, str]:
    """One apply on that disk: its exit code and all that it said."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        disk.put_in(patch)
        code = main(["-C", str(team.directory), "apply", "-y", "--deadline", "30s"])
    return code, said.getvalue()


def disk_of(team: Team, **failing: object) -> FaultyDisk:
    return FaultyDisk(team.directory / ".ftops" / "ledger" / "ledger.jsonl", **failing)  # type: ignore[arg-type]


def calls_of_an_apply(team: Team) -> int:
    begin(team)
    disk = disk_of(team)
    assert applied(team, disk)[0] == DONE
    return len(disk.calls)


def struck(team: Team, number: int, error: int, *, for_ever: bool, torn: bool) -> None:
    begin(team)
    disk = disk_of(team, fails_at=number, error=error, for_ever=for_ever, torn=torn)
    code, said = applied(team, disk)
    call = disk.calls[number - 1] if number <= len(disk.calls) else "none: fewer calls than before"
    where = f"call {number} ({call}): exit code {code}\n{said}"
    assert code in (DONE, REFUSED, PARTLY, UNDECIDED), where
    assert "Traceback" not in said, where
    bought = Counter(job["suffix"] for job in team.door("GET", "bill")["jobs"])
    assert set(bought.values()) <= {1}, where
    for _ in range(3):
        code, said = applied(team, disk_of(team))
        if code == DONE:
            break
    assert code == DONE, f"{where}\nthen exit code {code}\n{said}"
    assert team.in_shape(), where
    assert [job["suffix"] for job in team.door("GET", "bill")["jobs"]] != [], where
    assert set(Counter(job["suffix"] for job in team.door("GET", "bill")["jobs"]).values()) == {1}, where


@pytest.mark.e2e
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("error", list(ERRORS))
def test_a_disk_that_fails_at_any_call_of_an_apply_costs_no_training(small: Team, error: str, for_ever: bool):
    for number in range(1, calls_of_an_apply(small) + 1):
        struck(small, number, ERRORS[error], for_ever=for_ever, torn=error == "full")


@pytest.mark.parametrize("error", list(ERRORS))
def test_a_disk_that_fails_costs_no_training(small: Team, error: str):
    for number in range(1, calls_of_an_apply(small) + 1, 9):
        struck(small, number, ERRORS[error], for_ever=error == "read-only", torn=error == "full")
