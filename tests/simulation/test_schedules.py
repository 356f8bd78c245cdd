"""A few hundred histories of the real executor, ledger and planner: nothing is made twice, nothing is lost.

`make sim` lives ten thousand. Here is what a change should meet at once: some of them, and each mutant at a schedule
that is known to find it.
"""

from __future__ import annotations

import pytest

from simulation.campaign import live_on_emulator, live_seed, live_unshared, live_with_pause
from simulation.history import History, drawn
from simulation.mutants import FOUND, MUTANTS

#: Schedules that find each mutant, with what the bill shows then.
KNOWN = {
    "no-intent": (4, "made twice"),
    "no-swap": (34, "made twice"),
    "no-deadline": (1, "paid twice"),
    "no-horizon": (4, "paid twice"),
    "short-horizon": (2, "paid twice"),
    "ambiguous-is-failed": (6, "made twice"),
    "list-error-is-empty": (341, "lost"),
    "no-quarantine": (16, "made twice"),
    "sdk-retries": (4, "made twice"),
    "blind-adoption": (11, "stuck"),
}
#: Of 200,000, those in which the age of a new ledger was asked for after the look and not before it.
ONCE_RED = (20864, 27808, 70147, 100229, 107136, 112288, 116179, 152843, 159918, 163099, 191498)


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_nothing_is_made_twice_nothing_is_lost_and_all_come_to_rest(first: int) -> None:
    red = {verdict.replay: verdict.problems for verdict in map(live_seed, range(first, first + 20)) if verdict.problems}

    assert red == {}


@pytest.mark.parametrize("seed", ONCE_RED)
def test_schedules_that_once_were_red_are_green(seed: int) -> None:
    assert live_seed(seed).problems == []


@pytest.mark.parametrize("seed", [0, 1, 4, 16])
def test_so_it_is_on_the_emulators_own_bill(seed: int) -> None:
    verdict = live_on_emulator(seed)

    assert (verdict.problems, verdict.counts["jobs made"] > 0) == ([], True)


def test_there_are_ten_mutants_each_with_a_schedule_that_finds_it() -> None:
    assert sorted(KNOWN) == sorted(MUTANTS)
    assert len(MUTANTS) == 10


@pytest.mark.parametrize("name", KNOWN)
def test_a_protocol_without_one_of_its_defences_is_found(name: str) -> None:
    seed, kind = KNOWN[name]

    with MUTANTS[name].installed():
        mutated = live_seed(seed)

    assert kind in mutated.kinds & FOUND
    assert live_seed(seed).problems == []


@pytest.mark.parametrize("seed", [2, 175])
def test_a_schedule_is_one_integer(seed: int) -> None:
    def history() -> list[str]:
        told: list[str] = []
        History(drawn(seed), trace=told.append).live()
        return told

    first = history()

    assert len(first) > 40
    assert history() == first


def test_other_integers_are_other_histories() -> None:
    assert drawn(1) != drawn(2)


def test_a_red_schedule_names_the_command_that_lives_it_again() -> None:
    assert live_seed(7).replay == "python -m simulation --seed 7"
    assert live_on_emulator(7).replay == "python -m simulation --seed 7 --emulator"


def test_the_known_limits_are_limits_of_the_world_not_errors_of_the_program() -> None:
    kinds = [live(seed).kinds for live in (live_with_pause, live_unshared) for seed in range(20)]

    assert all(found <= FOUND for found in kinds)
