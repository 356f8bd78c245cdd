"""What happens to a finetune: every row of the table. Nothing here may ever buy what was bought."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.core.change import Action, AdoptJob, Cause, Cost, Effect, FieldChange, Train
from ftops.core.identity import file_name
from tests.planner.support.world import BASE, World, chain, change, outline


def one_training(**settings: object) -> World:
    return World().dataset("data", rows=412).finetune("v1", training="data", **settings)


def submitted(**settings: object) -> World:
    """Uploaded and submitted; the job runs."""
    world = one_training(**settings)
    world.round()
    world.round()
    return world


# Buying


def test_a_training_that_lacks_its_upload_is_planned_without_an_act() -> None:
    training = change(one_training().plan(), "finetune/v1")

    assert (Action.CREATE, Cause.SPEC, Cost()) == (training.action, training.cause, training.cost)
    assert [str(node) for node in training.needs] == ["dataset/data@main"]
    assert training.act is None


def test_a_training_whose_inputs_are_known_carries_the_whole_request() -> None:
    world = one_training(suffix="polite", hyperparameters={"n_epochs": 3}).dataset("held-out", rows=40)
    world.edit("finetune/v1", validation="held-out")
    world.round()
    training = change(world.plan(), "finetune/v1")
    wanted = world.tuned("v1")

    assert training.needs == ()
    assert (
        Train(
            token=wanted.token,
            fingerprint=wanted.fingerprint,
            model=BASE,
            training_file="file-1",
            validation_file="file-2",
            suffix=f"polite-{wanted.token}",
            seed=wanted.seed,
            method="supervised",
            hyperparameters={"n_epochs": 3},
            training_tier="Standard",
            inputs={**wanted.inputs, "training_rows": 412, "validation_rows": 40},
        )
        == training.act
    )


def test_an_environment_that_never_trains_promotes_what_another_trained() -> None:
    world = one_training().applied()
    prod = world.another(environment="prod").dataset("data", rows=412).finetune("v1", training="data")
    prod.settings = {"train": False}

    assert outline(prod.plan()) == [("finetune/v1", "adopt", "spec")]
    prod.finetune("v1", training="data", suffix="other")
    blocked = change(prod.plan(), "finetune/v1")
    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.SPEC)
    assert blocked.reason.startswith("environment prod never trains: train it in another environment")


def test_the_same_training_under_two_names_is_bought_once() -> None:
    world = one_training().finetune("v2", training="data")

    assert outline(world.plan()) == [
        ("dataset/data", "create", "spec"),
        ("finetune/v1", "create", "spec"),
        ("finetune/v2", "blocked", "spec"),
    ]
    assert (
        change(world.plan(), "finetune/v2").reason
    ) == "it is the same training as finetune/v1@main: write `rerun` on one of them to pay for both"


def test_a_young_ledger_still_plans_the_training() -> None:
    world = one_training()
    world.round()
    young = replace(world.recorded(), young_seconds_left=600.0)
    world.recorded = lambda: young  # type: ignore[method-assign]

    assert isinstance(change(world.plan(), "finetune/v1").act, Train)


# The job is there


@pytest.mark.parametrize("status", ["pending", "running", "queued", "resuming", "something-new"])
def test_a_live_job_with_the_token_is_waited_for(status: str) -> None:
    world = submitted()
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), status=status)
    waiting = change(world.plan(), "finetune/v1")

    assert (waiting.action, waiting.cause) == (Action.WAIT, Cause.RESUME)
    assert f"job {world.job_of('v1').id} is running" == waiting.reason
    assert waiting.cost is None


def test_a_succeeded_job_is_kept() -> None:
    assert outline(one_training().applied().plan()) == []


def test_a_succeeded_job_whose_model_is_not_named_yet_is_waited_for() -> None:
    world = submitted()
    job = world.azure.finish("main", world.job_of("v1").id)
    world.home().jobs[job.id] = replace(job, fine_tuned_model=None)

    assert outline(world.plan()) == []  # the model list names it: both carry the job's hex
    world.home().models.clear()
    waiting = change(world.plan(), "finetune/v1")
    assert (Action.WAIT, f"job {job.id} succeeded; its model is not named yet") == (waiting.action, waiting.reason)


def test_without_any_ledger_a_finished_and_a_running_job_are_recognised_free() -> None:
    world = submitted().lose_ledger()
    adopted = change(world.plan(), "finetune/v1")

    assert (adopted.action, adopted.cause, adopted.cost) == (Action.ADOPT, Cause.SPEC, None)
    job = world.job_of("v1")
    assert AdoptJob(world.tuned("v1").token, job.id, {**world.tuned("v1").inputs, "training_rows": 412}) == adopted.act
    world.finish_jobs()
    assert f"recognised the finished job {job.id} by its token: nothing is paid" == (
        change(world.plan(), "finetune/v1").reason
    )
    assert outline(world.applied().plan()) == []


def test_of_two_jobs_with_the_token_the_oldest_is_used_whatever_the_ledger_says() -> None:
    world = submitted()
    first = world.job_of("v1")
    older = replace(first, id="ftjob-" + "f" * 32, created_at=0)
    world.home().jobs[older.id] = older

    assert AdoptJob(world.tuned("v1").token, older.id, {**world.tuned("v1").inputs, "training_rows": 412}) == (
        change(world.plan(), "finetune/v1").act
    )


def test_a_succeeded_job_is_preferred_to_an_older_failed_one() -> None:
    world = one_training().applied()
    failed = replace(world.job_of("v1"), id="ftjob-" + "f" * 32, created_at=0, status="failed", fine_tuned_model=None)
    world.home().jobs[failed.id] = failed

    assert outline(world.plan()) == []


def test_a_job_is_recognised_by_its_model_when_its_suffix_is_not_echoed() -> None:
    world = one_training().applied()
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), suffix=None)

    assert outline(world.plan()) == []


def test_a_paused_job_is_blocked_with_the_ways_out() -> None:
    world = submitted()
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), status="paused")
    blocked = change(world.plan(), "finetune/v1")

    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.RESUME)
    assert blocked.reason.endswith("is paused: `ftops resume v1` trains on, `ftops cancel v1` ends it")


# It was there


def test_a_failed_job_blocks_with_the_service_s_words_and_is_never_bought_again() -> None:
    world = submitted(rerun=2)
    job = world.azure.finish("main", world.job_of("v1").id, "failed", "line 7: no assistant message")
    blocked = change(world.plan(), "finetune/v1")

    assert (blocked.action, blocked.cause, blocked.act) == (Action.BLOCKED, Cause.SPEC, None)
    assert (
        f"job {job.id} ended failed: line 7: no assistant message; it is never bought again by itself: edit its data "
        "or settings, or set `rerun: 3` to pay for the same training again"
    ) == blocked.reason


def test_a_job_cancelled_from_outside_is_drift_that_is_not_repaired_with_money() -> None:
    world = submitted()
    world.azure.finish("main", world.job_of("v1").id, "cancelled")

    assert outline(world.plan()) == [("finetune/v1", "blocked", "drift")]


def test_a_cancelled_job_nobody_recorded_is_blocked_all_the_same() -> None:
    world = submitted().lose_ledger()
    world.azure.finish("main", world.job_of("v1").id, "cancelled")

    assert outline(world.plan()) == [("finetune/v1", "blocked", "spec")]


def test_rerun_pays_again_on_purpose() -> None:
    world = submitted()
    world.azure.finish("main", world.job_of("v1").id, "failed")
    world.edit("finetune/v1", rerun=1)
    again = change(world.plan(), "finetune/v1")

    assert (again.action, again.cause, again.reason) == (Action.REPLACE, Cause.SPEC, "`rerun` asks for it")
    assert (FieldChange("rerun", None, 1, Effect.TRAINING),) == again.fields


def test_a_deleted_job_whose_model_is_listed_is_kept_with_a_note() -> None:
    world = one_training().deployment("bot", finetune="v1").applied()
    world.home().jobs.clear()
    kept = change(world.plan(), "finetune/v1")

    assert outline(world.plan()) == []
    assert kept.reason == "the job is gone, its model is still there"


def test_a_deleted_job_whose_model_is_only_deployed_is_kept_too() -> None:
    world = one_training().deployment("bot", finetune="v1").applied()
    world.home().jobs.clear()
    world.home().models.clear()

    assert outline(world.plan()) == []


def test_a_recorded_job_that_is_gone_with_its_model_is_not_bought_again() -> None:
    world = one_training().deployment("bot", finetune="v1").applied()
    job = world.job_of("v1")
    world.home().jobs.clear()
    world.home().models.clear()
    world.home().deployments.clear()
    blocked = change(world.plan(), "finetune/v1")

    assert outline(world.plan()) == [("deployment/bot", "blocked", "dependency"), ("finetune/v1", "blocked", "missing")]
    assert blocked.reason.startswith(f"job {job.id} and its model are gone; they are never bought again by themselves")


def test_a_job_made_a_moment_ago_may_be_missing_from_the_listing() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "done", seconds_left=60.0)
    waiting = change(world.plan(), "finetune/v1")

    assert (
        waiting.action,
        waiting.reason,
    ) == (Action.WAIT, "job ftjob-lost was made a moment ago and is not listed yet")


def test_without_ledger_a_model_that_another_account_still_serves_proves_that_it_was_paid_for() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data")
    world.deployment("bot", finetune="v1", account="eu").applied().lose_ledger()
    world.home().jobs.clear()
    world.home().models.clear()

    blocked = change(world.plan(), "finetune/v1")
    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.MISSING)
    assert blocked.reason.startswith("its job and its model are gone")


def test_without_ledger_a_child_s_job_proves_that_its_parent_was_paid_for() -> None:
    world = chain().applied().lose_ledger()
    job = world.job_of("v1")
    del world.home().jobs[job.id]
    del world.home().models[job.fine_tuned_model or ""]

    assert ("finetune/v1", "blocked", "missing") in outline(world.plan())
    assert ("finetune/v2", "adopt", "spec") in outline(world.plan())


# Suspicious


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        ({"model": "gpt-4.1-2025-04-14"}, f"it trains gpt-4.1-2025-04-14, not {BASE}"),
        ({"seed": 7}, "its seed is 7, not"),
        ({"training_file": "file-9"}, "its training file holds other content"),
    ],
)
def test_a_job_with_the_token_that_contradicts_is_neither_adopted_nor_bought(
    fields: dict[str, object], doubt: str
) -> None:
    world = submitted()
    other = world.azure.add_file("main", file_name("ab" * 32, "bots", "data"), 1, id="file-9")
    job = replace(world.job_of("v1"), **fields)  # type: ignore[arg-type]
    world.home().jobs[job.id] = job
    made = world.plan()
    blocked = change(made, "finetune/v1")

    assert other.id == "file-9"
    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.SPEC)
    assert doubt in blocked.reason
    (diagnostic,) = made.diagnostics
    assert (diagnostic.severity, diagnostic.code) == ("error", "plan.suspicious-job")
    assert diagnostic.hint.startswith(f"if it is the right one write `existing: {{job: {job.id}}}`")


def test_a_validation_file_with_other_content_contradicts() -> None:
    world = one_training(validation="held-out").dataset("held-out")
    world.round()
    world.round()
    world.azure.add_file("main", file_name("ab" * 32, "bots", "data"), 1, id="file-9")
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), validation_file="file-9")

    assert "its validation file holds other content" in change(world.plan(), "finetune/v1").reason


def test_a_job_that_continues_another_parent_contradicts() -> None:
    world = chain().applied()
    job = world.job_of("v2")
    world.home().jobs[job.id] = replace(job, model=f"{BASE}.ft-{'0' * 32}-ftops-aaaaaaaaaa")

    assert "which is not finetune/v1" in change(world.plan(), "finetune/v2").reason


def test_what_is_gone_contradicts_nothing() -> None:
    world = one_training().applied()
    world.home().files.clear()
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), seed=None)

    assert outline(world.plan()) == [("dataset/data", "create", "missing")]


def test_a_good_job_beside_a_contradicting_one_is_used() -> None:
    world = one_training().applied()
    world.home().jobs["ftjob-x"] = replace(world.job_of("v1"), id="ftjob-x", created_at=0, seed=7)

    assert outline(world.plan()) == []


# The outcome of a submission is unknown


def test_an_unresolved_submission_is_waited_for() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "sending", seconds_left=42.0)
    waiting = change(world.plan(), "finetune/v1")

    assert (waiting.action, waiting.cause, waiting.hazards) == (Action.WAIT, Cause.RESUME, ("unresolved-submission",))
    assert waiting.reason.startswith("the outcome of the last submission is unknown")
    assert "42" not in waiting.reason


def test_a_submission_that_proved_absent_is_sent_again() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "sending", seconds_left=0.0)

    assert isinstance(change(world.plan(), "finetune/v1").act, Train)


def test_a_person_may_say_that_a_submission_is_absent() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "sending", seconds_left=42.0)
    token = world.tuned("v1").token

    assert isinstance(change(world.plan(absent_tokens=frozenset({token})), "finetune/v1").act, Train)


def test_a_rejected_submission_may_be_sent_again() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "rejected")

    assert isinstance(change(world.plan(), "finetune/v1").act, Train)


@pytest.mark.parametrize(("created_at", "with_our_seed"), [(9000, False), (1, True)])
def test_a_job_without_token_but_with_our_file_since_the_intent_is_suspicious(
    created_at: int, with_our_seed: bool
) -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "sending", seconds_left=0.0, at=9000.0)
    seed = world.tuned("v1").seed if with_our_seed else 5
    job = world.azure.add_job("main", training_file="file-1", seed=seed, created_at=created_at)
    blocked = change(world.plan(), "finetune/v1")

    assert Action.BLOCKED is blocked.action
    assert f"job {job.id} may be the training of finetune/v1" in blocked.reason
    assert "has no readable token" in blocked.reason


def test_a_job_without_token_from_before_the_intent_is_no_suspect() -> None:
    world = one_training()
    world.round()
    world.record_job("v1", "sending", seconds_left=0.0, at=9000.0)
    world.azure.add_job("main", training_file="file-1", seed=5, created_at=1, status="failed")

    assert isinstance(change(world.plan(), "finetune/v1").act, Train)


# The previous job still runs


def test_an_edited_entry_buys_nothing_while_its_previous_job_runs() -> None:
    world = submitted()
    old = world.job_of("v1")
    world.edit("finetune/v1", suffix="polite")
    waiting = change(world.plan(), "finetune/v1")

    assert (waiting.action, waiting.cause, waiting.hazards) == (Action.WAIT, Cause.SPEC, ("superseded-while-running",))
    assert (FieldChange("suffix", None, "polite", Effect.TRAINING),) == waiting.fields
    assert f"its previous job {old.id} is not finished" in waiting.reason
    world.finish_jobs()
    assert outline(world.plan()) == [("finetune/v1", "replace", "spec")]


def test_an_edited_entry_waits_for_a_previous_submission_whose_outcome_is_unknown() -> None:
    world = one_training()
    world.round()
    world.round()
    world.record_job("v1", "sending", seconds_left=9.0)
    world.home().jobs.clear()
    world.edit("finetune/v1", suffix="polite")

    assert "its previous submission is not finished" in change(world.plan(), "finetune/v1").reason


def test_a_previous_job_that_another_entry_took_over_holds_nothing_back() -> None:
    world = submitted()
    world.rename("finetune/v1", "finetune/renamed").finetune("v1", training="data", suffix="new")

    assert outline(world.plan()) == [("finetune/renamed", "adopt", "spec"), ("finetune/v1", "replace", "spec")]


# Reasons


def test_the_reason_says_which_inputs_changed_and_how_many_rows() -> None:
    world = one_training(hyperparameters={"n_epochs": 3}).applied()
    world.dataset("data", "more", rows=431).edit("finetune/v1", hyperparameters={"n_epochs": 4})
    replaced = change(world.plan(), "finetune/v1")

    assert replaced.reason == "hyperparameters.n_epochs changed; training file content changed: 412 → 431 rows"
    assert (
        FieldChange("hyperparameters.n_epochs", 3, 4, Effect.TRAINING),
        FieldChange("training", "3a6eb0790f39", "187897ce0afc", Effect.TRAINING, "412 → 431 rows"),
    ) == replaced.fields


def test_the_reason_says_that_a_validation_set_was_added() -> None:
    world = one_training().applied().dataset("held-out").edit("finetune/v1", validation="held-out")

    assert change(world.plan(), "finetune/v1").reason == "a validation set was added"


def test_a_list_among_the_inputs_is_told_as_one_value() -> None:
    world = one_training(hyperparameters={"stops": ["a", "b"]}).applied()
    world.edit("finetune/v1", hyperparameters={"stops": ["a", "c"]})

    assert change(world.plan(), "finetune/v1").fields == (
        FieldChange("hyperparameters.stops", ["a", "b"], ["a", "c"], Effect.TRAINING),
    )


def test_the_same_training_that_was_rejected_before_is_created_and_replaces_nothing() -> None:
    world = one_training().applied().record_job("v1", "rejected")
    world.home().jobs.clear()
    world.home().models.clear()
    created = change(world.plan(), "finetune/v1")

    assert (created.action, created.fields) == (Action.CREATE, ())
    assert created.reason == f"not trained yet: no job carries its token {world.tuned('v1').token}"


def test_without_recorded_inputs_the_reason_says_only_that_it_is_another_training() -> None:
    world = one_training().applied()
    world.jobs.clear()
    world.edit("finetune/v1", suffix="polite")
    replaced = change(world.plan(), "finetune/v1")

    assert (replaced.reason, replaced.fields) == ("the ledger's last job of this entry was another training", ())


# Continuing


def test_the_first_training_of_a_later_link_waits_for_its_parent_and_has_no_field_that_changed() -> None:
    made = chain().plan()
    second = change(made, "finetune/v2")

    assert (second.action, second.cause, second.act) == (Action.CREATE, Cause.SPEC, None)
    assert second.fields == ()
    assert [str(node) for node in second.needs] == ["dataset/data-2@main", "finetune/v1@main"]


def test_what_continues_a_running_job_waits_for_its_model_and_then_trains_on_it() -> None:
    world = chain()
    world.round()
    world.round()
    second = change(world.plan(), "finetune/v2")
    assert (
        second.action,
        second.cause,
        [str(node) for node in second.needs],
    ) == (Action.CREATE, Cause.SPEC, ["finetune/v1@main"])
    world.finish_jobs()
    act = change(world.plan(), "finetune/v2").act
    assert isinstance(act, Train)
    assert world.job_of("v1").fine_tuned_model == act.model


def test_a_step_checkpoint_of_the_parent_is_trained_on() -> None:
    world = chain().remove("finetune/v3", "dataset/data-3", "deployment/bot").edit("finetune/v2", checkpoint=20)
    world.round()
    world.round()
    world.finish_jobs()
    act = change(world.plan(), "finetune/v2").act

    assert isinstance(act, Train)
    assert f"{world.job_of('v1').fine_tuned_model}:ckpt-step-20" == act.model


def test_the_best_checkpoint_is_asked_for_by_number() -> None:
    world = chain().remove("finetune/v3", "dataset/data-3", "deployment/bot").edit("finetune/v2", checkpoint="best")
    world.round()
    world.round()
    world.finish_jobs()

    assert (
        change(world.plan(), "finetune/v2").reason
    ) == "which checkpoint of finetune/v1 is the best cannot be told: write its step number"


def test_a_blocked_parent_blocks_what_continues_it_and_nothing_else() -> None:
    world = chain().dataset("side").finetune("other", training="side")
    world.round()
    world.round()
    world.azure.finish("main", world.job_of("v1").id, "failed", "bad")
    world.finish_jobs()

    assert outline(world.plan()) == [
        ("deployment/bot", "blocked", "dependency"),
        ("finetune/v1", "blocked", "spec"),
        ("finetune/v2", "blocked", "dependency"),
        ("finetune/v3", "blocked", "dependency"),
    ]


# Held and existing


def test_a_held_finetune_keeps_its_job_and_shows_the_edits() -> None:
    world = one_training().deployment("bot", finetune="v1").applied()
    world.edit("finetune/v1", hold=True, suffix="polite")
    made = world.plan()
    held = change(made, "finetune/v1")

    assert outline(made) == []
    assert (FieldChange("suffix", None, "polite", Effect.HELD),) == held.fields
    assert held.reason == "held at the job it has; the edits wait until `hold` is taken away"


def test_a_held_finetune_is_found_by_its_deployment_when_the_ledger_is_lost() -> None:
    world = one_training().deployment("bot", finetune="v1").applied().lose_ledger()
    world.edit("finetune/v1", hold=True, suffix="polite")

    assert outline(world.plan()) == []


def test_a_held_finetune_without_any_job_is_not_bought() -> None:
    world = one_training(hold=True).deployment("bot", finetune="v1")
    world.edit("dataset/data", keep="until_trained")
    made = world.plan()

    assert change(made, "finetune/v1").reason == "it is held and no job of it is known: take `hold` away to train it"
    assert outline(made) == [("deployment/bot", "blocked", "dependency"), ("finetune/v1", "blocked", "spec")]


def test_a_held_finetune_that_matches_its_specs_is_taken_up_like_any_other() -> None:
    world = one_training().applied().lose_ledger().edit("finetune/v1", hold=True)

    assert outline(world.plan()) == [("finetune/v1", "adopt", "spec")]


def test_a_held_job_that_still_runs_is_waited_for() -> None:
    world = submitted().edit("finetune/v1", hold=True, suffix="polite")

    assert outline(world.plan()) == [("finetune/v1", "wait", "resume")]


def test_a_held_job_that_failed_blocks() -> None:
    world = submitted().edit("finetune/v1", hold=True, suffix="polite")
    for job in world.home().jobs:
        world.azure.finish("main", job, "failed", "bad")

    assert outline(world.plan()) == [("finetune/v1", "blocked", "spec")]


def test_a_held_job_that_is_gone_serves_by_its_model_and_without_it_blocks() -> None:
    world = one_training().applied().edit("finetune/v1", hold=True, suffix="polite")
    world.home().jobs.clear()
    assert outline(world.plan()) == []

    world.home().models.clear()
    blocked = change(world.plan(), "finetune/v1")
    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.MISSING)
    assert (
        blocked.reason
    ) == "the job it is held at and its model are gone: take `hold` away to train what the specs say now"


def existing(**fields: object) -> World:
    world = World()
    job = world.azure.add_job("main", **fields)
    return world.finetune("legacy", job=job.id).deployment("bot", finetune="legacy")


def test_an_existing_job_is_used_and_never_compared() -> None:
    world = existing(status="succeeded", fine_tuned_model=f"{BASE}.ft-{'0' * 31}1", model="whatever")

    assert outline(world.plan()) == [("deployment/bot", "create", "spec")]
    assert outline(world.applied().plan()) == []


def test_an_existing_job_that_runs_is_waited_for() -> None:
    assert outline(existing().plan()) == [("deployment/bot", "create", "spec"), ("finetune/legacy", "wait", "resume")]


@pytest.mark.parametrize(("status", "cause"), [("failed", "spec"), ("cancelled", "spec"), ("paused", "resume")])
def test_an_existing_job_that_made_nothing_blocks(status: str, cause: str) -> None:
    assert [("deployment/bot", "blocked", "dependency"), ("finetune/legacy", "blocked", cause)] == outline(
        existing(status=status).plan()
    )


def test_an_existing_job_that_failed_names_its_own_way_out() -> None:
    reason = change(existing(status="failed").plan(), "finetune/legacy").reason

    assert reason.endswith("name another job under `existing`, or train one")


def test_an_existing_job_that_is_gone_serves_by_its_model_and_without_it_blocks() -> None:
    world = existing()
    (job,) = world.home().jobs.values()
    world.azure.finish("main", job.id)
    world.home().jobs.clear()
    assert outline(world.plan()) == [("deployment/bot", "create", "spec")]

    world.home().models.clear()
    assert f"job {job.id} is not in account main, nor is a model it made" == (
        change(world.plan(), "finetune/legacy").reason
    )


def test_an_existing_model_is_taken_at_its_word() -> None:
    world = World().finetune("legacy", existing_model="gpt.ft-1").deployment("bot", finetune="legacy")

    assert outline(world.applied().plan()) == []
    assert world.home().deployments["bot"].model_name == "gpt.ft-1"
