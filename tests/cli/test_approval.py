"""What must hold before anything is done, on values alone."""

from __future__ import annotations

import pytest

from ftops.cli.approval import unshared_ledger
from ftops.core.account import Account
from ftops.core.address import Address
from ftops.core.change import Action, Cause, Change
from ftops.core.plan import Base, Plan

AZURE = Account("main", "s", "rg", "aoai")
EMULATED = Account("main", "s", "rg", "aoai", emulator="embedded")
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
