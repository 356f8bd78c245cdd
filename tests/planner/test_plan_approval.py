"""What an approval covers while the world moves on, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.core.address import Address
from ftops.core.change import Action, Cause, Change
from ftops.core.identity import file_name
from ftops.core.plan import Base, Plan
from ftops.core.recorded import Recorded
from ftops.planner import moved, outgrown
from tests.planner.support.world import World, chain


def grown(approved: Plan, world: World, **options: object) -> list[tuple[str, str, str]]:
    return [(str(c.address), c.action.value, c.subject) for c in outgrown(approved, world.plan(**options))]


def test_everything_an_apply_does_stays_within_its_plan() -> None:
    world = chain()
    approved = world.plan()
    for _ in range(12):
        assert grown(approved, world) == []
        world.round()
        world.finish_jobs()
    assert world.plan().pending == ()


def test_an_edited_chain_stays_within_its_plan() -> None:
    world = chain().applied().dataset("data-1", "new")
    approved = world.plan()
    for _ in range(12):
        assert grown(approved, world) == []
        world.round()
        world.finish_jobs()
    assert world.plan().pending == ()


def test_a_training_nobody_approved_is_outgrown() -> None:
    world = chain().applied()
    approved = world.plan()
    world.edit("finetune/v3", suffix="polite")

    assert grown(approved, world) == [("deployment/bot", "replace", ""), ("finetune/v3", "replace", "")]


def test_a_create_covers_an_update_of_what_it_made_and_never_a_replacement() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}, capacity=5)
    approved = world.plan()
    world.round()
    world.drift("plain", capacity=1)
    assert grown(approved, world) == []

    world.drift("plain", sku="GlobalStandard")
    assert grown(approved, world) == [("deployment/plain", "replace", "")]


def test_a_replacement_covers_the_create_that_is_left_when_it_was_interrupted() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}).applied()
    world.edit("deployment/plain", sku="GlobalStandard")
    approved = world.plan()
    world.home().deployments.clear()

    assert grown(approved, world) == []


def test_an_update_covers_nothing_but_an_update() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}, capacity=5).applied()
    world.drift("plain", capacity=1)
    approved = world.plan()
    world.home().deployments.clear()

    assert grown(approved, world) == [("deployment/plain", "create", "")]


def test_drift_that_appeared_since_was_not_approved() -> None:
    world = chain().applied()
    approved = world.plan()
    world.home().deployments.clear()

    assert grown(approved, world) == [("deployment/bot", "create", "")]


def test_deletes_that_were_shown_are_covered() -> None:
    world = chain().applied()
    world.specs.clear()
    approved = world.plan()

    assert grown(approved, world) == []


def test_a_delete_that_became_possible_since_was_not_shown() -> None:
    world = chain().applied()
    job = world.azure.add_job("main", training_file="file-1")
    world.remove("finetune/v1", "finetune/v2", "finetune/v3", "deployment/bot")
    approved = world.plan()
    world.azure.finish("main", job.id)

    assert grown(approved, world) == [("dataset/data-1", "delete", "file-1")]


def test_a_file_that_goes_after_training_was_announced() -> None:
    world = World().dataset("data", keep="until_trained").finetune("v1", training="data")
    approved = world.plan()
    for _ in range(5):
        assert grown(approved, world) == []
        world.round()
        world.finish_jobs()
    assert world.home().files == {}


def test_a_submission_that_proves_absent_may_be_sent_again_within_the_same_plan() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    world.record_job("v1", "sending", seconds_left=9.0)
    approved = world.plan()
    world.record_job("v1", "sending", seconds_left=0.0)

    assert grown(approved, world) == []


def test_a_training_that_waited_for_its_predecessor_is_a_new_purchase() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    world.round()
    world.edit("finetune/v1", suffix="polite")
    approved = world.plan()
    world.finish_jobs()

    assert grown(approved, world) == [("finetune/v1", "replace", "")]


def test_a_broken_upload_that_the_apply_left_may_be_cleaned_up() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    approved = world.plan()
    broken = file_name(world.content("data").sha256, "bots", "data")
    world.azure.add_file("main", broken, 10, status="error")

    assert [c.action.value for c in world.plan().pending] == ["replace", "delete", "create"]
    assert grown(approved, world) == []


def test_a_broken_upload_beside_a_good_one_was_not_shown() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    approved = world.plan()
    broken = replace(world.file_of("data"), id="file-9", status="error", created_at=99)
    world.home().files["file-9"] = broken

    assert grown(approved, world) == [("dataset/data", "delete", "file-9")]


# A saved plan

BASE = Base("specs-1", "lineage-1", 3, {"main": "/subscriptions/s"}, "seen-1", {"finetune/v1@main": "e"})
TRAINING = Plan("p", "default", "ftops", BASE, (Change(Address("finetune", "v1"), "main", Action.CREATE, Cause.SPEC),))


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (replace(TRAINING, project="q"), "project changed since it was made"),
        (replace(TRAINING, environment="prod"), "environment changed since it was made"),
        (replace(TRAINING, base=replace(BASE, specs="specs-2")), "specs or data changed since it was made"),
        (replace(TRAINING, base=replace(BASE, accounts={"main": "/s/t"})), "accounts changed since it was made"),
        (replace(TRAINING, base=replace(BASE, lineage="lineage-2")), "ledger changed since it was made"),
        (replace(TRAINING, base=replace(BASE, lineage="", seq=0)), "ledger changed since it was made"),
        (replace(TRAINING, base=replace(BASE, seq=2)), "the ledger went back behind it"),
    ],
)
def test_a_saved_plan_about_something_else_is_stale(now: Plan, why: str) -> None:
    assert moved(TRAINING, now, Recorded()) == (why,)


def test_a_saved_plan_that_is_incomplete_never_holds() -> None:
    assert moved(replace(TRAINING, complete=False), TRAINING, Recorded()) == ("it is incomplete",)


def test_time_another_account_and_a_ledger_made_since_are_no_movement() -> None:
    accounts = {"main": "/subscriptions/s", "new": "/subscriptions/t"}
    assert moved(TRAINING, replace(TRAINING, base=replace(BASE, seq=9, accounts=accounts)), Recorded()) == ()
    assert moved(replace(TRAINING, base=replace(BASE, lineage="", seq=0)), TRAINING, Recorded()) == ()


def since(saved: Plan, world: World) -> tuple[str, ...]:
    return moved(saved, world.plan(), world.recorded())


def test_every_intermediate_world_of_its_own_apply_leaves_a_saved_plan_valid() -> None:
    world = chain().applied().dataset("data-1", "new").deployment("plain", model={"name": "gpt-4o-mini"})
    saved = world.plan()
    for _ in range(12):
        assert since(saved, world) == ()
        world.round()
        world.finish_jobs()
    assert world.plan().pending == ()


def test_scaling_the_deployment_it_updates_makes_a_saved_plan_stale() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}, capacity=5).applied()
    world.edit("deployment/plain", capacity=9)
    saved = world.plan()
    world.drift("plain", capacity=7)

    assert since(saved, world) == ("deployment/plain@main was changed since it was made",)


def test_scaling_it_to_what_the_plan_wants_is_as_good_as_done() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}, capacity=5).applied()
    world.edit("deployment/plain", capacity=9)
    saved = world.plan()
    world.drift("plain", capacity=9)

    assert since(saved, world) == ()


def test_scaling_the_deployment_it_deletes_makes_a_saved_plan_stale() -> None:
    world = World().deployment("plain", model={"name": "gpt-4o-mini"}).applied()
    world.specs.clear()
    saved = world.plan()
    world.drift("plain", capacity=7)

    assert since(saved, world) == ("deployment/plain@main was changed since it was made",)


def test_drift_of_what_it_does_not_touch_leaves_a_saved_plan_valid() -> None:
    world = World().deployment("one", model={"name": "gpt-4o-mini"}, capacity=1)
    world.deployment("two", model={"name": "gpt-4o-mini"}).applied().edit("deployment/one", capacity=9)
    saved = world.plan()
    world.drift("two", sku="GlobalStandard")

    assert since(saved, world) == ()


def test_a_job_of_somebody_else_with_our_token_makes_a_saved_plan_stale() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    saved = world.plan()
    world.round()
    world.jobs.clear()
    world.entries = {key: entry for key, entry in world.entries.items() if entry.token is None}

    assert [text.partition(":")[0] for text in since(saved, world)] == ["finetune/v1@main"]


def test_the_file_it_trains_on_going_away_makes_a_saved_plan_stale() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    saved = world.plan()
    world.home().files.clear()

    assert since(saved, world) == ("it would create dataset/data@main now",)
