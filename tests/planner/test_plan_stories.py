"""Whole stories over several plans: what people do, and what it may and may not cost them."""

from __future__ import annotations

from dataclasses import replace

from ftops.core.address import Address
from ftops.core.change import Action, Cause
from ftops.core.observed import Unread
from tests.planner.support.world import World, chain, change, outline


def test_a_chain_is_trained_link_by_link_and_then_there_is_nothing_to_do() -> None:
    world = chain().applied()

    assert world.home().bought == [world.tuned(name).token for name in ("v1", "v2", "v3")]
    assert outline(world.plan()) == []
    assert world.plan().summary == {
        "upload": 0,
        "train": 0,
        "deploy": 0,
        "update": 0,
        "delete": 0,
        "adopt": 0,
        "wait": 0,
        "blocked": 0,
        "unchanged": 7,
    }


def test_editing_the_middle_of_a_chain_trains_it_and_what_follows_and_nothing_else() -> None:
    world = chain().applied().dataset("data-2", "edited")

    assert outline(world.plan()) == [
        ("dataset/data-2", "create", "spec"),
        ("dataset/data-2", "delete", "orphan", "file-2"),
        ("deployment/bot", "replace", "dependency"),
        ("finetune/v2", "replace", "spec"),
        ("finetune/v3", "replace", "dependency"),
    ]
    world.applied()
    assert len(world.home().bought) == 5
    assert outline(world.plan()) == []


def test_editing_the_first_link_shows_every_later_one_as_dependent() -> None:
    world = chain().applied().dataset("data-1", "edited")

    assert outline(world.plan()) == [
        ("dataset/data-1", "create", "spec"),
        ("dataset/data-1", "delete", "orphan", "file-1"),
        ("deployment/bot", "replace", "dependency"),
        ("finetune/v1", "replace", "spec"),
        ("finetune/v2", "replace", "dependency"),
        ("finetune/v3", "replace", "dependency"),
    ]


def test_a_link_that_was_never_trained_is_no_dependent_although_its_parent_is_trained_anew() -> None:
    world = World().dataset("a").dataset("b").finetune("v1", training="a").applied().dataset("a", "edited")
    world.finetune("v2", continues="v1", training="b")
    second = change(world.plan(), "finetune/v2")

    assert (second.action, second.cause, second.fields) == (Action.CREATE, Cause.SPEC, ())
    assert [str(node) for node in second.needs] == ["dataset/b@main", "finetune/v1@main"]


def test_a_link_that_was_edited_itself_says_so_although_it_depends_too() -> None:
    world = chain().applied().dataset("data-1", "edited").edit("finetune/v2", suffix="polite")
    second = change(world.plan(), "finetune/v2")

    assert second.cause == "spec"
    assert second.reason == "what it continues is trained anew; suffix changed"


def test_renaming_an_entry_buys_nothing() -> None:
    world = chain().applied()
    world.rename("finetune/v3", "finetune/best").edit("deployment/bot", finetune="best")

    assert outline(world.plan()) == [("finetune/best", "adopt", "spec"), ("finetune/v3", "forget", "orphan")]
    assert outline(world.applied().plan()) == []
    assert len(world.home().bought) == 3


def test_reverting_an_edit_buys_nothing() -> None:
    world = chain().applied().dataset("data-2", "edited").applied().dataset("data-2")
    made = world.plan()

    assert made.summary["train"] == 0
    assert ("finetune/v2", "adopt", "spec") in outline(made)
    world.applied()
    assert len(world.home().bought) == 5
    assert outline(world.plan()) == []


def test_without_ledger_everything_is_recognised_and_nothing_else_is_planned() -> None:
    world = chain().applied().lose_ledger()
    made = world.plan()

    assert outline(made) == [
        ("finetune/v1", "adopt", "spec"),
        ("finetune/v2", "adopt", "spec"),
        ("finetune/v3", "adopt", "spec"),
    ]
    assert (made.base.lineage, made.base.seq) == ("", 0)
    assert outline(world.applied().plan()) == []


def test_two_environments_share_the_training_and_not_the_deployments() -> None:
    world = chain().applied()
    prod = world.another(environment="prod")
    prod.specs = {address: dict(spec) for address, spec in world.specs.items()}
    prod.edit("deployment/bot", name="bot-prod")

    assert outline(prod.plan()) == [
        ("deployment/bot", "create", "spec"),
        ("finetune/v1", "adopt", "spec"),
        ("finetune/v2", "adopt", "spec"),
        ("finetune/v3", "adopt", "spec"),
    ]
    prod.applied()
    assert (outline(prod.plan()), outline(world.plan())) == ([], [])
    assert len(world.home().bought) == 3


def test_another_account_is_another_training() -> None:
    world = chain("main", "eu").applied().edit("finetune/v1", account="eu")

    assert [row for row in outline(world.plan()) if row[1] == "create" and row[0].startswith("finetune")] == [
        ("finetune/v1", "create", "spec"),
        ("finetune/v2", "create", "spec"),
        ("finetune/v3", "create", "spec"),
    ]


# Targets


def test_a_target_brings_what_it_depends_on_and_leaves_the_rest_out() -> None:
    world = chain()
    made = world.plan(targets=frozenset({Address("finetune", "v2")}))

    assert outline(made, keep=True) == [
        ("dataset/data-1", "create", "spec"),
        ("dataset/data-2", "create", "spec"),
        ("finetune/v1", "create", "spec"),
        ("finetune/v2", "create", "spec"),
    ]


def test_two_targets_that_share_a_dependency_bring_it_once() -> None:
    world = World().dataset("data").finetune("v1", training="data").finetune("v2", training="data", suffix="two")
    made = world.plan(targets=frozenset({Address("finetune", "v1"), Address("finetune", "v2")}))

    assert outline(made) == outline(world.plan())


def test_a_target_s_dependencies_are_made_and_never_removed() -> None:
    world = chain().applied().dataset("data-3", "edited")

    assert outline(world.plan(targets=frozenset({Address("finetune", "v3")}))) == [
        ("dataset/data-3", "create", "spec"),
        ("finetune/v3", "replace", "spec"),
    ]
    assert outline(world.plan(targets=frozenset({Address("dataset", "data-3")}))) == [
        ("dataset/data-3", "create", "spec"),
        ("dataset/data-3", "delete", "orphan", "file-3"),
    ]


def test_a_targeted_delete_is_left_out_when_what_must_go_first_is() -> None:
    world = World().dataset("data").finetune("v1", training="data").deployment("bot", finetune="v1").applied()
    world.specs.clear()

    assert outline(world.plan(targets=frozenset({Address("dataset", "data")}))) == []
    both = frozenset({Address("dataset", "data"), Address("deployment", "bot")})
    assert outline(world.plan(targets=both)) == [
        ("dataset/data", "delete", "orphan", "file-1"),
        ("deployment/bot", "delete", "orphan"),
    ]


def test_a_target_brings_the_twin_that_uploads_its_content() -> None:
    world = World().dataset("a", "same").dataset("b", "same")
    world.finetune("v1", training="a").finetune("v2", training="b", suffix="two")

    assert outline(world.plan(targets=frozenset({Address("finetune", "v2")}))) == [
        ("dataset/a", "create", "spec"),
        ("finetune/v2", "create", "spec"),
    ]


def test_a_target_that_nothing_answers_to_is_an_error() -> None:
    made = chain().plan(targets=frozenset({Address("finetune", "v9")}))

    assert made.changes == ()
    assert [(d.severity, d.code, d.summary) for d in made.diagnostics] == [
        ("error", "plan.unknown-target", "target finetune/v9 is nothing that is planned")
    ]


# What could not be read


def test_of_an_account_with_anything_unread_nothing_is_decided_and_the_plan_is_incomplete() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data")
    world.deployment("bot", finetune="v1").deployment("bot-eu", finetune="v1", account="eu")
    world.deployment("plain", model={"name": "gpt-4o-mini"}, account="eu")
    world.azure.unread = (Unread("main", "jobs", "reading jobs of main: 503", "try again"),)
    made = world.plan()

    assert not made.complete
    assert outline(made) == [("deployment/plain", "create", "spec")]
    assert [(d.severity, d.code, d.summary, d.detail, d.hint) for d in made.diagnostics] == [
        (
            "error",
            "observe.unread",
            "account main: its jobs could not be read",
            "reading jobs of main: 503",
            "try again",
        )
    ]


def test_an_account_that_was_not_looked_at_makes_the_plan_incomplete() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data", account="eu")
    del world.azure.accounts["eu"]
    made = world.plan()

    assert (made.complete, made.changes) == (False, ())
    assert [d.summary for d in made.diagnostics] == ["account eu: it was not looked at"]


def test_a_ledger_entry_of_an_account_that_left_the_project_changes_nothing() -> None:
    world = World("main", "eu").dataset("data").finetune("v1", training="data", account="eu").applied()
    world.specs.clear()
    del world.azure.accounts["eu"]

    assert world.plan().changes == ()


# The staleness key


def test_the_base_names_what_the_plan_was_made_from() -> None:
    world = chain().applied()
    base = world.plan().base

    assert (base.lineage, base.seq, base.specs) == ("lineage", 7, world.desired().specs_digest)
    assert base.accounts == {"main": world.accounts["main"].arm_id}


def test_what_merely_progresses_does_not_make_a_plan_stale() -> None:
    world = chain()
    world.round()
    world.round()
    before = world.plan().base.observed
    world.home().jobs = {id_: replace(job, status="queued") for id_, job in world.home().jobs.items()}

    assert world.plan().base.observed == before


def test_what_the_plan_depends_on_does() -> None:
    world = chain().applied().edit("deployment/bot", capacity=11)
    before = world.plan().base.observed
    world.drift("bot", capacity=12)

    assert world.plan().base.observed != before


def test_what_the_plan_does_not_touch_does_not() -> None:
    world = chain().applied().edit("deployment/bot", capacity=11)
    before = world.plan().base.observed
    world.azure.add_file("main", "by-hand.jsonl", 1)
    world.azure.add_job("main")

    assert world.plan().base.observed == before
