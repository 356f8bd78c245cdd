"""Every fault of the catalogue that an apply can meet, at every call of it: the documented verdict, then convergence.

The table is the one of docs/faults.md. The judge is the emulator: one job for each
training that was ever wanted, whatever the wire showed.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ftops.__main__ import main
from tests.acceptance.conftest import AT_ONCE, Team, chat_rows

DONE, PENDING, STALE, PARTLY, UNDECIDED = 0, 3, 5, 6, 7
#: More than any rule counts: it never strikes, and tells how many requests it would mean.
NEVER = 10**9
HEALING_APPLIES = 3


def pay_again(team: Team) -> None:
    """A training that ended without a model is bought again only on purpose."""
    team.edit("specs/all.yaml", "rerun: 0", "rerun: 1")


def take_over(team: Team) -> None:
    team.ftops("adopt", "deployment/bot", "-y")


def resume(team: Team) -> None:
    for job in team.stranger().jobs().values():
        if job.status in ("paused", "pausing"):
            team.stranger().openai.fine_tuning.jobs.resume(job.id)


@dataclass(frozen=True)
class Case:
    """One fault: its rule, how an apply may end that meets it once, and what a person does besides applying again."""

    fault: str
    rule: dict[str, Any] = field(default_factory=dict)
    ends: tuple[int, ...] = (DONE,)
    heal: Callable[[Team], None] | None = None

    def __str__(self) -> str:
        values = [str(value) for name, value in self.rule.items() if not name.endswith("seconds")]
        return "-".join([self.fault, *values]).replace(".", "_")


#: A read that fails is tried again; when that does not help nothing is known, and nothing is done (7). A write that
#: costs nothing is tried again, or looked for; a refusal is told (6). A paid request of unknown outcome is looked for.
READ_OR_REFUSED = (DONE, PARTLY, UNDECIDED)
CASES = (
    Case("C1", {"retry_after_seconds": 0.05}, READ_OR_REFUSED),
    Case("C1", {"retry_after_seconds": 0.05, "when": "after"}, READ_OR_REFUSED),
    Case("C2", {}, READ_OR_REFUSED),
    Case("C3", {"retry_after_seconds": 0.05}, READ_OR_REFUSED),
    Case("C4"),
    Case("C5", {"retry_after_seconds": 0.05}),
    Case("C6", {"form": "accepted"}),
    Case("C6", {"form": "terminal"}, (DONE, PARTLY)),
    Case("C7", {"when": "before"}),
    Case("C7", {"when": "after"}),
    Case("C7", {"when": "late"}, (DONE, PARTLY)),
    Case("C8", {"how": "close", "when": "before"}),
    Case("C8", {"how": "close", "when": "after"}),
    Case("C8", {"how": "close", "when": "late"}, (DONE, PARTLY)),
    *(
        Case("C9", {"status": status, "body": body, "when": when}, (DONE, PARTLY))
        for status, body, when in (
            (500, "azure", "before"),
            (500, "azure", "after"),
            (502, "html", "after"),
            (503, "unavailable", "before"),
            (503, "unavailable", "after"),
            (504, "empty", "after"),
        )
    ),
    Case("C10", {"how": "drip", "bytes_per_second": 20_000.0}),
    Case("C10", {"how": "head", "seconds": 0.3}),
    Case("C11", {"how": "short"}, (DONE, UNDECIDED)),
    Case("C11", {"how": "cut"}, (DONE, UNDECIDED)),
    *(Case("C12", {"shape": shape}) for shape in ("cut", "empty", "html", "object", "nulls")),
    Case("C13", {}, (DONE, PARTLY)),
    Case("C14", {"lag_seconds": 1.0}, (DONE, PENDING, PARTLY)),
    Case("C14", {"lag_seconds": 1.0, "by_id": True}, (DONE, PENDING, PARTLY)),
    Case("C17", {"how": "same_page"}, (DONE, UNDECIDED)),
    Case("C17", {"how": "after_ignored"}, (DONE, UNDECIDED)),
    Case("C17", {"how": "first_only"}),
    Case("C18", {"where": "job", "route": "jobs.create"}, (PARTLY,), pay_again),
    Case("C18", {"where": "file", "route": "files.upload"}),
    Case("C19", {"seconds": 0.5}),
    *(Case("C20", {"reason": reason}, (PARTLY,)) for reason in ("content_type", "purpose", "suffix")),
    Case("C21", {"how": "job", "size_bytes": 10}, (PARTLY,), pay_again),
    Case("C23", {}, (DONE, PARTLY), pay_again),
    Case("C24", {}, (PARTLY,)),
    Case("C25", {"kind": "queued"}, (PARTLY,)),
    Case("C25", {"kind": "total"}, (PARTLY,)),
    Case("C26", {}, (PARTLY,), pay_again),
    Case("C27", {}, (PARTLY,)),
    Case("C28", {"status": "pending", "seconds": 0.5}),
    Case("C28", {"status": "running", "seconds": 0.5}),
    Case("C29", {}, (DONE, PARTLY)),
    *(Case("C30", {"form": form}, (PARTLY,)) for form in ("new", "old", "template")),
    Case("C31", {"seconds": 0.5}, (DONE, PARTLY)),
    Case("C32", {}, (PARTLY,)),
    Case("C33"),
    *(Case("C34", {"how": how}) for how in ("never", "gone", "reset")),
    Case("C35", {}, (PARTLY,)),
    Case("C36", {}, READ_OR_REFUSED),
    Case("C37", {}, READ_OR_REFUSED),
    Case("C38", {}, READ_OR_REFUSED),
    *(Case("C39", {"form": form}, READ_OR_REFUSED) for form in ("firewall", "public", "endpoint")),
    *(Case("C40", {"form": form}, READ_OR_REFUSED) for form in ("404", "400")),
    Case("C41"),
    Case("C43", {"edit": "capacity"}),
    Case("C43", {"edit": "tags"}, (DONE, PARTLY), take_over),
    Case("C43", {"edit": "model"}, (DONE, STALE)),
    Case("C43", {"edit": "delete_deployment"}),
    Case("C43", {"edit": "cancel"}, (DONE, PARTLY), pay_again),
    Case("C43", {"edit": "pause"}, (DONE, PARTLY), resume),
    Case("C43", {"edit": "delete_job"}, (DONE, PARTLY), pay_again),
    Case("C44", {"account": "second"}, (PARTLY,), pay_again),
    Case("C45", {"seconds": 86_400.0}),
    Case("C45", {"seconds": -86_400.0}),
    Case("C46"),
)


def begin(team: Team) -> None:
    """The same empty Azure, specs and old ledger before every apply."""
    team.door("POST", "reset")
    team.door("PUT", "profile", {**AT_ONCE, "quota_release_seconds": 0.0})
    shutil.rmtree(team.directory / ".ftops" / "ledger", ignore_errors=True)
    team.write(
        "specs/all.yaml",
        """\
        datasets:
          hours: {file: ../data/hours.jsonl}
        finetunes:
          v1: {model: gpt-4o-mini-2024-07-18, training: hours, rerun: 0}
        deployments:
          bot: {finetune: v1, sku: Standard, capacity: 5}
        """,
    )
    team.ftops("ledger", "init", "--nothing-in-flight")


@pytest.fixture
def shop(team: Team) -> Team:
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    team.write("data/hours.jsonl", chat_rows("opening hours"))
    return team


def bought(team: Team) -> Counter[str]:
    return Counter(job["suffix"] for job in team.door("GET", "bill")["jobs"])


def applied(team: Team) -> tuple[int, str]:
    """One apply: its exit code, whatever it is, and all that it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(["-C", str(team.directory), "apply", "-y", "--deadline", "30s"])
    return code, said.getvalue()


def struck(team: Team, case: Case, nth: int) -> int:
    """One apply that meets the fault at its nth chance, and all that must hold of it and after it. How often it did."""
    begin(team)
    team.door("PUT", "faults", {"fault": case.fault, "nth": nth, **case.rule})
    code, said = applied(team)
    (rule,) = team.door("GET", "faults")["faults"]
    where = f"{case}, call {nth} of {rule['matched']}"
    assert code in (case.ends if rule["fired"] else (DONE,)), f"{where}: exit code {code}\n{said}"
    assert "Traceback" not in said, where
    assert set(bought(team).values()) <= {1}, where
    team.door("DELETE", "faults")
    if case.heal is not None and code != DONE:
        case.heal(team)
    for _ in range(HEALING_APPLIES):
        code, said = applied(team)
        if code == DONE:
            break
    assert code == DONE, f"{where}: then exit code {code}\n{said}"
    assert team.in_shape(), where
    assert set(bought(team).values()) == {1}, where
    return int(rule["fired"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_at_its_first_chance_has_the_documented_end_and_heals(shop: Team, case: Case):
    struck(shop, case, 1)


@pytest.mark.e2e
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_at_any_call_of_an_apply_has_the_documented_end_and_heals(shop: Team, case: Case):
    begin(shop)
    shop.door("PUT", "faults", {"fault": case.fault, "nth": NEVER, **case.rule})
    shop.apply()
    (rule,) = shop.door("GET", "faults")["faults"]
    for nth in range(1, rule["matched"] + 1):
        struck(shop, case, nth)
