"""What refuses a plan, in which words, and the one way around each rule."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ftops.core.address import Address
from ftops.core.change import Cost
from ftops.core.desired import Limits
from ftops.core.identity import file_name
from ftops.core.plan import Plan
from ftops.planner import Allow, refusals
from tests.planner.support.world import World, chain, change


def refused(world: World, *allow: str, made: Plan | None = None, destroy: bool = False) -> list[tuple[str, str, str]]:
    """(code, summary, hint) of each refusal."""
    made = made or world.plan(destroy=destroy)
    found = refusals(
        made, world.desired(), world.recorded(), world.azure.observed(), Allow.parse(allow), destroy=destroy
    )
    assert all(diagnostic.severity == "error" for diagnostic in found)
    return [(diagnostic.code, diagnostic.summary, diagnostic.hint) for diagnostic in found]


def limited(**limits: Any) -> World:
    world = chain()
    world.settings = {"limits": Limits(**limits)}
    return world


def priced(world: World, *costs: Cost) -> Plan:
    made = world.plan()
    waiting = iter(costs)
    changes = tuple(replace(c, cost=next(waiting)) if c.cost is not None else c for c in made.changes)
    return replace(made, changes=changes)


FREE = Cost(0.0, 0.0, 0.0)


def test_a_plan_without_limits_is_not_refused() -> None:
    assert refused(chain()) == []


def test_more_jobs_than_allowed_are_refused() -> None:
    assert refused(limited(max_new_jobs=2)) == [
        ("refused.max_new_jobs", "the plan starts 3 training jobs, over the limit of 2", "--allow max_new_jobs=3")
    ]
    assert refused(limited(max_new_jobs=3)) == []
    assert refused(limited(max_new_jobs=2), "max_new_jobs=3") == []


def test_one_job_over_the_limit_is_told_as_one() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    world.settings = {"limits": Limits(max_new_jobs=0)}

    assert [summary for _, summary, _ in refused(world)] == ["the plan starts 1 training job, over the limit of 0"]


def test_jobs_of_the_last_day_count() -> None:
    world = limited(max_new_jobs_per_day=5)
    world.jobs_today = 3

    assert refused(world) == [
        (
            "refused.max_new_jobs_per_day",
            "the plan starts 3 training jobs after 3 in the last 24 hours, over the limit of 5",
            "--allow max_new_jobs_per_day=6",
        )
    ]
    assert refused(world, "max_new_jobs_per_day=6") == []


def test_a_day_s_limit_does_not_refuse_a_plan_that_buys_nothing() -> None:
    world = chain().applied()
    world.settings, world.jobs_today = {"limits": Limits(max_new_jobs=0, max_new_jobs_per_day=1)}, 3

    assert refused(world) == []


def test_the_upper_bound_of_what_it_costs_once_is_compared() -> None:
    world = limited(max_cost_usd=20)
    made = priced(world, FREE, Cost(5.0, 9.0), Cost(5.0, 9.0), Cost(5.0))

    assert refused(world, made=made) == [
        (
            "refused.max_cost_usd",
            "the plan costs up to $23.00, over the limit of $20.00",
            "--allow max_cost_usd=23.00",
        )
    ]
    assert refused(world, "max_cost_usd=23", made=made) == []


def test_an_unknown_price_refuses_where_there_is_a_limit() -> None:
    world = limited(max_cost_usd=20)
    made = priced(world, FREE, Cost(), FREE, Cost())

    assert refused(world, made=made) == [
        (
            "refused.unknown_cost",
            "there is a limit of $20.00 and the price of finetune/v1@main is not known",
            "--allow unknown_cost",
        )
    ]
    assert refused(world, "unknown_cost", made=made) == []


def test_what_is_known_to_cost_too_much_is_refused_although_more_is_unknown() -> None:
    world = limited(max_cost_usd=20)
    made = priced(world, FREE, Cost(30.0), FREE, Cost())

    assert [code for code, _, _ in refused(world, "unknown_cost", made=made)] == ["refused.max_cost_usd"]


def removed(**settings: Any) -> World:
    world = World().dataset("data").finetune("v1", training="data")
    world.deployment("a", finetune="v1", **settings).deployment("b", finetune="v1").applied()
    world.settings = {"limits": Limits(max_deletes=1)}
    return world.remove("deployment/a", "deployment/b")


def test_orphan_deployments_are_counted_and_files_are_not() -> None:
    world = removed().dataset("data", "new")

    assert refused(world) == [
        (
            "refused.max_deletes",
            "the plan deletes 2 deployments and models, over the limit of 1",
            "--allow max_deletes=2",
        )
    ]
    assert refused(world, "max_deletes=2") == []


def test_destroy_was_asked_for_by_name_so_nothing_is_counted() -> None:
    assert refused(removed(), destroy=True) == []


def test_an_emptied_spec_set_is_refused() -> None:
    world = World().dataset("data").finetune("v1", training="data").applied()
    world.specs.clear()

    assert refused(world) == [
        ("refused.empty", "the specs declare nothing at all, so everything would be deleted", "--allow empty")
    ]
    assert refused(world, "empty") == []
    assert refused(world, destroy=True) == []
    assert refused(World()) == []


# Protection


def test_a_protected_deployment_is_not_replaced_also_by_dependency() -> None:
    world = chain().edit("deployment/bot", protect=True).applied().dataset("data-1", "new")

    assert refused(world) == [
        (
            "refused.protected",
            "deployment/bot is protected and would be replaced",
            "--allow protected=deployment/bot, or apply `protect: false` first",
        )
    ]
    assert refused(world, "protected=deployment/bot") == []


def test_a_protected_finetune_is_not_trained_anew() -> None:
    world = chain().edit("finetune/v1", protect=True).applied().dataset("data-1", "new")

    assert [summary for _, summary, _ in refused(world)] == ["finetune/v1 is protected and would be replaced"]


def test_removing_the_entry_does_not_unprotect_it() -> None:
    world = removed(protect=True)

    assert [summary for _, summary, _ in refused(world, "max_deletes=9")] == [
        "deployment/a is protected and would be deleted"
    ]
    assert refused(world, "max_deletes=9", "protected=deployment/a") == []


def test_an_entry_that_says_unprotected_is_believed() -> None:
    world = chain().edit("deployment/bot", protect=True).applied()
    world.edit("deployment/bot", protect=False, sku="GlobalStandard")

    assert refused(world) == []


def test_destroy_stops_at_what_is_protected_and_says_each_thing_once() -> None:
    world = chain().edit("dataset/data-1", protect=True).edit("deployment/bot", protect=True).applied()
    world.azure.add_file("main", world.file_of("data-1").name, 1000)

    assert [summary for _, summary, _ in refused(world, destroy=True)] == [
        "dataset/data-1 is protected and would be deleted",
        "deployment/bot is protected and would be deleted",
    ]


def test_a_foreign_deployment_under_the_name_refuses() -> None:
    world = chain().applied()
    world.drift("bot", tags={})

    assert refused(world) == [
        (
            "refused.not-ours",
            "deployment bot in account main was not made by ftops (no tags): it is left alone",
            "take it over with `ftops adopt deployment/bot`, or choose another `name`",
        )
    ]


def test_what_is_merely_blocked_does_not_refuse_the_rest() -> None:
    world = chain().applied()
    world.home().jobs[world.job_of("v1").id] = replace(world.job_of("v1"), seed=7)

    assert [d.code for d in world.plan().diagnostics] == ["plan.suspicious-job"]
    assert refused(world) == []


# Look-alikes


def looking_alike(**fields: Any) -> World:
    """A finetune with suffix `polite` that is still to be trained, and a hand-made job on data of the same size."""
    world = World().dataset("data").finetune("v1", training="data", suffix="polite")
    world.azure.add_file("main", "by-hand.jsonl", 1000)
    fields = {"training_file": "file-1", "suffix": "polite", "status": "succeeded", **fields}
    world.azure.add_job("main", id="ftjob-by-hand", **fields)
    return world


def test_a_hand_made_job_that_looks_the_same_refuses_and_names_the_line_to_write() -> None:
    world = looking_alike()

    assert change(world.plan(), "finetune/v1").hazards == ("lookalike",)
    assert refused(world) == [
        (
            "refused.lookalike",
            "finetune/v1 would be trained, and job ftjob-by-hand looks the same (model, data, suffix)",
            "write `existing: {job: ftjob-by-hand}` if it is the same; if not, --allow lookalike=finetune/v1",
        )
    ]
    assert refused(world, "lookalike=finetune/v1") == []


@pytest.mark.parametrize("fields", [{"suffix": None}, {"suffix": ""}, {"status": "running"}])
def test_a_look_alike_may_lack_a_suffix_and_may_still_run(fields: dict[str, Any]) -> None:
    assert [code for code, _, _ in refused(looking_alike(**fields))] == ["refused.lookalike"]


@pytest.mark.parametrize(
    "fields",
    [
        {"suffix": "other"},
        {"model": "gpt-4.1-2025-04-14"},
        {"status": "failed"},
        {"training_file": "file-gone"},
        {"suffix": "polite-aaaaaaaaaa"},
    ],
)
def test_what_visibly_differs_is_no_look_alike(fields: dict[str, Any]) -> None:
    assert refused(looking_alike(**fields)) == []


def test_equal_content_by_its_hash_looks_alike_and_other_content_does_not() -> None:
    world = looking_alike(training_file="file-2")
    world.azure.add_file("main", file_name(world.content("data").sha256, "search", "x"), 1000, id="file-2")
    assert [code for code, _, _ in refused(world)] == ["refused.lookalike"]

    world.azure.add_file("main", file_name("ab" * 32, "search", "x"), 1000, id="file-2")
    assert refused(world) == []


@pytest.mark.parametrize(("suffix", "count"), [("polite", 1), (None, 0)])
def test_an_equal_file_name_looks_alike_only_with_an_equal_suffix(suffix: str | None, count: int) -> None:
    world = looking_alike(training_file="file-2", suffix=suffix)
    world.azure.add_file("main", "data.jsonl", 999, id="file-2")

    assert len(refused(world)) == count


def test_a_job_that_an_entry_names_already_is_no_look_alike() -> None:
    assert refused(looking_alike().finetune("legacy", job="ftjob-by-hand")) == []


def test_a_look_alike_that_is_gone_since_refuses_nothing() -> None:
    world = looking_alike()
    made = world.plan()
    world.home().jobs.clear()

    assert refused(world, made=made) == []


def test_a_look_alike_that_was_allowed_is_no_hazard() -> None:
    made = looking_alike().plan(lookalikes_allowed=frozenset({Address("finetune", "v1")}))

    assert change(made, "finetune/v1").hazards == ()


# Allow


def test_allow_reads_every_name_it_knows() -> None:
    assert Allow.parse(
        [
            "max_cost_usd=12.5",
            "max_new_jobs=2",
            "max_new_jobs_per_day=3",
            "max_deletes=4",
            "unknown_cost",
            "unshared_ledger",
            "empty",
            "lookalike=finetune/a",
            "lookalike=finetune/b",
            "protected=deployment/c",
            "absent=abcdefghij",
        ]
    ) == Allow(
        max_cost_usd=12.5,
        max_new_jobs=2,
        max_new_jobs_per_day=3,
        max_deletes=4,
        unknown_cost=True,
        unshared_ledger=True,
        empty=True,
        lookalike=frozenset({Address("finetune", "a"), Address("finetune", "b")}),
        protected=frozenset({Address("deployment", "c")}),
        absent=frozenset({"abcdefghij"}),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "everything",
            (
                "unknown rule 'everything': expected one of max_cost_usd, max_new_jobs, max_new_jobs_per_day, "
                "max_deletes, unknown_cost, unshared_ledger, empty, lookalike, protected, absent"
            ),
        ),
        ("max_deletes", "'max_deletes': write max_deletes=VALUE"),
        ("empty=yes", "'empty=yes': write empty"),
        ("max_deletes=many", "max_deletes=many: 'many' is not a number"),
        ("max_deletes=1.5", "max_deletes=1.5: '1.5' is not a number"),
        ("max_cost_usd=-1", "max_cost_usd=-1: it cannot be negative or endless"),
        ("max_cost_usd=inf", "max_cost_usd=inf: it cannot be negative or endless"),
        ("max_cost_usd=nan", "max_cost_usd=nan: it cannot be negative or endless"),
        ("protected=bot", "'bot' is not an address: write kind/name, for example finetune/support-v1"),
    ],
)
def test_allow_says_what_is_wrong_with_it(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        Allow.parse([text])
