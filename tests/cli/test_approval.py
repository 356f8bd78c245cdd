"""What must hold before anything is done, on values alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.cli.approval import check_still_holds, scope_of, unshared_ledger
from ftops.core.account import Account
from ftops.core.address import Address
from ftops.core.change import Action, Cause, Change
from ftops.core.desired import BaseModel, Desired, DesiredDeployment
from ftops.core.errors import StalePlan
from ftops.core.plan import Base, Plan

AZURE = Account("main", "s", "rg", "aoai")
EMULATED = Account("main", "s", "rg", "aoai", emulator="embedded")
BOT = DesiredDeployment(Address("deployment", "bot"), "main", "bot", "Standard", "f", base_model=BaseModel("gpt-4o"))
DESIRED = Desired("p", "default", {"main": AZURE}, deployments=(BOT,))
BASE = Base("specs-1", "lineage-1", 3, {"main": "/subscriptions/s"}, "seen-1")


def plan_of(*changes: Change) -> Plan:
    return Plan("p", "default", "ftops 0.1.0", BASE, changes)


TRAINING = plan_of(Change(Address("finetune", "v1"), "main", Action.CREATE, Cause.SPEC))
UPLOAD = plan_of(Change(Address("dataset", "a"), "main", Action.CREATE, Cause.SPEC))


def test_from_ci_a_training_on_azure_needs_a_ledger_that_others_see(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CI", "true")

    refused = unshared_ledger(TRAINING, {"main": AZURE})

    assert [d.code for d in refused] == ["refused.unshared_ledger"]
    assert "--allow unshared_ledger" in refused[0].hint
    assert unshared_ledger(TRAINING, {"main": EMULATED}) == ()
    assert unshared_ledger(UPLOAD, {"main": AZURE}) == ()
    monkeypatch.delenv("CI")
    assert unshared_ledger(TRAINING, {"main": AZURE}) == ()


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (replace(TRAINING, project="q"), "project changed"),
        (replace(TRAINING, environment="prod"), "environment changed"),
        (replace(TRAINING, base=replace(BASE, specs="specs-2")), "specs changed"),
        (replace(TRAINING, base=replace(BASE, accounts={"main": "/subscriptions/t"})), "accounts changed"),
        (replace(TRAINING, base=replace(BASE, lineage="lineage-2")), "ledger changed"),
    ],
)
def test_a_saved_plan_about_something_else_is_stale(now: Plan, moved: str):
    with pytest.raises(StalePlan, match=moved):
        check_still_holds(TRAINING, now)


def test_an_incomplete_plan_is_never_applied():
    with pytest.raises(StalePlan, match="it is incomplete"):
        check_still_holds(replace(TRAINING, complete=False), TRAINING)


def test_time_and_a_ledger_made_since_are_no_staleness():
    check_still_holds(TRAINING, replace(TRAINING, base=replace(BASE, seq=9, observed="seen-2")))
    check_still_holds(replace(TRAINING, base=replace(BASE, lineage="", seq=0)), TRAINING)


@pytest.mark.parametrize(
    ("changes", "destroys"),
    [
        ([Change(BOT.address, "main", Action.DELETE, Cause.ORPHAN)], True),
        ([Change(BOT.address, "main", Action.KEEP)], False),
        ([Change(BOT.address, "main", Action.BLOCKED, Cause.SPEC)], False),
        (
            [
                Change(BOT.address, "main", Action.UPDATE, Cause.SPEC),
                Change(Address("deployment", "old"), "main", Action.DELETE, Cause.ORPHAN),
            ],
            False,
        ),
        ([], False),
    ],
)
def test_what_a_saved_plan_was_about_is_read_from_it(changes: list[Change], destroys: bool):
    targets, destroying = scope_of(plan_of(*changes), DESIRED)

    assert targets == {change.address for change in changes}
    assert destroying is destroys
