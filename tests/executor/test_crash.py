"""The process dies just before or after any call to the outside: the next apply converges and pays nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ftops.core.desired import Desired
from ftops.core.errors import LedgerCorrupt
from ftops.executor import Options
from tests.executor.simulated import Course, Crash, World, world
from tests.executor.wanted import Applier, dataset, deployment, desired, finetune, outline

D = dataset("d1")
ONE = desired(D, finetune("v1", D))
QUICK = Course(file_seconds=1, queue_seconds=1, job_seconds=30, deployment_seconds=5)


def two_links() -> Desired:
    d1, d2 = dataset("d1"), dataset("d2")
    v1 = finetune("v1", d1)
    v2 = finetune("v2", d2, continues=v1)
    return desired(d1, d2, v1, v2, deployment("bot", v2))


def started(fault: object | None) -> World:
    place = world(course=QUICK)
    Applier(place, two_links()).settled_ledger()
    if fault is not None:
        place.accounts["main"].faults["create_job"] = [fault]
    return place


def run_to_the_end(place: World, name: str) -> None:
    outcome = Applier(place, two_links(), Options(workers=1), name=name).run()

    assert (outcome.exit_code, outline(outcome.plan)) == (0, [])


def seams_of_a_run(fault: object | None) -> int:
    place = started(fault)
    before = len(place.seams.calls)
    run_to_the_end(place, "whole")
    return len(place.seams.calls) - before


def crash(place: World, seam: int, when: str, name: str) -> bool:
    """Whether the process lived long enough to die there."""
    place.seams.die_at = (len(place.seams.calls) + seam, when)
    try:
        run_to_the_end(place, name)
    except Crash:
        place.store.held_by = None
        return True
    finally:
        place.seams.die_at = None
    return False


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", [None, "answer lost"])
def test_dying_at_any_call_buys_nothing_twice_and_loses_nothing(fault: object | None, when: str) -> None:
    for seam in range(seams_of_a_run(fault)):
        place = started(fault)
        crash(place, seam, when, "first")
        run_to_the_end(place, "second")

        assert len(place.paid) == len(set(place.paid)) == 2, f"died {when} call {seam}: {place.seams.calls[seam]}"


def test_dying_twice_buys_nothing_twice() -> None:
    total = seams_of_a_run(None)
    for first in range(0, total, 3):
        for second in range(1, total, 7):
            place = started(None)
            crash(place, first, "after", "first")
            crash(place, second, "after", "second")
            run_to_the_end(place, "third")

            assert len(place.paid) == len(set(place.paid)) == 2, f"died after calls {first} and then {second}"


def test_losing_the_ledger_after_dying_at_any_call_buys_nothing_twice() -> None:
    for seam in range(seams_of_a_run(None)):
        place = started(None)
        crash(place, seam, "after", "first")
        place.store.data = None
        run_to_the_end(place, "second")

        assert len(place.paid) == len(set(place.paid)) == 2, f"died after call {seam}"


def test_a_ledger_rolled_back_after_dying_at_any_call_buys_nothing_twice() -> None:
    for seam in range(seams_of_a_run("answer lost")):
        place = started("answer lost")
        backup = place.store.data
        crash(place, seam, "after", "first")
        place.store.data = backup
        run_to_the_end(place, "second")

        assert len(place.paid) == len(set(place.paid)) == 2, f"died after call {seam}"


def cut(data: bytes, place: int) -> bytes:
    return data[:place]


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :]


def in_flight_unlisted() -> tuple[World, bytes]:
    """A job was made, its answer was lost, and no listing shows it yet; and the ledger that knows."""
    place = world(course=replace(QUICK, lag_seconds=45.0))
    place.accounts["main"].faults["create_job"] = ["answer lost"]
    Applier(place, ONE).settled_ledger().with_options(deadline_seconds=20.0).run()
    assert len(place.paid) == 1
    return place, place.store.data or b""


@pytest.mark.parametrize("damage", [cut, flipped])
def test_no_damage_to_the_ledger_buys_again_what_is_in_flight(damage: Callable[[bytes, int], bytes]) -> None:
    _, whole = in_flight_unlisted()
    ends = {end + offset for end, byte in enumerate(whole) if byte == 10 for offset in (0, 1)}
    refused = healed = 0
    for where in sorted({*range(0, len(whole), 17), *ends} - {len(whole)}):
        place, data = in_flight_unlisted()
        place.store.data = damage(data, where)
        try:
            outcome = Applier(place, ONE).run()
        except LedgerCorrupt:
            refused += 1
        else:
            healed += outcome.exit_code == 0
        assert len(place.paid) == 1, where

    assert refused > 5
    assert healed > 5
