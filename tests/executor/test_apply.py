"""Whole applies against a simulated Azure: order, waiting, deadlines, failures, interruption."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import LedgerLocked, RemoteError, SpecErrors, StalePlan
from ftops.executor import Options
from ftops.ledger import Holder
from ftops.planner import Options as Planning
from tests.executor.simulated import Course, world
from tests.executor.wanted import Applier, chain, dataset, deployment, desired, finetune, outline


def test_a_chain_is_trained_in_order_and_deployed_and_then_nothing_is_left() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    outcome = applier.run()

    assert (outcome.exit_code, outline(outcome.plan)) == (0, [])
    assert len(applier.world.paid) == 3
    assert [f"{c.action.value} {c.address}" for c in outcome.done] == [
        "create dataset/d1",
        "create dataset/d2",
        "create dataset/d3",
        "create finetune/v1",
        "create finetune/v2",
        "create finetune/v3",
        "create deployment/bot",
    ]


def test_applying_again_writes_nothing() -> None:
    first = Applier(world(), chain()).settled_ledger()
    first.run()
    ledger_before, calls_before = first.world.store.data, len(first.world.seams.calls)
    outcome = Applier(first.world, chain()).run()
    calls = {call for call in first.world.seams.calls[calls_before:] if "list" not in call}

    assert (outcome.exit_code, outcome.done) == (0, ())
    assert calls == {"ledger.read"}
    assert first.world.store.data == ledger_before


def test_a_missing_ledger_is_made_and_paid_work_waits_until_it_can_prove_something() -> None:
    applier = Applier(world(), chain())
    started = applier.world.clock.now
    outcome = applier.run()
    first_job = min(job.job.created_at for job in applier.world.accounts["main"].jobs.values())

    assert outcome.exit_code == 0
    assert first_job >= started + 60
    assert "made a new ledger: the ledger in memory" in applier.messages()
    waits = [message for message in applier.messages() if message.startswith("the ledger is new")]
    assert len(waits) == 1


def test_waiting_for_jobs_costs_one_listing_for_all_of_them_at_growing_intervals() -> None:
    sets = [dataset(f"d{n}") for n in range(5)]
    applier = Applier(world(), desired(*sets, *(finetune(f"v{n}", d) for n, d in enumerate(sets)))).settled_ledger()
    applier.run()
    calls = applier.world.seams.calls
    last_submission = max(n for n, call in enumerate(calls) if call == "main.create_job")
    polls = [call for call in calls[last_submission:] if call == "main.list_jobs"]

    assert "main.observe_job" not in calls
    assert len(polls) < 25


def test_wait_none_waits_for_files_and_deployments_but_not_for_training() -> None:
    d = dataset("d1")
    both = desired(d, finetune("v1", d), deployment("plain", "gpt-4o-mini"))
    applier = Applier(world(), both, Options(workers=1, wait="none")).settled_ledger()
    started = applier.world.clock.now
    outcome = applier.run()

    assert outcome.exit_code == 3
    assert [str(change.address) for change in outcome.pending] == ["finetune/v1"]
    assert len(applier.world.paid) == 1
    assert applier.world.accounts["main"].observe_deployment("plain") is not None
    assert applier.world.clock.now < started + 120


def test_a_deadline_ends_the_run_and_the_next_one_goes_on_where_it_was() -> None:
    first = Applier(world(), chain(), Options(workers=1, deadline_seconds=900)).settled_ledger()
    started = first.world.clock.now
    outcome = first.run()

    assert outcome.exit_code == 3
    assert first.world.clock.now == started + 900
    assert [str(c.address) for c in outcome.pending] == ["finetune/v2"]
    assert Applier(first.world, chain()).run().exit_code == 0
    assert len(first.world.paid) == 3


def test_a_job_that_fails_stops_only_what_depends_on_it() -> None:
    d1, d2 = dataset("d1"), dataset("d2")
    v1, v2 = finetune("v1", d1), finetune("v2", d2)
    applier = Applier(world(), desired(d1, d2, v1, v2, deployment("b1", v1), deployment("b2", v2))).settled_ledger()
    account = applier.world.accounts["main"]

    def fail_the_first() -> None:
        kept = next(job for job in account.jobs.values() if job.job.suffix == v1.suffix_sent)
        kept.job = replace(kept.job, status="failed", error_message="bad data")

    applier.world.clock.at(1_100.0, fail_the_first)
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert [str(change.address) for change in outcome.blocked] == ["deployment/b1", "finetune/v1"]
    assert account.observe_deployment("b1") is None
    assert account.observe_deployment("b2") is not None


def test_a_refused_upload_fails_its_branch_with_the_services_words() -> None:
    d1, d2 = dataset("d1"), dataset("d2")
    applier = Applier(world(), desired(d1, d2, finetune("v1", d1), finetune("v2", d2))).settled_ledger()
    applier.world.accounts["main"].faults["upload_file"] = [
        RemoteError("denied", "uploading: 403", hint="ask for a role")
    ]
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert {str(node): words for node, words in outcome.failed.items()} == {
        "dataset/d1@main": "uploading: 403 (ask for a role)"
    }
    assert [(str(c.address), outcome.why_left(c)) for c in outcome.left] == [("finetune/v1", "it needs dataset/d1")]
    assert len(applier.world.paid) == 1


def test_an_upload_whose_answer_was_lost_is_looked_up_and_not_made_twice() -> None:
    d = dataset("d1")
    applier = Applier(world(), desired(d, finetune("v1", d))).settled_ledger()
    applier.world.accounts["main"].faults["upload_file"] = ["answer lost"]

    assert applier.run().exit_code == 0
    assert len(applier.world.accounts["main"].files) == 1


def test_a_file_that_no_listing_shows_yet_is_not_uploaded_again_at_once() -> None:
    d = dataset("d1")
    applier = Applier(world(course=Course(file_lag_seconds=4)), desired(d, finetune("v1", d))).settled_ledger()

    assert applier.run().exit_code == 0
    assert applier.world.seams.calls.count("main.upload_file") == 1


def test_a_file_the_service_keeps_rejecting_is_not_uploaded_for_ever() -> None:
    d = dataset("d1")
    applier = Applier(world(), desired(d, finetune("v1", d))).settled_ledger()
    applier.world.accounts["main"].file_status = "error"
    outcome = applier.run()
    uploads = [call for call in applier.world.seams.calls if call == "main.upload_file"]

    assert outcome.exit_code == 6
    assert "still asks for it" in next(iter(outcome.failed.values()))
    assert len(uploads) == 3
    assert applier.world.paid == []


def test_an_upload_ends_at_once_when_the_run_is_interrupted() -> None:
    d = dataset("d1")
    applier = Applier(world(), desired(d, finetune("v1", d))).settled_ledger()
    applier.on_news = lambda news: applier.stop.request(2) if news.message == "uploading" else None
    outcome = applier.run()

    assert (outcome.exit_code, outcome.done) == (130, ())
    assert [str(c.address) for c in outcome.left] == ["dataset/d1", "finetune/v1"]


@pytest.mark.parametrize(("number", "exit_code"), [(2, 130), (15, 143)])
def test_an_interrupted_wait_ends_at_once_and_the_next_apply_goes_on(number: int, exit_code: int) -> None:
    applier = Applier(world(), chain()).settled_ledger()
    applier.world.clock.at(1_300.0, lambda: applier.stop.request(number))
    outcome = applier.run()

    assert outcome.exit_code == exit_code
    assert applier.world.clock.now == 1_300.0
    assert applier.world.store.held_by is None
    assert Applier(applier.world, chain()).run().exit_code == 0
    assert len(applier.world.paid) == 3


def test_an_interruption_while_the_paid_request_is_under_way_settles_it_first() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    applier.on_news = lambda news: applier.stop.request(2) if news.message == "submitting the training" else None
    outcome = applier.run()
    jobs = applier.ledger.open().recorded().jobs

    assert outcome.exit_code == 130
    assert [job.outcome for job in jobs.values()] == ["done"]


def test_more_than_was_approved_is_stale_and_nothing_is_done() -> None:
    d1, d2 = dataset("d1"), dataset("d2")
    small = Applier(world(), desired(d1, finetune("v1", d1))).settled_ledger()
    approved = small.planned()
    large = Applier(small.world, desired(d1, d2, finetune("v1", d1), finetune("v2", d2)))
    with pytest.raises(StalePlan) as caught:
        large.run(approved)

    assert caught.value.exit_code == 5
    assert "create dataset/d2@main" in str(caught.value)
    assert large.world.accounts["main"].files == {}


def test_a_dataset_that_changed_since_it_was_planned_is_stale() -> None:
    d = dataset("d1")
    applier = Applier(world(), desired(d, finetune("v1", d))).settled_ledger()
    applier.opening = SpecErrors([Diagnostic("error", "data.changed", "d1.jsonl changed while it was read")])
    with pytest.raises(StalePlan, match=r"uploading dataset/d1: d1\.jsonl changed while it was read"):
        applier.run()

    assert applier.world.store.held_by is None


def test_what_cannot_be_read_is_never_decided_about() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    approved = applier.planned()
    applier.world.accounts["main"].faults["list_jobs"] = [RemoteError("unavailable", "listing jobs: 503")] * 9
    outcome = applier.run(approved)

    assert (outcome.exit_code, outcome.done) == (7, ())
    assert applier.world.accounts["main"].files == {}


def test_a_look_that_fails_once_under_way_is_repeated_for_a_while() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    faults = applier.world.accounts["main"].faults
    gone = RemoteError("unavailable", "listing jobs: 503")
    applier.world.clock.at(1_003.0, lambda: faults["list_jobs"].extend([gone] * 3))

    assert applier.run().exit_code == 0
    applier.world.clock.at(applier.world.clock.now + 3, lambda: faults["list_jobs"].extend([gone] * 99))
    outcome = Applier(applier.world, chain("edited\n")).run()
    assert outcome.exit_code == 7
    assert outcome.undecided != ""


def test_a_listing_that_fails_while_polling_is_no_news() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    gone = RemoteError("unavailable", "listing jobs: 503")
    applier.world.clock.at(1_200.0, lambda: applier.world.accounts["main"].faults["list_jobs"].append(gone))

    assert applier.run().exit_code == 0
    assert "listing jobs: 503" in applier.messages()


def test_a_run_waits_a_while_for_another_run_and_then_says_who_it_is() -> None:
    applier = Applier(world(), chain()).settled_ledger()
    store, clock = applier.world.store, applier.world.clock
    approved = applier.planned()
    store.held_by = Holder("other", "build-7", 42, "noon")
    clock.at(clock.now + 30, lambda: setattr(store, "held_by", None))
    assert applier.run(approved).exit_code == 0

    store.held_by = Holder("other", "build-7", 42, "noon")
    with pytest.raises(LedgerLocked, match="process 42 on build-7 since noon"):
        Applier(applier.world, chain("edited\n")).run(approved)


def test_an_entry_that_left_the_specs_is_cleaned_up_and_its_model_stays() -> None:
    first = Applier(world(), chain()).settled_ledger()
    first.run()
    outcome = Applier(first.world, desired()).run()
    account = first.world.accounts["main"]

    assert outcome.exit_code == 0
    assert (account.deployments, account.files) == ({}, {})
    assert len(account.jobs) == 3
    assert first.ledger.open().recorded().entries == ()
    assert Applier(first.world, chain()).run().exit_code == 0
    assert len(first.world.paid) == 3


def test_a_model_that_cannot_be_deleted_is_said_once_and_is_no_failure() -> None:
    d = dataset("d1")
    first = Applier(world(), desired(d, finetune("v1", d))).settled_ledger()
    first.run()
    second = Applier(first.world, desired(), planning=Planning(delete_models=True))
    outcome = second.run()

    assert outcome.exit_code == 0
    assert "the model stays: this service has no way to delete models" in second.messages()
    assert outline(Applier(first.world, desired(), planning=Planning(delete_models=True)).planned()) == []


def test_many_resources_in_two_accounts_are_made_side_by_side() -> None:
    sets = [dataset(f"d{n}", account=account) for n in range(6) for account in ("main", "other")]
    tunes = [finetune(f"v-{d.account}-{d.address.name}", d, account=d.account) for d in sets]
    bots = [deployment(f"bot-{v.address.name}", v, account=v.account) for v in tunes]
    everything = desired(*sets, *tunes, *bots, accounts=("main", "other"))
    applier = Applier(world("main", "other"), everything, Options(workers=8)).settled_ledger()
    outcome = applier.run()

    assert (outcome.exit_code, len(outcome.done)) == (0, 36)
    for account in applier.world.accounts.values():
        assert len({train.token for train in account.paid}) == len(account.paid) == 6
