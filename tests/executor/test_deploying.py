"""Deployments: one ARM write at a time, lost answers, and a replacement that cannot be made."""

from __future__ import annotations

import time

import pytest

from ftops.core.errors import RemoteError
from ftops.executor import Options
from tests.executor.simulated import Account, world
from tests.executor.wanted import Applier, dataset, deployment, desired, finetune, outline

BASE = desired(deployment("bot", "gpt-4o-mini"))


def applied() -> Applier:
    """A deployment of the first training of one dataset."""
    d = dataset("d1")
    v = finetune("v1", d)
    applier = Applier(world(), desired(d, v, deployment("bot", v))).settled_ledger()
    assert applier.run().exit_code == 0
    return applier


def edited(before: Applier) -> Applier:
    """The same, with other rows: another training, and a replaced deployment."""
    d = dataset("d1", "other rows\n")
    v = finetune("v1", d)
    return Applier(before.world, desired(d, v, deployment("bot", v)))


def account_of(applier: Applier) -> Account:
    return applier.world.accounts["main"]


def serving(applier: Applier) -> str:
    found = account_of(applier).observe_deployment("bot")
    return found.model_name if found is not None else ""


def next_model(applier: Applier) -> str:
    """What the next training's model will be called."""
    (token,) = (finetune.token for finetune in applier.desired.finetunes)
    account = account_of(applier)
    return f"gpt-4o-mini-2024-07-18.ft-{account._serial + 2:032x}-ftops-{token}"


def test_writes_to_one_account_follow_one_another_even_with_many_workers() -> None:
    many = desired(*(deployment(f"bot-{n}", "gpt-4o-mini") for n in range(4)))
    applier = Applier(world(), many, Options(workers=8)).settled_ledger()
    account = account_of(applier)
    account.faults["put_deployment"] = [lambda nothing: time.sleep(0.03)] * 4  # gives other workers their chance

    assert applier.run().exit_code == 0
    assert applier.world.seams.calls.count("main.put_deployment") == 4


def test_a_busy_account_is_waited_for() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    started = applier.world.clock.now
    busy = RemoteError("busy", "RequestConflict", status=409, retry_after_seconds=30.0)
    account_of(applier).faults["put_deployment"] = [busy, busy]

    assert applier.run().exit_code == 0
    assert applier.world.clock.now >= started + 60
    assert "RequestConflict: trying again" in applier.messages()


def test_an_account_that_stays_busy_is_given_up_after_half_an_hour() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    started = applier.world.clock.now
    account_of(applier).faults["put_deployment"] = [RemoteError("busy", "RequestConflict")] * 999
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert applier.world.clock.now <= started + 1_900


def test_a_put_whose_answer_was_lost_is_no_verdict() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    account_of(applier).faults["put_deployment"] = ["answer lost"]

    assert applier.run().exit_code == 0
    assert applier.world.seams.calls.count("main.put_deployment") == 1


def test_a_put_that_never_arrived_is_sent_again() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    account_of(applier).faults["put_deployment"] = [RemoteError("unknown", "reset")]
    outcome = applier.run()

    assert (outcome.exit_code, serving(applier)) == (0, "gpt-4o-mini")


def test_a_refused_deployment_fails_with_arms_words() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    account_of(applier).refuses_models = frozenset({"gpt-4o-mini"})
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert list(outcome.failed.values()) == ["deploying gpt-4o-mini: InsufficientQuota"]


def test_a_deployment_that_ends_failed_says_so() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    account_of(applier).fails_models = frozenset({"gpt-4o-mini"})
    outcome = applier.run()

    assert outcome.exit_code == 6
    assert list(outcome.failed.values()) == ["provisioning ended Failed"]


def test_an_edited_training_replaces_the_deployment_when_its_model_is_ready() -> None:
    before = applied()
    old = serving(before)
    after = edited(before)
    replaced_at: list[float] = []
    after.on_news = lambda news: replaced_at.append(after.world.clock.now) if "replacing" in news.message else None
    outcome = after.run()
    trained_at = max(job.job.finished_at or 0 for job in account_of(after).jobs.values())

    assert (outcome.exit_code, outline(outcome.plan)) == (0, [])
    assert serving(after) != old
    assert min(replaced_at) >= trained_at


@pytest.mark.parametrize("how", ["refuses_models", "fails_models"])
def test_when_the_new_deployment_cannot_be_made_the_old_model_serves_again(how: str) -> None:
    before = applied()
    old = serving(before)
    after = edited(before)
    setattr(account_of(after), how, frozenset({next_model(after)}))
    outcome = after.run()

    assert outcome.exit_code == 6
    assert serving(after) == old
    assert [words.split("; ")[1] for words in outcome.failed.values()] == [f"the old model {old} serves again"]


def test_when_the_old_one_cannot_be_put_back_either_that_is_said_plainly() -> None:
    before = applied()
    after = edited(before)
    account_of(after).refuses_models = frozenset({next_model(after), serving(before)})
    outcome = after.run()

    assert outcome.exit_code == 6
    assert serving(after) == ""
    assert next(iter(outcome.failed.values())).endswith("nothing serves under bot")


def test_an_interruption_between_delete_and_create_says_what_is_open_and_the_next_apply_closes_it() -> None:
    before = applied()
    after = edited(before)
    after.on_news = lambda news: after.stop.request(15) if "is gone" in news.message else None
    outcome = after.run()

    assert outcome.exit_code == 143
    assert "bot may be deleted and not made again yet: the next apply makes it" in after.messages()
    assert edited(before).run().exit_code == 0
    assert serving(after) != ""


def test_a_deployment_that_was_deleted_by_somebody_is_made_again() -> None:
    before = applied()
    account_of(before).deployments.clear()
    outcome = Applier(before.world, before.desired).run()

    assert (outcome.exit_code, [str(c.address) for c in outcome.done]) == (0, ["deployment/bot"])


def test_a_delete_whose_answer_was_lost_is_looked_up() -> None:
    before = applied()
    account_of(before).faults["delete_deployment"] = ["answer lost"]
    outcome = Applier(before.world, desired()).run()

    assert outcome.exit_code == 0
    assert account_of(before).deployments == {}


def test_a_delete_that_never_arrived_is_sent_again() -> None:
    before = applied()
    account_of(before).faults["delete_deployment"] = [RemoteError("unknown", "reset")]
    outcome = Applier(before.world, desired()).run()

    assert outcome.exit_code == 0
    assert account_of(before).deployments == {}


def test_a_deployment_that_never_settles_is_given_up_and_found_again_by_the_next_apply() -> None:
    applier = Applier(world(), BASE).settled_ledger()
    account = account_of(applier)
    account.course = account.course.__class__(deployment_seconds=4_000)
    outcome = applier.run()
    assert outcome.exit_code == 6
    assert list(outcome.failed.values()) == [
        "bot has been Creating for 30 minutes (the next apply goes on watching it)"
    ]

    assert Applier(applier.world, BASE).run().exit_code == 0
