"""What happens to a deployment: only what the specs manage is compared, and only what is ours is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ftops.core.change import (
    UNKNOWN,
    Action,
    Cause,
    Change,
    Cost,
    DeploymentBody,
    Effect,
    FieldChange,
    PutDeployment,
    ReplaceDeployment,
)
from tests.planner.support.world import World, change, outline


def deployed(**settings: Any) -> World:
    """One finetune, trained and deployed as `bot`."""
    world = World().dataset("data").finetune("v1", training="data")
    return world.deployment("bot", finetune="v1", **settings).applied()


def plain(**settings: Any) -> World:
    """A base model, deployed as `plain`."""
    settings = {"model": {"name": "gpt-4o-mini"}, **settings}
    return World().deployment("plain", **settings).applied()


def the(world: World, address: str = "deployment/bot") -> Change:
    return change(world.plan(), address)


def body_of(made: Change) -> DeploymentBody:
    assert isinstance(made.act, PutDeployment | ReplaceDeployment)
    return made.act.body


# Absent


def test_a_new_deployment_of_a_trained_model_carries_its_whole_body_and_tags() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    world.deployment("bot", finetune="v1", tags={"team": "support"}, protect=True)
    created = the(world)

    assert (created.action, created.cause, created.cost) == (Action.CREATE, Cause.SPEC, Cost())
    assert created.act == PutDeployment(
        "bot",
        DeploymentBody(
            model_name=world.job_of("v1").fine_tuned_model or "",
            model_format="OpenAI",
            model_version="1",
            source=None,
            sku="Standard",
            capacity=1,
            content_policy=None,
            upgrade=None,
            tags={
                "team": "support",
                "ftops-project": "bots",
                "ftops-environment": "default",
                "ftops-address": "deployment/bot",
                "ftops-fingerprint": world.desired().deployments[0].fingerprint,
                "ftops-role": "live",
                "ftops-protect": "true",
            },
        ),
    )


def test_a_deployment_of_what_is_still_to_be_trained_waits_without_an_act() -> None:
    world = World().dataset("data").finetune("v1", training="data").deployment("bot", finetune="v1")
    created = the(world)

    assert (created.action, created.cause, created.act) == (Action.CREATE, Cause.SPEC, None)
    assert [str(node) for node in created.needs] == ["finetune/v1@main"]


def test_a_deleted_deployment_is_missing_and_made_again() -> None:
    world = deployed()
    world.home().deployments.clear()

    assert outline(world.plan()) == [("deployment/bot", "create", "missing")]
    assert the(world).reason == "it is gone from Azure"


def test_what_left_by_the_service_s_rule_is_left_when_the_specs_say_so() -> None:
    world = deployed(on_expiry="leave")
    world.home().deployments.clear()

    assert outline(world.plan()) == []
    assert the(world).reason == "it is gone, and `on_expiry: leave` leaves it so"


def test_a_deployment_that_was_never_made_is_made_whatever_happens_on_expiry() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    world.deployment("bot", finetune="v1", on_expiry="leave")

    assert outline(world.plan()) == [("deployment/bot", "create", "spec")]


# Not ours


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({}, "was not made by ftops (no tags)"),
        ({"team": "search"}, "was not made by ftops (no tags)"),
        (
            {"ftops-project": "bots", "ftops-environment": "prod"},
            "belongs to project bots, environment prod",
        ),
        (
            {"ftops-project": "search", "ftops-environment": "default"},
            "belongs to project search, environment default",
        ),
    ],
)
def test_somebody_else_s_deployment_under_the_name_is_left_alone(tags: dict[str, str], owner: str) -> None:
    world = deployed()
    world.drift("bot", tags=tags)
    made = world.plan()

    assert outline(made) == [("deployment/bot", "blocked", "spec")]
    (diagnostic,) = made.diagnostics
    assert (diagnostic.severity, diagnostic.code) == ("error", "plan.not-ours")
    assert diagnostic.summary == f"deployment bot in account main {owner}: it is left alone"
    assert diagnostic.hint == "take it over with `ftops adopt deployment/bot`, or choose another `name`"


# Equal


@pytest.mark.parametrize(
    "fields",
    [
        {"capacity": 77},
        {"content_policy": "Strict"},
        {"upgrade": "NoAutoUpgrade"},
        {"sku": "standard"},
        {"model_format": "openai"},
        {"model_version": "2"},
    ],
)
def test_what_the_specs_do_not_manage_and_casing_are_never_drift(fields: dict[str, Any]) -> None:
    world = deployed()
    world.drift("bot", **fields)

    assert outline(world.plan()) == []


def test_people_s_tags_are_not_ours_to_remove() -> None:
    world = deployed(tags={"team": "support"})
    world.drift("bot", tags={**world.home().deployments["bot"].tags, "cost-center": "42"})

    assert outline(world.plan()) == []


def test_an_old_fingerprint_alone_changes_nothing() -> None:
    world = deployed()
    world.drift("bot", tags={**world.home().deployments["bot"].tags, "ftops-fingerprint": "old"})

    assert outline(world.plan()) == []


@pytest.mark.parametrize(
    ("ignored", "fields"),
    [
        ("capacity", {"capacity": 1}),
        ("tags", {"tags": {}}),
        ("tags.team", {"tags": {"team": "search"}}),
        ("sku", {"sku": "GlobalStandard"}),
    ],
)
def test_ignored_fields_may_change_outside(ignored: str, fields: dict[str, Any]) -> None:
    world = deployed(capacity=50, tags={"team": "support"}, ignore_changes=(ignored,))
    before = world.home().deployments["bot"].tags
    own = {name: value for name, value in before.items() if name.startswith("ftops-")}
    world.drift("bot", **({"tags": {**own, **fields["tags"]}} if "tags" in fields else fields))

    assert outline(world.plan()) == []


# In place


@pytest.mark.parametrize(
    ("settings", "fields", "path", "before", "after"),
    [
        ({"capacity": 50}, {"capacity": 10}, "capacity", 10, 50),
        ({"content_policy": "Strict"}, {"content_policy": "Lax"}, "content_policy", "Lax", "Strict"),
        (
            {"upgrade": "NoAutoUpgrade"},
            {"upgrade": "OnceCurrentVersionExpired"},
            "upgrade",
            "OnceCurrentVersionExpired",
            "NoAutoUpgrade",
        ),
    ],
)
def test_a_managed_field_changed_outside_is_drift_repaired_in_place(
    settings: dict[str, Any], fields: dict[str, Any], path: str, before: Any, after: Any
) -> None:
    world = deployed(**settings)
    world.drift("bot", **fields)
    updated = the(world)

    assert (updated.action, updated.cause, updated.cost) == (Action.UPDATE, Cause.DRIFT, None)
    assert updated.fields == (FieldChange(path, before, after, Effect.IN_PLACE),)
    assert updated.reason == f"{path} changed"
    assert isinstance(updated.act, PutDeployment)
    assert outline(world.applied().plan()) == []


def test_an_edited_field_is_the_specs_doing() -> None:
    world = deployed(capacity=50).edit("deployment/bot", capacity=80)

    assert outline(world.plan()) == [("deployment/bot", "update", "spec")]


def test_an_update_leaves_everything_unmanaged_and_ignored_as_it_is() -> None:
    world = deployed(capacity=50, tags={"team": "support"}, content_policy="Mine", ignore_changes=("content_policy",))
    tags = {**world.home().deployments["bot"].tags, "team": "search", "cost-center": "42"}
    world.drift("bot", capacity=10, upgrade="NoAutoUpgrade", content_policy="Theirs", tags=tags)
    body = body_of(the(world))

    assert (body.capacity, body.upgrade, body.content_policy) == (50, "NoAutoUpgrade", "Theirs")
    assert (body.tags["team"], body.tags["cost-center"]) == ("support", "42")


def test_an_ignored_tag_keeps_its_value_in_an_update() -> None:
    world = deployed(capacity=50, tags={"team": "support"}, ignore_changes=("tags.team",))
    world.drift("bot", capacity=10, tags={**world.home().deployments["bot"].tags, "team": "search"})

    assert body_of(the(world)).tags["team"] == "search"


@pytest.mark.parametrize(("tag", "value"), [("ftops-address", "deployment/old"), ("ftops-protect", "true")])
def test_tags_that_say_whose_it_is_are_put_right(tag: str, value: str) -> None:
    world = deployed(ignore_changes=("tags",))
    world.drift("bot", tags={**world.home().deployments["bot"].tags, tag: value})
    updated = the(world)

    assert (updated.action, updated.reason) == (Action.UPDATE, "tags changed")
    assert [field.path for field in updated.fields] == [f"tags.{tag}"]


def test_a_base_model_s_version_changes_in_place_and_only_when_written() -> None:
    world = plain(model={"name": "gpt-4o-mini", "version": "2024-07-18"})
    world.drift("plain", model_version="2025-01-01")
    updated = the(world, "deployment/plain")

    assert updated.fields == (FieldChange("version", "2025-01-01", "2024-07-18", Effect.IN_PLACE),)
    assert body_of(updated).model_version == "2024-07-18"
    world.edit("deployment/plain", model={"name": "gpt-4o-mini"}, capacity=5)
    assert body_of(the(world, "deployment/plain")).model_version == "2025-01-01"


# Replaced


@pytest.mark.parametrize(
    ("fields", "path", "before"),
    [
        ({"sku": "GlobalStandard"}, "sku", "GlobalStandard"),
        ({"model_format": "Meta"}, "format", "Meta"),
        ({"model_name": "gpt-4.1"}, "model", "gpt-4.1"),
    ],
)
def test_what_cannot_change_in_place_is_replaced_with_the_old_one_at_hand(
    fields: dict[str, Any], path: str, before: str
) -> None:
    world = deployed(capacity=50)
    observed = world.drift("bot", **fields)
    replaced = the(world)

    assert (replaced.action, replaced.cause, replaced.hazards) == (Action.REPLACE, Cause.DRIFT, ("downtime",))
    assert [(f.path, f.before, f.effect) for f in replaced.fields] == [(path, before, Effect.REPLACEMENT)]
    assert isinstance(replaced.act, ReplaceDeployment)
    assert replaced.act.before == DeploymentBody(
        observed.model_name,
        observed.model_format,
        "1",
        None,
        observed.sku,
        50,
        "Microsoft.DefaultV2",
        "OnceNewDefaultVersionAvailable",
        observed.tags,
    )
    assert replaced.cost is None
    assert outline(world.applied().plan()) == []


def test_another_base_model_does_not_inherit_the_version_of_the_old_one() -> None:
    world = plain().edit("deployment/plain", model={"name": "gpt-4.1"})
    replaced = the(world, "deployment/plain")

    assert (replaced.action, replaced.cause) == (Action.REPLACE, Cause.SPEC)
    assert body_of(replaced).model_version is None


def test_an_ignored_model_stays_what_people_made_it() -> None:
    world = plain(capacity=5, ignore_changes=("model", "format"))
    world.drift("plain", model_name="gpt-4.1", model_format="Other", capacity=1)
    body = body_of(the(world, "deployment/plain"))

    assert (body.model_name, body.model_format, body.capacity) == ("gpt-4.1", "Other", 5)


def test_while_what_it_serves_is_trained_anew_the_old_deployment_is_untouched() -> None:
    world = deployed().edit("finetune/v1", suffix="polite")
    old = world.home().deployments["bot"].model_name
    replaced = the(world)

    assert (replaced.action, replaced.cause, replaced.act) == (Action.REPLACE, Cause.DEPENDENCY, None)
    assert replaced.fields == (FieldChange("model", old, UNKNOWN, Effect.REPLACEMENT),)
    assert replaced.reason == "finetune/v1 makes a new model"
    assert [str(node) for node in replaced.needs] == ["finetune/v1@main"]
    world.round()
    assert world.home().deployments["bot"].model_name == old
    assert outline(world.plan()) == [("deployment/bot", "replace", "dependency"), ("finetune/v1", "wait", "resume")]
    world.finish_jobs()
    assert outline(world.plan()) == [("deployment/bot", "replace", "spec")]


def test_the_reason_names_the_new_model_and_what_else_changed() -> None:
    world = deployed(capacity=5).edit("finetune/v1", suffix="polite").edit("deployment/bot", capacity=6)

    assert the(world).reason == "finetune/v1 makes a new model; capacity changed"


@pytest.mark.parametrize(
    ("provisioning", "detail", "reason"),
    [
        ("Failed", "InsufficientQuota", "its provisioning ended as Failed: InsufficientQuota"),
        ("Canceled", "", "its provisioning ended as Canceled"),
    ],
)
def test_a_broken_deployment_is_replaced(provisioning: str, detail: str, reason: str) -> None:
    world = deployed()
    world.drift("bot", provisioning=provisioning, detail=detail)
    replaced = the(world)

    assert (replaced.action, replaced.cause, replaced.reason) == (Action.REPLACE, Cause.DRIFT, reason)


def test_a_disabled_deployment_is_compared_like_any_other() -> None:
    world = deployed()
    world.drift("bot", provisioning="Disabled")

    assert outline(world.plan()) == []


@pytest.mark.parametrize("provisioning", ["Accepted", "Creating", "Deleting", "Moving", "Updating"])
def test_a_deployment_the_service_works_on_is_waited_for(provisioning: str) -> None:
    world = deployed()
    world.drift("bot", provisioning=provisioning, capacity=9)

    assert outline(world.plan()) == [("deployment/bot", "wait", "resume")]
    assert the(world).reason == f"the service is at it: {provisioning}"


# Blocked


def test_a_blocked_finetune_blocks_its_deployment_and_the_old_model_stays_deployed() -> None:
    world = deployed().edit("finetune/v1", suffix="polite")
    world.round()
    world.azure.finish("main", world.job_of("v1").id, "failed", "bad data")
    old = world.home().deployments["bot"].model_name
    blocked = the(world)

    assert (blocked.action, blocked.cause) == (Action.BLOCKED, Cause.DEPENDENCY)
    assert blocked.reason == f"finetune/v1 is blocked; {old} stays deployed"


def test_a_blocked_finetune_whose_model_is_deployed_already_blocks_nothing() -> None:
    world = deployed(capacity=5)
    job = world.job_of("v1")
    world.drift("bot", capacity=6)
    world.home().jobs[job.id] = replace(job, status="paused")

    assert outline(world.plan()) == [("deployment/bot", "update", "drift"), ("finetune/v1", "blocked", "resume")]


def test_the_best_checkpoint_of_a_model_cannot_be_deployed_unseen() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    world.deployment("bot", finetune="v1", checkpoint="best")

    assert outline(world.plan()) == [("deployment/bot", "blocked", "dependency")]


def test_a_step_checkpoint_is_deployed_by_its_name() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    world.deployment("bot", finetune="v1", checkpoint=40)

    assert body_of(the(world)).model_name == f"{world.job_of('v1').fine_tuned_model}:ckpt-step-40"
    assert outline(world.applied().plan()) == []


# Two accounts


def test_a_model_is_deployed_in_another_account_with_its_source_and_without_a_job() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data")
    world.deployment("bot", finetune="v1").deployment("bot-eu", finetune="v1", account="eu").applied()

    assert world.home("eu").bought == []
    assert world.home("eu").deployments["bot-eu"].source == (
        "/subscriptions/sub/resourcegroups/rg/providers/microsoft.cognitiveservices/accounts/aoai-main"
    )
    assert world.home().deployments["bot"].source is None
    assert outline(world.plan()) == []


def test_a_source_is_compared_only_when_the_service_tells_it_and_never_by_case() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data")
    world.deployment("bot", finetune="v1", account="eu").applied()
    source = world.home("eu").deployments["bot"].source or ""
    world.drift("bot", "eu", source=source.upper())
    assert outline(world.plan()) == []
    world.drift("bot", "eu", source=None)
    assert outline(world.plan()) == []
    world.drift("bot", "eu", source="/subscriptions/other")
    assert outline(world.plan()) == [("deployment/bot", "replace", "drift")]
