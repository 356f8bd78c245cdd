"""The lives of jobs as pure functions: properties that hold for any queue."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.emulator.training import CANCELLED, TERMINAL, Life, Pause, Slots, Submission, lives

NEVER = float("inf")
SLOTS = Slots(standard=3, developer=5, running_seconds_max=720 * 3600.0)


@st.composite
def queues(draw: st.DrawFn) -> list[Submission]:
    count = draw(st.integers(0, 30))
    at = 0.0
    made = []
    for number in range(count):
        at += draw(st.integers(0, 5))
        cancelled = draw(st.one_of(st.just(NEVER), st.integers(0, 60).map(float)))
        paused = draw(st.one_of(st.none(), st.integers(1, 40)))
        pauses = () if paused is None else (Pause(at + paused, at + paused + 1, at + paused + 9, at + paused + 10),)
        made.append(
            Submission(
                id=str(number),
                created_at=at,
                pending_seconds=1.0,
                running_seconds=float(draw(st.integers(1, 20))),
                flawed=draw(st.booleans()) and draw(st.booleans()),
                cancelled_at=at + cancelled,
                pauses=pauses,
            )
        )
    return made


@settings(deadline=None)
@given(queues(), st.integers(0, 400))
def test_never_more_jobs_start_than_there_are_places(queue: list[Submission], now: int) -> None:
    unpaused = [job._replace(pauses=()) for job in queue]
    found = lives(unpaused, SLOTS)
    assert sum(1 for life in found.values() if life.status(now) == "running") <= 3


@settings(deadline=None)
@given(queues())
def test_a_life_goes_forward_and_ends_once(queue: list[Submission]) -> None:
    for life in lives(queue, SLOTS).values():
        statuses = [life.status(now) for now in range(0, 1000, 3)]
        ended = next((at for at, status in enumerate(statuses) if status in TERMINAL), len(statuses))
        assert set(statuses[ended:]) <= {life.outcome}


@settings(deadline=None)
@given(queues())
def test_a_later_job_changes_nothing_for_earlier_ones(queue: list[Submission]) -> None:
    whole = lives(queue, SLOTS)
    assert all(whole[job.id] == life for job, life in zip(queue, lives(queue[:10], SLOTS).values(), strict=False))


def test_a_pause_moves_the_rest_of_the_training() -> None:
    life = lives([Submission("a", 0, 0, 100, pauses=(Pause(40, 50, 200, 210),))], SLOTS)["a"]
    assert life.ended_at == 260
    assert (life.moment(0.4), life.moment(0.6)) == (40, 220)
    assert [life.status(at) for at in (39, 45, 100, 205, 210, 260)] == [
        "running",
        "pausing",
        "paused",
        "resuming",
        "running",
        "succeeded",
    ]


def test_a_job_cancelled_in_the_queue_never_starts() -> None:
    queue = [Submission(str(n), 0, 0, 100, cancelled_at=50 if n == 3 else NEVER) for n in range(4)]
    assert lives(queue, SLOTS)["3"] == Life(0, NEVER, 50, CANCELLED, 100)


def test_no_places_at_all_leave_everything_pending() -> None:
    life = lives([Submission("a", 0, 0, 100)], Slots(0, 0, NEVER))["a"]
    assert life.status(1e12) == "pending"
