"""What is told while waiting, what is asked again before it counts as gone, and the machine's own clock."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedFile, ObservedJob
from ftops.core.recorded import Recorded
from ftops.executor import Options, Outcome, StopSignal, SystemClock, confirm
from ftops.executor.sweep import duplicates
from ftops.planner import Options as Planning
from tests.executor.simulated import world
from tests.executor.wanted import Applier, chain, dataset, desired, finetune

D = dataset("d1")
V = finetune("v1", D)
ONE = desired(D, V)


def test_progress_of_a_job_is_told_when_it_changes_with_the_services_own_estimate() -> None:
    applier = Applier(world(), ONE).settled_ledger()
    account = applier.world.accounts["main"]

    def estimated() -> None:
        for kept in account.jobs.values():
            kept.job = replace(kept.job, estimated_finish=kept.job.created_at + 605)

    applier.world.clock.at(1_009.0, estimated)
    applier.run()
    told = [(news.message, news.fraction) for news in applier.news if str(news.node) == "finetune/v1@main"]
    fractions = [fraction for message, fraction in told if message == "running" and fraction is not None]

    assert ("succeeded", None) in told
    assert fractions == sorted(set(fractions))
    assert len(fractions) > 3
    assert max(fractions) <= 0.99


def test_a_recorded_job_that_no_listing_shows_is_asked_for_by_its_id() -> None:
    applier = Applier(world(), ONE).settled_ledger()
    applier.run()
    account = applier.world.accounts["main"]
    recorded = applier.ledger.open().recorded()
    observed = applier.world.survey()
    nothing = replace(observed, accounts={"main": replace(observed.accounts["main"], jobs=())})

    assert [job.id for job in confirm(nothing, recorded, {"main": account}).accounts["main"].jobs] == list(account.jobs)
    assert confirm(observed, recorded, {"main": account}) == observed
    assert confirm(nothing, recorded, {}) == nothing


def test_a_recorded_job_that_cannot_be_asked_for_makes_the_account_unread() -> None:
    applier = Applier(world(), ONE).settled_ledger()
    applier.run()
    account = applier.world.accounts["main"]
    observed = applier.world.survey()
    nothing = replace(observed, accounts={"main": replace(observed.accounts["main"], jobs=(), models=())})
    account.faults["observe_job"] = [RemoteError("unavailable", "reading a job: 503")]
    looked = confirm(nothing, applier.ledger.open().recorded(), {"main": account})

    assert [(item.account, item.what, item.why) for item in looked.unread] == [
        ("main", "recorded jobs", "reading a job: 503")
    ]


def test_jobs_that_were_listed_before_a_model_was_made_are_listed_again() -> None:
    """Without any ledger: only the job tells whether the model is the training that was asked for."""
    applier = Applier(world(), ONE).settled_ledger()
    applier.run()
    account = applier.world.accounts["main"]
    observed = applier.world.survey()
    earlier = replace(observed, accounts={"main": replace(observed.accounts["main"], jobs=())})
    account.seams.calls.clear()

    assert confirm(earlier, Recorded(), {"main": account}) == observed
    assert confirm(observed, Recorded(), {"main": account}) == observed
    assert account.seams.calls == ["main.list_jobs"]


def test_a_duplicate_that_cannot_be_cancelled_yet_is_tried_again() -> None:
    applier = Applier(world(), ONE).settled_ledger()
    account, clock = applier.world.accounts["main"], applier.world.clock
    clock.at(clock.now + 100, lambda: account.submit(account.paid[0]) and None)
    account.faults["cancel_job"] = [RemoteError("unknown", "cancelling: reset")]
    applier.run()

    assert sorted(job.job.status for job in account.jobs.values()) == ["cancelled", "succeeded"]


def job(job_id: str, created_at: int, **fields: object) -> ObservedJob:
    made = ObservedJob(job_id, "running", "gpt-4o-mini", created_at, "file-1", suffix=V.suffix_sent, seed=7)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_duplicates_are_later_live_jobs_of_the_same_training_and_nothing_else() -> None:
    jobs = [
        job("ftjob-3", 20),
        job("ftjob-1", 10),
        job("ftjob-2", 10),
        job("ftjob-ended", 5, status="failed"),
        job("ftjob-other-model", 30, model="gpt-4.1"),
        job("ftjob-other-seed", 30, seed=8),
        job("ftjob-other-file", 30, training_file="file-2"),
        job("ftjob-of-others", 1, suffix="hand-made"),
        job("ftjob-model-only", 40, suffix=None, seed=None, fine_tuned_model=f"gpt-4o-mini.ft-1-{V.suffix_sent}"),
    ]
    found = duplicates(jobs, frozenset({V.token}))

    assert [(d.kept.id, d.later.id) for d in found] == [
        ("ftjob-1", "ftjob-2"),
        ("ftjob-1", "ftjob-3"),
        ("ftjob-1", "ftjob-model-only"),
    ]
    assert duplicates(jobs, frozenset()) == ()


def test_the_same_content_uploaded_twice_is_the_same_training_and_other_content_is_not() -> None:
    jobs = [job("ftjob-1", 10), job("ftjob-2", 20, training_file="file-2"), job("ftjob-3", 30, training_file="file-3")]
    files = [
        ObservedFile("file-1", f"ftops-{'a' * 32}-bots-d1.jsonl", "processed"),
        ObservedFile("file-2", f"ftops-{'a' * 32}-bots-d1.jsonl", "processed"),
        ObservedFile("file-3", f"ftops-{'b' * 32}-bots-d1.jsonl", "processed"),
    ]

    assert [found.later.id for found in duplicates(jobs, frozenset({V.token}), files)] == ["ftjob-2"]


def test_an_account_that_wants_a_byte_order_mark_gets_it_in_front() -> None:
    both = replace(ONE, accounts={"main": replace(ONE.accounts["main"], bom=True)})
    applier = Applier(world(), both, Options(workers=1, wait="none", bom=frozenset({"main"}))).settled_ledger()
    applier.run()
    (file,) = applier.world.survey().accounts["main"].files

    assert file.size_bytes == D.content.size_bytes + 3
    assert {news.total_bytes for news in applier.news if news.total_bytes} == {D.content.size_bytes + 3}


def test_a_model_is_deleted_where_the_service_can() -> None:
    first = Applier(world(), ONE).settled_ledger()
    first.run()
    account = first.world.accounts["main"]
    account.deletes_models = True
    outcome = Applier(first.world, desired(), planning=Planning(delete_models=True)).run()

    assert outcome.exit_code == 0
    assert account.list_models() == ()


def test_an_outcome_says_why_each_thing_was_left() -> None:
    plan = Applier(world(), chain()).planned()
    outcome = Outcome(plan, left=plan.pending)
    why = {str(change.address): outcome.why_left(change) for change in outcome.left}

    assert why["dataset/d1"] == "the run ended before its turn"
    assert why["finetune/v1"] == "what it needs is not ready yet"
    assert outcome.exit_code == 3


@pytest.mark.parametrize(
    ("fields", "exit_code"),
    [
        ({}, 0),
        ({"undecided": "x"}, 7),
        ({"undecided": "x", "interrupted_by": 15}, 143),
        ({"failed": {V.node: "x"}}, 6),
    ],
)
def test_the_worst_of_an_outcome_is_its_exit_code(fields: dict[str, object], exit_code: int) -> None:
    plan = Applier(world(), desired()).planned()

    assert Outcome(plan, **fields).exit_code == exit_code  # type: ignore[arg-type]


def test_the_machines_clock_sleeps_and_wakes_when_a_stop_is_requested() -> None:
    clock, stop = SystemClock(), StopSignal()
    before = clock.boot_seconds()
    clock.sleep(0.02, stop)
    assert clock.boot_seconds() >= before + 0.02
    assert clock.wall_seconds() > 1_700_000_000
    threading.Timer(0.05, stop.request, [2]).start()
    clock.sleep(60.0, stop)

    assert stop.number == 2
    assert clock.boot_seconds() < before + 30
