"""What is cleaned up, in which order, and above all what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftops.core.change import Action, DeleteDeployment, DeleteFile, DeleteModel
from ftops.core.identity import file_name
from ftops.core.observed import ObservedModel
from tests.planner.support.world import World, change, outline


def deployed(*accounts: str, **settings: object) -> World:
    world = World(*accounts, **settings).dataset("data").finetune("v1", training="data")
    return world.deployment("bot", finetune="v1").applied()


def emptied(world: World) -> World:
    world.specs.clear()
    return world


def test_removed_entries_lose_deployment_and_file_and_keep_job_and_model() -> None:
    world = emptied(deployed())
    made = world.plan()

    assert outline(made) == [
        ("dataset/data", "delete", "orphan", "file-1"),
        ("deployment/bot", "delete", "orphan"),
        ("finetune/v1", "forget", "orphan"),
    ]
    assert change(made, "deployment/bot").act == DeleteDeployment("bot")
    file = change(made, "dataset/data", subject="file-1")
    assert (file.act, [str(node) for node in file.needs]) == (None, ["deployment/bot@main"])
    world.applied()
    assert (world.home().files, world.home().deployments) == ({}, {})
    assert len(world.home().jobs) == len(world.home().models) == 1
    assert outline(world.plan()) == []


def test_putting_an_entry_back_costs_nothing() -> None:
    world = deployed()
    specs = dict(world.specs)
    emptied(world).applied()
    world.specs = specs
    world.applied()

    assert len(world.home().bought) == 1


def test_a_file_that_another_entry_still_needs_stays() -> None:
    world = deployed().dataset("same", "data").finetune("v2", training="same", suffix="two").applied()
    world.remove("dataset/data", "finetune/v1", "deployment/bot")

    assert outline(world.plan()) == [("deployment/bot", "delete", "orphan"), ("finetune/v1", "forget", "orphan")]


@pytest.mark.parametrize("role", ["training_file", "validation_file"])
def test_a_file_that_any_unfinished_job_reads_stays(role: str) -> None:
    world = emptied(deployed())
    job = world.azure.add_job("main", **{role: "file-1"})

    assert ("dataset/data", "delete", "orphan", "file-1") not in outline(world.plan())
    world.azure.finish("main", job.id, "cancelled")
    assert ("dataset/data", "delete", "orphan", "file-1") in outline(world.plan())


@pytest.mark.parametrize(
    "name",
    [
        "training.jsonl",
        file_name("ab" * 32, "search", "data"),
        file_name("ab" * 32, "bots-eu", "data"),
        file_name("ab" * 32, "bots", "not a dataset's name"),
    ],
)
def test_foreign_files_are_never_touched(name: str) -> None:
    world = deployed()
    world.azure.add_file("main", name, 10)
    tags = {"ftops-project": "bots-eu", "ftops-environment": "default"}
    body = replace(world.home().deployments["bot"], name="theirs", tags=tags)
    world.home().deployments["theirs"] = body

    assert outline(world.plan()) == []


@pytest.mark.parametrize("fields", [{"status": "pending"}, {"status": "deleting"}, {"purpose": "assistants"}])
def test_unsettled_files_and_files_for_other_purposes_are_left(fields: dict[str, str]) -> None:
    world = deployed()
    world.azure.add_file("main", file_name("ab" * 32, "bots", "old"), 10, **fields)

    assert outline(world.plan()) == []


def test_a_broken_upload_beside_a_good_one_goes() -> None:
    world = deployed()
    broken = world.azure.add_file("main", world.file_of("data").name, 10, status="error")

    assert outline(world.plan()) == [("dataset/data", "delete", "drift", broken.id)]


def test_a_protected_dataset_keeps_its_older_uploads() -> None:
    world = deployed().edit("dataset/data", protect=True, content="new")

    assert ("dataset/data", "delete", "orphan", "file-1") not in outline(world.plan())


# Environments and projects


def test_another_environment_of_the_ledger_keeps_its_things() -> None:
    world = deployed()
    prod = world.another(environment="prod").dataset("data").finetune("v1", training="data")
    prod.deployment("bot-prod", finetune="v1").applied()
    prod._hold(change(prod.plan(), "dataset/data"), file_name=world.file_of("data").name)

    assert outline(emptied(world).plan()) == [
        ("deployment/bot", "delete", "orphan"),
        ("finetune/v1", "forget", "orphan"),
    ]
    assert len(world.home().bought) == 1


def test_another_project_s_things_are_nobody_s_orphans() -> None:
    world = deployed()
    other = world.another(project="bots-eu").dataset("theirs").finetune("v9", training="theirs")
    other.deployment("their-bot", finetune="v9").applied()

    assert outline(world.plan()) == []
    assert outline(other.plan()) == []


# Deployments


def test_a_deployment_that_moved_to_another_account_goes_when_the_new_one_is_there() -> None:
    world = deployed("main", "eu").edit("deployment/bot", account="eu")
    made = world.plan()

    assert outline(made) == [("deployment/bot", "create", "spec"), ("deployment/bot", "delete", "orphan", "bot")]
    old = change(made, "deployment/bot", subject="bot")
    assert (old.act, [str(node) for node in old.needs]) == (None, ["deployment/bot@eu"])
    assert old.reason == "deployment/bot is deployed as another one now"
    world.round()
    assert change(world.plan(), "deployment/bot", subject="bot").act == DeleteDeployment("bot")
    assert outline(world.applied().plan()) == []


def test_a_deployment_with_another_name_leaves_the_old_one_to_go() -> None:
    world = deployed().edit("deployment/bot", name="bot-2")

    assert outline(world.plan()) == [
        ("deployment/bot", "create", "spec"),
        ("deployment/bot", "delete", "orphan", "bot"),
    ]
    assert outline(world.applied().plan()) == []


def test_a_renamed_entry_with_the_same_name_in_azure_only_changes_its_tag() -> None:
    world = deployed().rename("deployment/bot", "deployment/chat").edit("deployment/chat", name="bot")

    assert outline(world.plan()) == [("deployment/chat", "update", "drift")]


def test_two_orphans_of_one_address_are_told_apart_by_their_names() -> None:
    world = deployed()
    world.home().deployments["bot-b"] = replace(world.home().deployments["bot"], name="bot-b")
    world.remove("deployment/bot")

    assert outline(world.plan()) == [
        ("deployment/bot", "delete", "orphan", "bot"),
        ("deployment/bot", "delete", "orphan", "bot-b"),
    ]


@pytest.mark.parametrize("tag", ["", "nonsense", "finetune/v1"])
def test_an_orphan_with_an_unreadable_address_goes_by_its_name(tag: str) -> None:
    world = deployed().remove("deployment/bot")
    world.drift("bot", tags={**world.home().deployments["bot"].tags, "ftops-address": tag})

    assert outline(world.plan()) == [("deployment/bot", "delete", "orphan")]


def test_a_deployment_with_no_possible_address_is_not_ours() -> None:
    world = deployed().remove("deployment/bot")
    odd = world.home().deployments.pop("bot")
    world.home().deployments["_odd"] = replace(odd, name="_odd", tags={**odd.tags, "ftops-address": ""})

    assert outline(world.plan()) == []


def test_an_orphan_the_service_is_deleting_is_waited_for() -> None:
    world = deployed().remove("deployment/bot")
    world.drift("bot", provisioning="Deleting")

    assert outline(world.plan()) == [("deployment/bot", "wait", "orphan")]


# Finetunes and models


def test_a_removed_finetune_whose_job_runs_is_waited_for_and_then_forgotten() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    world.round()
    world.remove("finetune/v1", "dataset/data")

    assert outline(world.plan()) == [("finetune/v1", "wait", "orphan")]
    world.finish_jobs()
    assert ("finetune/v1", "forget", "orphan") in outline(world.plan())


def test_a_removed_finetune_whose_running_job_another_entry_has_is_forgotten_at_once() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    world.round()
    world.rename("finetune/v1", "finetune/v2")

    assert outline(world.plan()) == [("finetune/v1", "forget", "orphan"), ("finetune/v2", "adopt", "spec")]


def test_on_request_the_model_goes_after_its_deployment_and_before_its_file() -> None:
    world = emptied(deployed(delete_models=True))
    model = next(iter(world.home().models))
    made = world.plan()

    assert outline(made) == [
        ("dataset/data", "delete", "orphan", "file-1"),
        ("deployment/bot", "delete", "orphan"),
        ("finetune/v1", "delete", "orphan", model),
    ]
    assert [str(node) for node in change(made, "finetune/v1", subject=model).needs] == ["deployment/bot@main"]
    assert [str(node) for node in change(made, "dataset/data", subject="file-1").needs] == [
        "deployment/bot@main",
        "finetune/v1@main",
    ]
    world.round()
    assert outline(world.round()) == [
        ("dataset/data", "delete", "orphan", "file-1"),
        ("finetune/v1", "forget", "orphan"),
        ("finetune/v1", "delete", "orphan", model),
    ]
    assert world.home().models == {}
    world.round()
    assert (world.home().files, outline(world.plan())) == ({}, [])


def test_a_model_is_tried_once_where_the_service_cannot_delete_it() -> None:
    world = deployed()
    world.remove("finetune/v1", "deployment/bot", "dataset/data")
    model = next(iter(world.home().models))
    world.round(delete_models=True)
    assert change(world.plan(delete_models=True), "finetune/v1", subject=model).act == DeleteModel(model)
    world.round(delete_models=True)
    world.home().models[model] = ObservedModel(model)

    assert ("finetune/v1", "delete", "orphan", model) not in outline(world.plan(delete_models=True))


def test_a_model_that_a_deployment_which_stays_serves_is_not_deleted() -> None:
    world = deployed()
    model = next(iter(world.home().models))
    foreign = replace(world.home().deployments["bot"], name="theirs", tags={})
    world.home().deployments["theirs"] = foreign
    world.remove("finetune/v1", "deployment/bot", "dataset/data")

    assert ("finetune/v1", "delete", "orphan", model) not in outline(world.plan(delete_models=True))


def test_a_model_goes_after_the_deployment_that_will_serve_another_one() -> None:
    world = deployed().dataset("data-2").finetune("v2", training="data-2")
    model = next(iter(world.home().models))
    world.edit("deployment/bot", finetune="v2").remove("finetune/v1", "dataset/data")
    deletion = change(world.plan(delete_models=True), "finetune/v1", subject=model)

    assert [str(node) for node in deletion.needs] == ["deployment/bot@main"]


def test_a_model_that_another_environment_has_is_not_deleted() -> None:
    world = deployed()
    prod = world.another(environment="prod").dataset("data").finetune("v1", training="data").applied()
    model = next(iter(world.home().models))

    assert ("finetune/v1", "delete", "orphan", model) not in outline(emptied(world).plan(delete_models=True))
    assert outline(prod.plan()) == []


# Destroy


def test_destroy_takes_deployments_and_files_and_forgets_finetunes() -> None:
    world = deployed()

    assert outline(world.plan(destroy=True)) == [
        ("dataset/data", "delete", "orphan", "file-1"),
        ("deployment/bot", "delete", "orphan"),
        ("finetune/v1", "forget", "orphan"),
    ]
    world.applied(destroy=True)
    assert (world.home().files, world.home().deployments, len(world.home().models)) == ({}, {}, 1)
    assert outline(world.plan(destroy=True)) == []


def test_a_destroy_says_so_and_not_that_the_specs_lack_what_they_have() -> None:
    made = deployed().plan(destroy=True, delete_models=True)

    assert {str(c.address): c.reason for c in made.changes} == {
        "dataset/data": "destroy was asked for",
        "deployment/bot": "destroy was asked for",
        "finetune/v1": "destroy was asked for",
    }
    assert change(deployed().plan(destroy=True), "finetune/v1").reason == (
        "destroy was asked for: its job and model stay and can be taken up again free"
    )


def test_destroy_forgets_a_running_training_and_leaves_its_file() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.round()
    world.round()

    assert outline(world.plan(destroy=True)) == [("finetune/v1", "forget", "orphan")]


def test_destroy_with_models_finds_them_by_the_specs_when_the_ledger_is_lost() -> None:
    world = deployed().lose_ledger().finetune("legacy", existing_model="gpt.ft-1")
    model = next(iter(world.home().models))

    assert ("finetune/v1", "delete", "orphan", model) in outline(world.plan(destroy=True, delete_models=True))


def test_destroy_leaves_everything_foreign_untouched() -> None:
    world = deployed()
    other = world.another(project="search").dataset("theirs").finetune("v9", training="theirs")
    other.deployment("their-bot", finetune="v9").applied()
    prod = world.another(environment="prod").dataset("prod-data").finetune("p1", training="prod-data")
    prod.deployment("prod-bot", finetune="p1").applied()
    world.azure.add_file("main", "by-hand.jsonl", 10)
    world.applied(destroy=True)

    assert sorted(world.home().deployments) == ["prod-bot", "their-bot"]
    assert sorted(file.name[38:] for file in world.home().files.values() if file.name.startswith("ftops-")) == [
        "-bots-prod-data.jsonl",
        "-search-theirs.jsonl",
    ]
    assert outline(other.plan()) == []
    assert outline(prod.plan()) == []


def test_an_account_named_by_two_aliases_is_cleaned_up_once_and_never_against_the_other() -> None:
    world = deployed()
    world.accounts["also-main"] = replace(world.accounts["main"], alias="also-main")
    world.azure.accounts["also-main"] = replace(world.home(), alias="also-main")

    assert outline(world.plan()) == []
    assert [row[:3] for row in outline(world.plan(destroy=True))] == [
        ("dataset/data", "delete", "orphan"),
        ("deployment/bot", "delete", "orphan"),
        ("finetune/v1", "forget", "orphan"),
    ]


def test_a_delete_carries_the_id_azure_knows() -> None:
    world = emptied(World().dataset("data").finetune("v1", training="data").applied())
    deletion = change(world.plan(), "dataset/data", subject="file-1")

    assert (deletion.action, deletion.act) == (Action.DELETE, DeleteFile("file-1"))
