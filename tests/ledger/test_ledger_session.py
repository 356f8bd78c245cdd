"""Conditional writes: whoever decided from an old reading is told so, and lost answers are looked up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ftops.core.errors import LedgerCorrupt, LedgerError, LedgerMoved
from ftops.core.recorded import Recorded
from ftops.ledger import Ledger
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session, create, rebuild
from ftops.ledger.store import LedgerUnsure
from tests.ledger.machine import ADDRESS, ARM, Machine, entry, intend


def test_what_one_session_writes_the_next_one_reads(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    intend(session)
    session.settle_done(arm_id=ARM, token="aaaaaaaaaa", nonce="n1", job_id="ftjob-1", entry=entry())
    job = Session.open(machine.store()).job(ARM, "aaaaaaaaaa")

    assert job is not None
    assert (job.outcome, job.job_id, job.nonce, job.address) == ("done", "ftjob-1", "n1", ADDRESS)
    assert Session.open(machine.store()).recorded().entries == (entry(),)


def test_without_a_ledger_nothing_is_recorded_and_nothing_is_made(machine: Machine) -> None:
    session = Session.open(machine.store())

    assert (session.exists, session.recorded(), machine.directory.exists()) == (False, Recorded(), False)


def test_a_new_ledger_is_born_now_and_stops_being_young_after_the_horizon(machine: Machine) -> None:
    session = Ledger(machine.store(), {ARM: 30.0}).create()
    assert (session.young_seconds_left(ARM), session.young_seconds_left("other")) == (30.0, 900.0)
    machine.pass_time(30.0)

    assert (session.young_seconds_left(ARM), session.recorded().young_seconds_left) == (0.0, 0.0)


def test_of_two_sessions_that_read_the_same_ledger_only_the_first_writer_may_go_on(machine: Machine) -> None:
    create(machine.store())
    one, other = Session.open(machine.store()), Session.open(machine.store())
    intend(one, nonce="of-one")
    with pytest.raises(LedgerMoved, match="another ftops wrote it in between"):
        intend(other, nonce="of-other")
    with pytest.raises(LedgerMoved):
        intend(other, "bbbbbbbbbb", nonce="later")
    one.hold(entry())

    assert Session.open(machine.store()).document.seq == 3


def test_two_creations_make_one_ledger(machine: Machine) -> None:
    first = create(machine.store())
    with pytest.raises(LedgerMoved, match="there is one already"):
        create(machine.store())

    assert Session.open(machine.store()).document.lineage == first.document.lineage


def test_workers_sharing_a_session_lose_no_entry(machine: Machine) -> None:
    session = create(machine.store())
    workers = [threading.Thread(target=intend, args=(session, f"token{n:05}", f"n{n}")) for n in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(Session.open(machine.store()).document.jobs) == 16


class UnreliableStore(LocalStore):
    """Loses the answer of the next writes, after they took effect or before."""

    lose: list[str]

    late: tuple[str, bytes] | None = None

    def write_if(self, etag: str, data: bytes) -> str:
        if self.late is not None:
            super().write_if(*self.late)
            self.late = None
        loss = self.lose.pop(0) if self.lose else ""
        if loss == "late":
            self.late = (etag, data)
            raise LedgerUnsure("the answer was lost")
        if loss == "before":
            raise LedgerUnsure("the answer was lost")
        written = super().write_if(etag, data)
        if loss == "after":
            raise LedgerUnsure("the answer was lost")
        return written


@pytest.mark.parametrize("losses", [["after"], ["before"], ["before", "after"], ["before"] * 4, ["late"]])
def test_a_lost_answer_is_looked_up_and_the_entry_is_there_once(machine: Machine, losses: list[str]) -> None:
    create(machine.store())
    store = UnreliableStore(machine.directory, guard=machine.store().guard)
    store.lose = list(losses)
    session = Session.open(store)
    intend(session)
    session.hold(entry())

    assert Session.open(machine.store()).document.seq == 3


def test_a_store_that_never_answers_ends_in_a_moved_ledger(machine: Machine) -> None:
    create(machine.store())
    store = UnreliableStore(machine.directory, guard=machine.store().guard)
    store.lose = ["before"] * 5
    with pytest.raises(LedgerMoved, match="its answers are lost"):
        intend(Session.open(store))


def test_a_torn_last_line_is_cut_and_the_ledger_is_young_again(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    intend(session)
    machine.file.write_bytes(machine.file.read_bytes()[:-9])
    opened = Session.open(machine.store(), {ARM: 30.0})
    assert opened.recorded().young_seconds_left == 30.0
    assert "torn" in opened.heal()
    machine.pass_time(12.0)
    healed = Session.open(machine.store(), {ARM: 30.0})

    assert healed.heal() == ""
    assert healed.recorded().young_seconds_left == 18.0
    assert healed.job(ARM, "aaaaaaaaaa") is None


def test_a_ledger_that_went_backwards_is_young_again(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    intend(session)
    machine.file.write_bytes(backup)
    opened = Session.open(machine.store(), {ARM: 30.0})
    assert opened.young_seconds_left(ARM) == 30.0
    assert opened.heal() == "it went backwards: 1 entries where 2 had been seen"

    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 30.0
    machine.pass_time(30.0)
    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 0.0


def test_a_ledger_whose_history_was_swapped_is_noticed_at_equal_length(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    intend(session, nonce="n1")
    machine.file.write_bytes(backup)
    elsewhere = Machine(machine.directory, machine.user.parent / "another-user")
    intend(Session.open(elsewhere.store()), nonce="n2")

    assert "its history changed: entry 2" in Session.open(machine.store()).heal()


@pytest.mark.parametrize("damage", [b"", b"not a ledger\n", b"{}"])
def test_a_ledger_without_a_readable_first_line_is_refused_until_it_is_rebuilt(machine: Machine, damage: bytes) -> None:
    create(machine.store(), nothing_in_flight=True)
    machine.file.write_bytes(damage)
    with pytest.raises(LedgerCorrupt) as caught:
        Session.open(machine.store())
    assert "ftops ledger rebuild" in caught.value.hint
    session, aside = rebuild(machine.store(), horizons={ARM: 30.0})

    assert Path(aside).read_bytes() == damage
    assert session.young_seconds_left(ARM) == 30.0


def test_a_disk_that_fails_ends_the_session_for_good(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    session = create(machine.store())

    def broken(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(LedgerError, match="Input/output error"):
        intend(session)
    monkeypatch.undo()
    with pytest.raises(LedgerError, match="Input/output error"):
        intend(session, "bbbbbbbbbb", "n2")


def test_the_first_write_to_a_suspicious_ledger_says_so_whoever_makes_it(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    intend(session)
    machine.file.write_bytes(backup)
    Session.open(machine.store()).hold(entry())
    later = Session.open(machine.store(), {ARM: 30.0})

    assert b'"type":"quarantined"' in machine.file.read_bytes()
    assert (later.heal(), later.young_seconds_left(ARM)) == ("", 30.0)


def test_nothing_is_written_where_the_ledger_is_gone(machine: Machine) -> None:
    with pytest.raises(LedgerMoved, match="there is no ledger"):
        Session.open(machine.store()).hold(entry())
    with pytest.raises(LedgerError, match="there is no ledger"):
        Session.open(machine.store()).job(ARM, "aaaaaaaaaa")

    assert not machine.file.exists()


def test_a_lost_answer_behind_which_somebody_else_wrote_is_a_moved_ledger(machine: Machine) -> None:
    create(machine.store())
    store = UnreliableStore(machine.directory, guard=machine.store().guard)
    store.lose = []
    session = Session.open(store)
    intend(Session.open(machine.store()), nonce="of-other")
    store.lose = ["before"]
    with pytest.raises(LedgerMoved):
        intend(session)


def test_rebuilding_where_there_is_nothing_makes_a_ledger(machine: Machine) -> None:
    session, aside = rebuild(machine.store())

    assert (session.document.seq, aside) == (1, "")
