"""An earlier ledger that comes back: it looks sound, and knows nothing of what the one after it has paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.ledger.session import Session, create, rebuild
from tests.ledger.machine import ARM, Machine, intend

HORIZONS = {ARM: 900.0}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "ledger", tmp_path / "user")


def test_a_ledger_that_was_lost_and_put_back_after_another_one_was_used_is_young_again(machine: Machine) -> None:
    create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    machine.file.unlink()
    intend(create(machine.store()))
    machine.file.write_bytes(backup)

    opened = Session.open(machine.store(), HORIZONS)

    assert opened.recorded().young_seconds_left == 900.0
    assert opened.heal() == "it is an earlier ledger: another one has been used here since"


def test_what_is_written_to_it_says_so_to_everybody_else(machine: Machine, tmp_path: Path) -> None:
    create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    machine.file.unlink()
    create(machine.store())
    machine.file.write_bytes(backup)
    Session.open(machine.store()).heal()
    colleague = Machine(machine.directory, tmp_path / "colleague")

    assert Session.open(colleague.store(), HORIZONS).recorded().young_seconds_left == 900.0


def test_once_healed_it_is_the_ledger_that_was_used_last(machine: Machine) -> None:
    create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    machine.file.unlink()
    create(machine.store())
    machine.file.write_bytes(backup)
    Session.open(machine.store()).heal()

    assert Session.open(machine.store()).heal() == ""


def test_a_new_ledger_of_a_colleague_is_no_earlier_one(machine: Machine, tmp_path: Path) -> None:
    create(machine.store(), nothing_in_flight=True)
    colleague = Machine(machine.directory, tmp_path / "colleague")
    rebuild(colleague.store())

    assert Session.open(machine.store()).heal() == ""


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"lineage": 1}', b"{}"])
def test_what_cannot_be_read_of_the_last_one_used_is_no_suspicion(machine: Machine, kept: bytes) -> None:
    create(machine.store())
    for file in machine.user.glob("place-*.json"):
        file.write_bytes(kept)

    assert Session.open(machine.store()).heal() == ""
