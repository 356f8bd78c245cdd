"""What holds of every plan in every world: same bytes in any order, readable back, convergent, and never paid twice."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.core.desired import Desired
from ftops.core.observed import Observed
from ftops.core.plan import Plan
from ftops.core.recorded import Recorded
from ftops.planner import Options, plan
from tests.planner.support.world import ROUNDS_MAX, World

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One or two accounts, a few datasets, finetunes in chains, deployments of them; some of it applied already."""
    world = World("main", "eu")
    contents = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4))
    for number, content in enumerate(contents):
        world.dataset(f"d{number}", content, keep=draw(st.sampled_from(["always", "until_trained"])))
    for number in range(draw(st.integers(0, 4))):
        settings_: dict[str, Any] = {"training": f"d{draw(st.integers(0, len(contents) - 1))}"}
        if number and draw(st.booleans()):
            settings_["continues"] = f"f{draw(st.integers(0, number - 1))}"
        else:
            settings_["account"] = draw(st.sampled_from(["main", "eu"]))
        settings_["suffix"] = draw(st.sampled_from(["one", "two"]))
        world.finetune(f"f{number}", **settings_)
        if draw(st.booleans()):
            world.deployment(f"p{number}", finetune=f"f{number}", account=draw(st.sampled_from(["main", "eu"])))
    return world


def disturb(world: World, seed: int) -> None:
    """Somebody, or something, interferes. Job and ledger never go both: then nothing is left that knows of the job."""
    chance = random.Random(seed)
    ledger_lost = chance.random() < 0.2
    for account in world.azure.accounts.values():
        for things in (account.files, account.deployments, account.models):
            for key in list(things):
                if chance.random() < 0.2:
                    del things[key]  # type: ignore[attr-defined]
        for key, job in list(account.jobs.items()):
            fate = chance.random()
            if fate < 0.1 and not ledger_lost:
                del account.jobs[key]
            elif fate < 0.2 and not job.terminal:
                account.jobs[key] = replace(job, status="failed")
        for key, deployment in list(account.deployments.items()):
            if chance.random() < 0.3:
                account.deployments[key] = replace(deployment, sku="GlobalStandard")
    if ledger_lost:
        world.lose_ledger()


def shuffled(world: World, seed: int) -> tuple[Desired, Recorded, Observed]:
    chance = random.Random(seed)

    def mixed(values: Any) -> Any:
        values = list(values)
        chance.shuffle(values)
        return tuple(values)

    desired, recorded, observed = world.desired(), world.recorded(), world.azure.observed()
    return (
        replace(
            desired,
            datasets=mixed(desired.datasets),
            finetunes=mixed(desired.finetunes),
            deployments=mixed(desired.deployments),
            accounts=dict(mixed(desired.accounts.items())),
        ),
        replace(recorded, entries=mixed(recorded.entries), jobs=dict(mixed(recorded.jobs.items()))),
        replace(
            observed,
            accounts={
                alias: replace(
                    account,
                    files=mixed(account.files),
                    jobs=mixed(account.jobs),
                    models=mixed(account.models),
                    deployments=mixed(account.deployments),
                )
                for alias, account in mixed(observed.accounts.items())
            },
        ),
    )


@CALM
@given(worlds(), st.integers(0, 6), st.integers(), st.integers(), st.booleans())
def test_the_same_inputs_in_any_order_make_the_same_bytes(
    world: World, rounds: int, mishap: int, order: int, destroy: bool
) -> None:
    for _ in range(rounds):
        world.round()
        world.finish_jobs()
    disturb(world, mishap)
    options = Options(destroy=destroy, delete_models=destroy)
    straight = plan(world.desired(), world.recorded(), world.azure.observed(), options).to_document()
    mixed = plan(*shuffled(world, order), options).to_document()

    assert json.dumps(mixed) == json.dumps(straight)
    assert Plan.from_document(json.loads(json.dumps(straight))).to_document() == straight


@CALM
@given(worlds(), st.integers(0, 6), st.integers(), st.data())
def test_every_world_converges_and_no_training_is_ever_bought_twice(
    world: World, rounds: int, mishap: int, data: st.DataObject
) -> None:
    for _ in range(rounds):
        world.round()
        if data.draw(st.booleans()):
            world.finish_jobs()
    disturb(world, mishap)
    for _ in range(ROUNDS_MAX):
        made = world.round()
        if not made.waiting and not any(change.act for change in made.changes):
            break
        world.finish_jobs()
    left = world.plan()

    assert all(change.action.value in ("keep", "blocked", "create", "replace") for change in left.changes)
    assert all(change.act is None for change in left.changes)
    stuck = {change.node for change in left.changes if change.writes or change.action.value == "blocked"}
    assert all(set(change.needs) & stuck for change in left.changes if change.writes)
    for account in world.azure.accounts.values():
        assert len(account.bought) == len(set(account.bought))


@CALM
@given(worlds())
def test_an_undisturbed_world_becomes_all_keep_and_destroy_leaves_nothing_of_ours(world: World) -> None:
    for _ in range(ROUNDS_MAX):
        world.round()
        world.finish_jobs()
    assert {change.action.value for change in world.plan().changes} <= {"keep"}
    world.applied(destroy=True)

    assert all(not account.files and not account.deployments for account in world.azure.accounts.values())


def test_the_planner_keeps_what_it_was_given() -> None:
    world = World().dataset("data").finetune("v1", training="data")
    desired, recorded, observed = world.desired(), world.recorded(), world.azure.observed()
    plan(desired, recorded, observed)

    assert (desired, recorded, observed) == (world.desired(), world.recorded(), world.azure.observed())
