"""Taking over what ftops did not make: tags only, asked for by name, and never from another project by accident."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.acceptance.conftest import Team, chat_rows

REFUSED = 4
SPECS = """\
deployments:
  plain: {model: {name: gpt-4o-mini}, sku: Standard, capacity: 3}
"""


@pytest.fixture
def shop(team: Team) -> Team:
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    team.write("specs/all.yaml", SPECS)
    return team


def tags_of(team: Team, name: str) -> dict[str, str]:
    return dict(team.stranger().deployments()[name]["tags"])


def test_a_deployment_without_tags_is_refused_until_it_is_adopted_and_then_in_shape(shop: Team):
    shop.stranger().deploy("plain", "gpt-4o-mini", "2024-07-18", {"cost-centre": "7"}, capacity=3)
    shop.ftops("plan", exits=REFUSED)

    shop.ftops("adopt", "deployment/plain", exits=1)  # nobody to ask
    shop.ftops("adopt", "deployment/plain", "-y")
    assert tags_of(shop, "plain")["cost-centre"] == "7"
    assert tags_of(shop, "plain")["ftops-address"] == "deployment/plain"
    assert shop.in_shape()
    assert "is this environment's already" in shop.ftops("adopt", "plain", "-y")


def test_what_differs_from_the_specs_stays_until_it_is_applied_and_is_no_drift(shop: Team):
    shop.stranger().deploy("plain", "gpt-4o-mini", "2024-07-18", capacity=9)

    shop.ftops("adopt", "plain", "-y")
    assert shop.stranger().deployments()["plain"]["sku"]["capacity"] == 9
    assert shop.outline() == {"deployment/plain": "update, spec"}
    shop.apply()
    assert shop.in_shape()


def test_another_projects_deployment_is_taken_only_by_naming_the_owner(shop: Team):
    owner = {"ftops-project": "hornbeam", "ftops-environment": "prod", "ftops-address": "deployment/x"}
    shop.stranger().deploy("plain", "gpt-4o-mini", "2024-07-18", owner)

    shop.ftops("adopt", "plain", "-y", exits=REFUSED)
    shop.ftops("adopt", "plain", "-y", "--from", "hornbeam/dev", exits=REFUSED)
    assert tags_of(shop, "plain") == owner
    told = json.loads(shop.ftops("adopt", "plain", "-y", "--from", "hornbeam/prod", "-o", "json"))
    assert (told["from"], told["written"]) == ("hornbeam/prod", True)
    assert tags_of(shop, "plain")["ftops-project"] == "larkspur"


def test_what_is_not_there_or_not_in_the_specs_cannot_be_adopted(shop: Team):
    shop.ftops("adopt", "plain", "-y", exits=1)
    shop.ftops("adopt", "deployment/other", "-y", exits=1)
    shop.ftops("adopt", exits=64)
    shop.ftops("adopt", "plain", "--freeze", exits=64)


def test_freeze_keeps_an_edited_training_where_it_is_even_after_the_ledger_was_lost(shop: Team):
    shop.write("data/hours.jsonl", chat_rows("opening hours"))
    tune = "finetunes:\n  v1: {model: gpt-4o-mini-2024-07-18, training: hours}\n"
    shop.write("specs/all.yaml", "datasets:\n  hours: {file: ../data/hours.jsonl}\n" + tune)
    shop.edit("specs/all.yaml", tune, tune + "deployments:\n  bot: {finetune: v1, sku: Standard, capacity: 5}\n")
    shop.ftops("ledger", "init", "--nothing-in-flight")
    shop.apply()
    assert "nothing to freeze" in shop.ftops("adopt", "--freeze")
    (job,) = shop.stranger().jobs()
    shutil.rmtree(shop.directory / ".ftops" / "ledger")
    shop.edit("specs/all.yaml", "training: hours", "training: hours, suffix: polite")

    told = json.loads(shop.ftops("adopt", "--freeze", "-o", "json"))
    assert told["frozen"] == [{"address": "finetune/v1", "account": "main", "job": job}]
    shop.edit("specs/all.yaml", "suffix: polite", "suffix: polite, hold: true")
    shop.stranger().undeploy("bot")
    assert shop.outline() == {"deployment/bot": "create, spec"}
    shop.apply()
    assert shop.in_shape()
    assert list(shop.stranger().jobs()) == [job]
