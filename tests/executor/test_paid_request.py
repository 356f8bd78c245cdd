"""The paid request under every answer: at most one job, the right verdict, and convergence afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.core.errors import LedgerError, LedgerMoved, RemoteError
from ftops.core.observed import ObservedJob
from ftops.core.progress import Progress
from ftops.core.recorded import RecordedEntry
from ftops.executor import Options
from ftops.executor.paid import SETTLE_TRIES
from ftops.executor.turn import PaidBudget
from ftops.ledger.document import fold
from ftops.ledger.entries import Swept, encode
from ftops.planner import Options as Planning
from tests.executor.simulated import Course, MemoryStore, World, world
from tests.executor.wanted import Applier, chain, dataset, desired, finetune, outline

D = dataset("d1")
V = finetune("v1", D)
ONE = desired(D, V)


def one(course: Course | None = None) -> Applier:
    return Applier(world(course=course or Course()), ONE).settled_ledger()


def faults(applier: Applier) -> dict[str, list[object]]:
    return applier.world.accounts["main"].faults


def sends(place: World) -> int:
    return place.seams.calls.count("main.create_job")


def job_of(applier: Applier) -> tuple[str, str | None]:
    (job,) = applier.ledger.open().recorded().jobs.values()
    return (job.outcome, job.job_id)


def test_a_job_whose_answer_was_lost_is_recognised_and_not_bought_again() -> None:
    applier = one()
    faults(applier)["create_job"] = ["answer lost"]
    outcome = applier.run()

    assert (outcome.exit_code, outline(outcome.plan)) == (0, [])
    assert len(applier.world.paid) == 1
    assert job_of(applier) == ("done", next(iter(applier.world.accounts["main"].jobs)))


def test_a_request_that_never_arrived_is_sent_again_only_after_the_horizon() -> None:
    applier = one()
    faults(applier)["create_job"] = [RemoteError("unknown", "the connection was reset")]
    started = applier.world.clock.now
    outcome = applier.run()
    job = next(iter(applier.world.accounts["main"].jobs.values())).job

    assert outcome.exit_code == 0
    assert len(applier.world.paid) == 1
    assert job.created_at > started + 60
    assert any("sent again only if it is still absent in 60 s" in message for message in applier.messages())


def test_a_look_that_began_while_the_ledger_was_young_proves_nothing_however_long_it_took() -> None:
    """The process sleeps between the answer to its listing and the decision: the horizon passes, the evidence ages."""
    first = one(Course(lag_seconds=50.0)).with_options(wait="none")
    assert first.run().exit_code == 3
    again = Applier(first.world, ONE)
    again.world.store.data = None

    def stalls(listed: tuple[ObservedJob, ...]) -> tuple[ObservedJob, ...]:
        again.world.clock.now += 100.0
        return listed

    faults(again)["list_jobs"] = [lambda listed: listed, stalls]

    assert again.run().exit_code == 0
    assert len(again.world.paid) == 1
    assert job_of(again) == ("done", next(iter(again.world.accounts["main"].jobs)))


def test_a_request_that_arrives_late_is_recognised_before_it_could_be_sent_again() -> None:
    applier = one()
    account, clock = applier.world.accounts["main"], applier.world.clock

    def arrives_late(job: ObservedJob) -> None:
        del account.jobs[job.id]
        train = account.paid.pop()
        clock.at(clock.now + 50, lambda: account.submit(train) and None)
        raise RemoteError("unknown", "read timeout")

    faults(applier)["create_job"] = [arrives_late]

    assert applier.run().exit_code == 0
    assert len(applier.world.paid) == 1


@pytest.mark.parametrize(
    "error",
    [ValueError("cut JSON"), KeyError("id"), RemoteError("busy", "409"), RemoteError("unavailable", "503", sent=True)],
)
def test_whatever_does_not_prove_absence_leaves_the_intent_open(error: Exception) -> None:
    applier = one().with_options(wait="none")
    faults(applier)["create_job"] = [error]
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert job_of(applier) == ("sending", None)
    assert applier.world.paid == []


def test_a_success_that_names_no_job_leaves_the_intent_open_and_the_job_is_recognised() -> None:
    applier = one()
    faults(applier)["create_job"] = [lambda job: replace(job, id="")]
    outcome = applier.run()

    assert outcome.exit_code == 0
    assert len(applier.world.paid) == 1


@pytest.mark.parametrize("kind", ["rejected", "denied", "missing"])
def test_a_refusal_is_final_in_this_run_and_free_to_try_in_the_next(kind: str) -> None:
    applier = one()
    faults(applier)["create_job"] = [RemoteError(kind, "submitting: no quota", code="InsufficientQuota")]  # type: ignore[arg-type]
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert {str(node): words for node, words in outcome.failed.items()} == {"finetune/v1@main": "submitting: no quota"}
    assert job_of(applier) == ("rejected", None)
    assert Applier(applier.world, ONE).run().exit_code == 0
    assert len(applier.world.paid) == 1


@pytest.mark.parametrize(
    "error",
    [
        RemoteError("throttled", "429", retry_after_seconds=20.0),
        RemoteError("unavailable", "connection refused", sent=False),
    ],
)
def test_what_provably_made_no_job_is_tried_again_with_a_new_intent(error: RemoteError) -> None:
    applier = one()
    faults(applier)["create_job"] = [error] * 2
    outcome = applier.run()
    lines = (applier.world.store.data or b"").decode()

    assert outcome.exit_code == 0
    assert len(applier.world.paid) == 1
    assert lines.count('"type":"intent"') == 3


def test_a_service_that_asks_for_a_day_is_not_waited_for() -> None:
    applier = one()
    started = applier.world.clock.now
    faults(applier)["create_job"] = [RemoteError("throttled", "429", retry_after_seconds=86_400.0)]

    assert applier.run().exit_code == 6
    assert applier.world.clock.now < started + 60


def test_a_request_that_stays_unknown_is_left_to_people_in_the_end() -> None:
    applier = one()
    faults(applier)["create_job"] = [RemoteError("unknown", "reset")] * 9
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert len(faults(applier)["create_job"]) == 6
    assert applier.world.paid == []


def test_a_slow_ledger_makes_the_deadline_pass_and_nothing_is_sent() -> None:
    applier = one()
    approved = applier.planned()
    applier.world.store.slow_seconds = 11.0
    outcome = Applier(applier.world, ONE, Options(workers=1, wait="none")).run(approved)

    assert outcome.exit_code == 3
    assert sends(applier.world) == 0
    assert job_of(applier) == ("sending", None)


def uploaded(applier: Applier) -> Applier:
    """With the data in place, so that the next write of the ledger is the intent."""
    applier.with_options(wait="none", deadline_seconds=1.0).run()
    applier.world.clock.now += 10
    return applier.with_options(wait="none")


def test_a_run_that_lost_its_lock_writes_no_intent_and_sends_nothing() -> None:
    applier = uploaded(one())
    applier.world.store.lose_lock = True
    with pytest.raises(LedgerMoved):
        applier.run()

    assert sends(applier.world) == 0
    assert applier.ledger.open().recorded().jobs == {}


def test_a_lock_that_is_lost_while_the_intent_is_written_leaves_it_unsent_to_age() -> None:
    applier = uploaded(one())
    store = applier.world.store

    def another_takes_the_lock() -> None:
        store.lose_lock = True

    store.before_write = [another_takes_the_lock]
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert sends(applier.world) == 0
    assert job_of(applier) == ("sending", None)
    assert "not submitted: the run lock was lost; it is tried again in 60 s" in applier.messages()


def test_another_training_under_an_approved_name_is_not_submitted_once_its_place_is_taken() -> None:
    """Whatever the planner comes to say while a run goes on, it submits as many trainings as were approved (I11)."""
    applier = one()
    faults(applier)["create_job"] = [RemoteError("throttled", "429", retry_after_seconds=20.0)]

    def specs_change(news: Progress) -> None:
        if "429" in news.message:
            applier.desired = desired(D, finetune("v1", D, learning_rate_multiplier="2"))

    applier.on_news = specs_change
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert list(outcome.failed.values()) == ["not submitted: it would be more trainings than were approved"]
    assert applier.world.paid == []


def test_an_intent_on_void_evidence_is_not_sent() -> None:
    applier = one()
    store = applier.world.store

    def other_run_submits() -> None:
        """Between our listing and our intent, another machine writes its own intent for the same training."""
        other = Applier(applier.world, ONE, name="other")
        session = other.ledger.open()
        session.intend(
            arm_id=applier.world.accounts["main"].arm_id,
            token=V.token,
            nonce="of-the-other",
            address=V.address,
            run="other",
            request="r",
            inputs={},
        )

    uploads = Applier(applier.world, desired(D, V)).with_options(wait="none", deadline_seconds=1.0)
    uploads.run()
    applier.world.clock.now += 10
    store.before_write = [other_run_submits]
    outcome = applier.with_options(wait="none").run()

    assert outcome.exit_code == 3
    assert sends(applier.world) == 0
    assert job_of(applier) == ("sending", None)


def test_an_outcome_is_settled_even_when_the_ledger_moved_meanwhile() -> None:
    applier = one()
    store = applier.world.store

    def somebody_writes(job: object) -> object:
        session = Applier(applier.world, ONE).ledger.open()
        session.forget(RecordedEntry("other", "default", applier.world.accounts["main"].arm_id, V.address))
        return job

    faults(applier)["create_job"] = [somebody_writes]
    outcome = applier.run()

    assert outcome.exit_code == 0
    assert job_of(applier)[0] == "done"
    assert len(applier.world.paid) == 1
    assert b'"type":"forgot"' in (store.data or b"")


def others_write(store: MemoryStore, times: int) -> None:
    """Before each of the next writes, somebody else writes something that decides nothing."""

    def somebody_writes() -> None:
        kept = fold(store.data or b"")
        store.data = (store.data or b"") + encode(kept.seq + 1, store.now(), Swept("/elsewhere", "t", "a", "b"))

    store.before_write = [somebody_writes] * times


def others_write_after_the_job_was_made(applier: Applier, times: int) -> None:
    def made(job: object) -> object:
        others_write(applier.world.store, times)
        return job

    faults(applier)["create_job"] = [made]


def test_an_outcome_is_written_on_as_many_fresh_readings_as_it_takes() -> None:
    applier = one().with_options(wait="none")
    others_write_after_the_job_was_made(applier, SETTLE_TRIES)
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert job_of(applier) == ("done", next(iter(applier.world.accounts["main"].jobs)))
    assert b'"type":"settled"' in (applier.world.store.data or b"")
    assert applier.world.store.notes == []


def test_a_ledger_that_others_never_leave_alone_keeps_the_job_beside_it_until_the_next_run() -> None:
    applier = one()
    others_write_after_the_job_was_made(applier, SETTLE_TRIES + 1)
    with pytest.raises(LedgerMoved):
        applier.run()
    job_id = next(iter(applier.world.accounts["main"].jobs))

    assert job_of(applier) == ("sending", None)
    assert applier.world.store.notes == [f"job {job_id} was submitted for finetune/v1@main (token {V.token})"]
    assert Applier(applier.world, ONE).run().exit_code == 0
    assert job_of(applier) == ("done", job_id)
    assert len(applier.world.paid) == 1


def test_an_intent_that_somebody_else_has_settled_is_left_as_it_is() -> None:
    applier = one().with_options(wait="none")

    def another_run_recognises_it(job: ObservedJob) -> ObservedJob:
        arm_id = applier.world.accounts["main"].arm_id
        entry = RecordedEntry("bots", "default", arm_id, V.address, token=V.token)
        applier.ledger.open().adopt(token=V.token, job_id=job.id, inputs={}, entry=entry)
        return job

    faults(applier)["create_job"] = [another_run_recognises_it]
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert job_of(applier) == ("done", next(iter(applier.world.accounts["main"].jobs)))
    assert b'"type":"settled"' not in (applier.world.store.data or b"")


def test_a_job_is_recognised_on_another_reading_when_the_ledger_moved() -> None:
    applier = one().with_options(wait="none")
    applier.run()
    applier.world.store.data = None
    applier.settled_ledger()
    others_write(applier.world.store, 8)
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert job_of(applier) == ("done", next(iter(applier.world.accounts["main"].jobs)))
    assert len(applier.world.paid) == 1


def test_a_disk_that_fails_after_the_job_was_made_keeps_its_id_in_two_other_places() -> None:
    applier = one()
    store = applier.world.store

    def full() -> None:
        raise LedgerError("writing the ledger in memory: No space left on device")

    def disk_fills(job: object) -> object:
        store.before_write = [full]
        return job

    faults(applier)["create_job"] = [disk_fills]
    with pytest.raises(LedgerError, match="No space left on device"):
        applier.run()
    job_id = next(iter(applier.world.accounts["main"].jobs))

    assert store.notes == [f"job {job_id} was submitted for finetune/v1@main (token {V.token})"]
    assert any(job_id in message for message in applier.messages())
    assert store.held_by is None
    assert Applier(applier.world, ONE).run().exit_code == 0
    assert len(applier.world.paid) == 1


def test_a_listing_that_lags_buys_nothing_twice() -> None:
    applier = Applier(world(course=Course(lag_seconds=45)), chain()).settled_ledger()
    faults(applier)["create_job"] = ["answer lost"]

    assert applier.run().exit_code == 0
    assert len(applier.world.paid) == len(set(applier.world.paid)) == 3


def test_an_intent_that_the_specs_left_behind_is_settled_by_the_job_it_became() -> None:
    applier = one(Course(lag_seconds=45)).with_options(deadline_seconds=20.0)
    faults(applier)["create_job"] = ["answer lost"]
    applier.run()
    (left,) = applier.ledger.open().recorded().jobs.values()
    applier.world.clock.now += 60
    moved_on = Applier(applier.world, desired(D, finetune("v1", D, learning_rate_multiplier="2")))
    outcome = moved_on.run()
    jobs = applier.ledger.open().recorded().jobs

    assert left.outcome == "sending"
    assert outcome.exit_code == 0
    assert sorted((job.outcome, job.job_id) for job in jobs.values()) == sorted(
        ("done", job_id) for job_id in applier.world.accounts["main"].jobs
    )
    assert len(jobs) == len(applier.world.paid) == 2
    (entry,) = [entry for entry in applier.ledger.open().recorded().entries if entry.address.kind == "finetune"]
    assert entry.token != left.token


def test_a_job_deleted_by_somebody_is_reported_and_never_bought_again() -> None:
    applier = one()
    applier.run()
    applier.world.accounts["main"].jobs.clear()
    applier.world.clock.now += 1_000
    outcome = Applier(applier.world, ONE).run()

    assert outcome.exit_code == 6
    assert [str(change.address) for change in outcome.blocked] == ["finetune/v1"]
    assert len(applier.world.paid) == 1


def test_without_any_ledger_a_running_job_of_ours_is_recognised_and_nothing_is_bought() -> None:
    applier = one().with_options(wait="none")
    applier.run()
    applier.world.store.data = None
    again = Applier(applier.world, ONE, name="again")
    outcome = again.run()

    assert outcome.exit_code == 0
    assert len(applier.world.paid) == 1
    assert job_of(applier)[0] == "done"


def test_of_two_jobs_for_one_training_the_later_is_cancelled_before_it_costs_more() -> None:
    applier = one()
    account, clock = applier.world.accounts["main"], applier.world.clock
    clock.at(clock.now + 100, lambda: account.submit(account.paid[0]) and None)
    outcome = applier.run()
    first, second = account.jobs

    assert outcome.exit_code == 0
    assert [account.observe_job(job_id).status for job_id in (first, second)] == ["succeeded", "cancelled"]  # type: ignore[union-attr]
    assert f"cancelled job {second}: job {first} is the same training" in applier.messages()
    assert b'"type":"swept"' in (applier.world.store.data or b"")


def test_a_second_training_that_has_ended_is_reported_once_and_left() -> None:
    applier = one()
    account = applier.world.accounts["main"]
    applier.run()
    account.submit(account.paid[0])
    account.clock.now += 1_000
    again = Applier(applier.world, ONE)
    again.run()

    assert len([message for message in again.messages() if "is a second training of what job" in message]) == 1


def test_more_trainings_than_were_approved_are_never_submitted() -> None:
    """Even when everything else were to let it through: the count is the executor's own (I11)."""
    budget = PaidBudget(1)

    assert budget.take("arm", "aaaaaaaaaa")
    assert budget.take("arm", "aaaaaaaaaa")
    assert not budget.take("arm", "bbbbbbbbbb")
    assert not budget.take("elsewhere", "aaaaaaaaaa")


def test_a_submission_that_a_person_found_absent_is_sent_before_its_horizon() -> None:
    applier = one().with_options(wait="none")
    faults(applier)["create_job"] = [RemoteError("unknown", "reset")]
    applier.run()
    started = applier.world.clock.now
    absent = frozenset({V.token})
    again = Applier(
        applier.world, ONE, Options(workers=1, wait="none", absent_tokens=absent), Planning(absent_tokens=absent)
    )
    outcome = again.run()

    assert outcome.exit_code == 3
    assert len(applier.world.paid) == 1
    assert applier.world.clock.now < started + 5


def test_a_ledger_that_others_never_stop_writing_ends_the_run() -> None:
    applier = one()
    applier.with_options(wait="none", deadline_seconds=1.0).run()
    applier.world.clock.now += 10

    def somebody_writes() -> None:
        raise LedgerMoved("writing the ledger in memory: another ftops wrote it in between")

    applier.world.store.before_write = [somebody_writes] * 99
    with pytest.raises(LedgerMoved, match="others keep writing it"):
        applier.run()

    assert sends(applier.world) == 0


def test_a_job_that_listings_never_show_is_followed_by_its_id() -> None:
    applier = one(Course(lag_seconds=1_000_000))

    assert applier.run().exit_code == 0
    assert len(applier.world.paid) == 1
