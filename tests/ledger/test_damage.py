"""Two hundred entries, every byte flipped, every cut: an error for people, or known to be doubtful. Never silent.

The whole is minutes of work, so it is in the long tests; here some hundred places are tried, ends of lines among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ftops.core.errors import LedgerCorrupt
from ftops.core.recorded import RecordedEntry
from ftops.ledger.document import fold
from ftops.ledger.guard import FileGuard
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session, create
from ftops.ledger.store import Guard
from tests.ledger.machine import ADDRESS, ARM, Machine, intend

RECORDS = 200


class OneBlob:
    """A store whose bytes are whatever a test says."""

    place = "the ledger"
    caution = ""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.data = b""

    def read(self) -> tuple[bytes | None, str]:
        return self.data, "etag"

    def now(self) -> float:
        return 2_000_000.0


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, OneBlob]:
    """Its bytes, and a way to read others in their place by one who has seen it whole."""
    place: Path = tmp_path_factory.mktemp("damage")
    guard = FileGuard(place / "user")
    session = create(LocalStore(place / "ledger", guard=guard), nothing_in_flight=True)
    for number in range(RECORDS // 4):
        intend(session, f"token{number:05}", f"n{number}")
        address = RecordedEntry("bots", "default", ARM, ADDRESS, token=f"token{number:05}")
        settled = {"arm_id": ARM, "token": f"token{number:05}", "nonce": f"n{number}"}
        if number % 2:
            session.settle_done(**settled, job_id=f"ftjob-{number}", entry=address)
        else:
            session.settle_rejected(**settled, code="400")
            session.hold(address)
    while session.document.seq < RECORDS:
        session.hold(RecordedEntry("bots", "default", ARM, ADDRESS, token="a"))
    return (place / "ledger" / "ledger.jsonl").read_bytes(), OneBlob(guard)


def told(blob: OneBlob, data: bytes) -> bool:
    """Whether a reader is told that these bytes are not to be trusted."""
    blob.data = data
    try:
        return Session.open(blob).suspicion != ""  # type: ignore[arg-type]
    except LedgerCorrupt:
        return True


def cut_at(ledger: tuple[bytes, OneBlob], lengths: Iterable[int]) -> list[int]:
    """The lengths at which a cut goes unnoticed."""
    data, blob = ledger
    return [length for length in lengths if not told(blob, data[:length])]


def flipped_at(ledger: tuple[bytes, OneBlob], positions: Iterable[int], bit: int) -> list[int]:
    data, blob = ledger
    return [p for p in positions if not told(blob, data[:p] + bytes([data[p] ^ bit]) + data[p + 1 :])]


def ends_of_lines(data: bytes) -> list[int]:
    return [
        end + offset for end, byte in enumerate(data) if byte == 10 for offset in (-1, 0, 1) if end + offset < len(data)
    ]


def test_the_whole_ledger_is_sound(ledger: tuple[bytes, OneBlob]) -> None:
    data, blob = ledger

    assert told(blob, data) is False
    assert fold(data).seq == RECORDS


def test_no_cut_and_no_flipped_byte_goes_unnoticed(ledger: tuple[bytes, OneBlob]) -> None:
    data, _ = ledger
    places = sorted({*range(0, len(data), 251), *ends_of_lines(data)[::10]})

    assert cut_at(ledger, places) == []
    assert flipped_at(ledger, places, 0x01) == []


@pytest.mark.e2e
@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_no_flipped_byte_at_all_goes_unnoticed(ledger: tuple[bytes, OneBlob], bit: int) -> None:
    assert flipped_at(ledger, range(len(ledger[0])), bit) == []


@pytest.mark.e2e
def test_no_cut_at_all_goes_unnoticed(ledger: tuple[bytes, OneBlob]) -> None:
    assert cut_at(ledger, range(len(ledger[0]))) == []


def test_a_ledger_cut_between_two_lines_is_found_by_who_saw_it_whole_and_counts_as_new(machine: Machine) -> None:
    session = create(machine.store(), nothing_in_flight=True)
    whole_lines = machine.file.read_bytes()
    intend(session)
    machine.file.write_bytes(whole_lines)
    opened = Session.open(machine.store(), {ARM: 30.0})

    assert opened.recorded().young_seconds_left == 30.0
