"""A long ledger is written anew as one line that means the same, to every reader and to the rollback guard."""

from __future__ import annotations

import pytest

from ftops.core.errors import LedgerCorrupt, LedgerError
from ftops.core.recorded import RecordedEntry
from ftops.ledger.document import fold, recorded
from ftops.ledger.entries import checksum
from ftops.ledger.session import Session, create
from tests.ledger.machine import ADDRESS, ARM, Machine, entry, intend


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftops.ledger.session.COMPACT_ABOVE_BYTES", 4_000)


def long_story(machine: Machine, *, nothing_in_flight: bool = False) -> Session:
    """A job done, one rejected, one unresolved, one adopted, two entries, and a lot of repetition."""
    session = create(machine.store(), nothing_in_flight=nothing_in_flight, horizons={ARM: 30.0})
    intend(session)
    session.settle_done(arm_id=ARM, token="aaaaaaaaaa", nonce="n1", job_id="ftjob-1", entry=entry())
    machine.pass_time(7.5)
    intend(session, "bbbbbbbbbb", "n2")
    session.settle_rejected(arm_id=ARM, token="bbbbbbbbbb", nonce="n2", code="400")
    intend(session, "cccccccccc", "n3")
    session.adopt(token="dddddddddd", job_id="ftjob-2", inputs={"seed": 1}, entry=entry("dddddddddd"))
    while len(machine.file.read_bytes()) < 8_000:
        session.hold(RecordedEntry("bots", "prod", ARM, ADDRESS, token="aaaaaaaaaa"))
        if b"compacted" in machine.file.read_bytes():
            break
    return session


def test_a_long_ledger_becomes_one_line_that_means_the_same(machine: Machine) -> None:
    session = long_story(machine)
    first, *rest = machine.file.read_bytes().splitlines()
    opened = Session.open(machine.store(), {ARM: 30.0})

    assert b'"type":"compacted"' in first
    assert len(rest) == 1
    assert opened.recorded() == session.recorded()
    assert opened.document == session.document
    assert opened.heal() == ""
    assert opened.recorded().jobs_today == 2
    assert opened.job(ARM, "cccccccccc") == session.job(ARM, "cccccccccc")
    assert opened.young_seconds_left(ARM) == 22.5


def test_a_compacted_ledger_goes_on_and_is_compacted_again(machine: Machine) -> None:
    session = long_story(machine)
    for number in range(60):
        session.hold(RecordedEntry("bots", f"env-{number % 3}", ARM, ADDRESS, token="aaaaaaaaaa"))
    opened = Session.open(machine.store(), {ARM: 30.0})

    assert opened.document == session.document
    assert len(opened.recorded().entries) == 5
    assert len(opened.document.crcs) == opened.document.seq


def test_an_intent_of_yesterday_is_dropped_once_nothing_depends_on_it(machine: Machine) -> None:
    session = long_story(machine)
    machine.pass_time(90_000.0)
    for _ in range(40):
        session.hold(entry())
    opened = Session.open(machine.store(), {ARM: 30.0})

    assert opened.recorded().jobs_today == 0
    assert sorted(opened.document.intents) == ["n1", "n3"]


def test_the_past_stays_the_past(machine: Machine) -> None:
    long_story(machine, nothing_in_flight=True)

    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 0.0


def test_a_ledger_of_which_everything_still_counts_is_not_written_anew_every_time(machine: Machine) -> None:
    session = create(machine.store())
    for number in range(40):
        session.hold(RecordedEntry("bots", f"env-{number}", ARM, ADDRESS, token="aaaaaaaaaa"))
    inode = machine.file.stat().st_ino
    session.hold(entry())

    assert b"compacted" not in machine.file.read_bytes()
    assert machine.file.stat().st_ino == inode


def test_going_back_to_before_a_compaction_or_within_it_is_noticed(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    while b"compacted" not in machine.file.read_bytes():
        session.hold(entry())
    compacted = machine.file.read_bytes()
    session.hold(entry())
    for older in (backup, compacted):
        machine.file.write_bytes(older)
        assert "it went backwards" in Session.open(machine.store()).suspicion


def test_another_history_under_the_same_name_is_noticed_after_compaction_too(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    backup = machine.file.read_bytes()
    intend(session)
    machine.file.write_bytes(backup)
    elsewhere = Machine(machine.directory, machine.user.parent / "another-user")
    other = Session.open(elsewhere.store())
    while b"compacted" not in machine.file.read_bytes():
        other.hold(entry())

    assert "its history changed: entry 2" in Session.open(machine.store()).suspicion


def body(**changes: object) -> bytes:
    import json

    said = {
        "seq": 2,
        "at": 1.0,
        "type": "compacted",
        "format": "ftops.ledger/1",
        "lineage": "l1",
        "born": None,
        "crcs": "0123456789abcdef",
        "jobs": [],
        "entries": [],
        "intents": {},
    } | changes
    text = json.dumps(said).encode()
    return checksum(text) + b" " + text + b"\n"


JOB = {"arm_id": "a", "token": "t", "outcome": "done", "nonce": "n", "at": 1, "address": "finetune/x", "job_id": "j"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"crcs": "0123456789abcde"}, "it does not hold the checksum of every entry it stands for"),
        ({"seq": 0, "crcs": ""}, "it does not hold the checksum of every entry it stands for"),
        ({"born": "x"}, "its field 'born' is of the wrong type"),
        ({"jobs": [3]}, "its field 'jobs' is of the wrong type"),
        ({"jobs": [JOB]}, "the fields of its 'job' entry are not the known ones"),
        ({"jobs": [JOB | {"inputs": {}, "outcome": "paid"}]}, "its outcome and its job do not go together"),
        ({"jobs": [JOB | {"inputs": {}, "job_id": None}]}, "its outcome and its job do not go together"),
        ({"jobs": [JOB | {"inputs": {}, "at": "x"}]}, "its field 'at' is of the wrong type"),
        ({"jobs": [JOB | {"inputs": {}, "address": "x"}]}, "line 1 is damaged"),
        ({"entries": [{}]}, "the fields of its 'entry' entry are not the known ones"),
        ({"intents": {"n": "x"}}, "the time of an intent is not a number"),
    ],
)
def test_a_compacted_line_that_no_ftops_wrote_is_damage(changes: dict[str, object], says: str) -> None:
    with pytest.raises(LedgerCorrupt) as caught:
        fold(body(**changes))

    assert says in str(caught.value)


def test_a_compacted_line_is_read_as_it_says(machine: Machine) -> None:
    data = body(jobs=[JOB | {"inputs": {}}], intents={"n": 1}, born=4)
    document = fold(data)

    assert (document.seq, document.crcs, document.born) == (2, ["01234567", "89abcdef"], 4.0)
    assert recorded(document, 5.0, {}).jobs["a", "t"].job_id == "j"
    with pytest.raises(LedgerCorrupt, match="only the first line may stand for others"):
        fold(data + body(seq=3) + body(seq=4))
    with pytest.raises(LedgerError, match=r"its format is 'ftops.ledger/9'"):
        fold(body(format="ftops.ledger/9"))
