"""Virtual time: tasks take turns by the clock alone, and the same tasks always in the same order."""

from __future__ import annotations

import pytest

from simulation.scheduler import Deadlock, Pool, Scheduler, Turnstile


def test_tasks_run_when_their_time_has_come() -> None:
    scheduler = Scheduler(100.0)
    told: list[str] = []

    def walker(name: str, step: float):  # type: ignore[no-untyped-def]
        def walk() -> None:
            for _ in range(3):
                scheduler.sleep(step)
                told.append(f"{name} {scheduler.now:.0f}")

        return walk

    scheduler.at(102.5, lambda: told.append("event"))
    scheduler.run([walker("slow", 2.0), walker("fast", 1.0)])

    assert told == ["fast 101", "slow 102", "fast 102", "event", "fast 103", "slow 104", "slow 106"]


def test_what_a_task_raises_is_raised_where_it_is_waited_for() -> None:
    scheduler = Scheduler(0.0)

    def fails() -> None:
        scheduler.sleep(1.0)
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        scheduler.run([fails, lambda: scheduler.sleep(5.0)])
    assert scheduler.now == 5.0


def test_a_turnstile_lets_one_through_at_a_time_while_time_passes() -> None:
    scheduler = Scheduler(0.0)
    turnstile = Turnstile(scheduler)
    left: list[float] = []

    def passes() -> None:
        with turnstile:
            scheduler.sleep(10.0)
        left.append(scheduler.now)

    scheduler.run([passes, passes, passes])

    assert left == [10.0, 20.0, 30.0]


def test_a_pool_runs_its_work_side_by_side() -> None:
    scheduler = Scheduler(0.0)

    def work(number: int) -> float:
        scheduler.sleep(10.0 - number)
        return scheduler.now

    with Pool(scheduler, 8, "apply") as pool:
        futures = [pool.submit(work, number) for number in range(3)]

    assert [future.result() for future in futures] == [10.0, 9.0, 8.0]
    assert scheduler.now == 10.0


def test_tasks_that_wait_for_each_other_are_an_error_of_the_simulation() -> None:
    scheduler = Scheduler(0.0)

    with pytest.raises(Deadlock):
        scheduler.run([scheduler.park, scheduler.park])
