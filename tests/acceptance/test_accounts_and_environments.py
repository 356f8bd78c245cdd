"""Several accounts, several environments: trained once, and each left alone by the others."""

from __future__ import annotations

from ftops.emulator import arm_id
from tests.acceptance.conftest import Team, chat_rows

TWO_ACCOUNTS = """\
project: larkspur
accounts: {main: {emulator: true}, second: {emulator: true, location: swedencentral}}
default_account: main
"""
SPECS = """\
datasets:
  train: {file: ../data/train.jsonl}
finetunes:
  tuned: {model: gpt-4o-mini-2024-07-18, training: train}
deployments:
  bot: {finetune: tuned, sku: Standard, capacity: 2}
"""


def test_a_model_trained_in_one_account_is_deployed_in_another_without_training_there(team: Team):
    team.write("ftops.yaml", TWO_ACCOUNTS)
    team.write("data/train.jsonl", chat_rows("parking"))
    team.write("specs/all.yaml", SPECS + "  bot-eu: {finetune: tuned, account: second, sku: Standard, capacity: 1}\n")
    team.ftops("ledger", "init", "--nothing-in-flight")

    team.apply()

    model = team.stranger("second").deployments()["bot-eu"]["properties"]["model"]
    assert model["source"].lower() == arm_id("main").lower()
    assert model["name"] == team.stranger("main").deployments()["bot"]["properties"]["model"]["name"]
    assert (team.stranger("second").jobs(), team.stranger("second").files()) == ({}, {})
    assert team.in_shape()
    assert team.ftops("ask", "bot-eu", "where?").startswith(f"[{model['name']}]")


def test_two_environments_on_one_account_and_one_ledger_leave_each_other_alone(team: Team):
    team.write(
        "ftops.yaml",
        """\
        project: larkspur
        accounts: {main: {emulator: true}}
        variables: {epochs: {default: 2}, bot: {default: bot-dev}}
        environments:
          prod: {variables: {epochs: {default: 4}, bot: {default: bot-prod}}}
        """,
    )
    team.write("data/train.jsonl", chat_rows("parking"))
    text = SPECS.replace("training: train}", 'training: train, hyperparameters: {n_epochs: "${var.epochs}"}}')
    team.write("specs/all.yaml", text.replace("capacity: 2}", 'capacity: 2, name: "${var.bot}"}'))
    team.ftops("ledger", "init", "--nothing-in-flight")

    team.apply()
    team.apply("--env", "prod")

    assert team.in_shape()
    assert team.in_shape("--env", "prod")
    assert set(team.stranger().deployments()) == {"bot-dev", "bot-prod"}
    assert len(team.stranger().jobs()) == 2
    team.ftops("destroy", "--env", "prod", "--auto-approve")
    assert set(team.stranger().deployments()) == {"bot-dev"}
    assert team.plan()["summary"]["train"] == 0
    assert team.outline().get("deployment/bot") is None


def test_an_environment_that_never_trains_takes_up_what_another_trained(team: Team):
    team.write(
        "ftops.yaml",
        """\
        project: larkspur
        accounts: {main: {emulator: true}}
        variables: {bot: {default: bot-dev}}
        environments:
          prod: {train: false, variables: {bot: {default: bot-prod}}}
        """,
    )
    team.write("data/train.jsonl", chat_rows("parking"))
    # One deployment per model is what the hostile profile allows: only prod deploys here.
    team.write("specs/all.yaml", SPECS.split("deployments:")[0])
    team.ftops("ledger", "init", "--nothing-in-flight")
    assert team.outline("--env", "prod")["finetune/tuned"] == "blocked, spec"

    team.apply()
    team.write("specs/all.yaml", SPECS.replace("capacity: 2}", 'capacity: 2, name: "${var.bot}"}'))
    team.apply("--env", "prod")

    assert len(team.stranger().jobs()) == 1
    assert set(team.stranger().deployments()) == {"bot-prod"}


def test_a_deployment_of_another_project_is_never_touched(team: Team):
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    team.write("data/train.jsonl", chat_rows("parking"))
    team.write("specs/all.yaml", SPECS)
    team.stranger().deploy("bot", "gpt-4o-mini", "2024-07-18", tags={"ftops-project": "foxglove"}, capacity=3)

    text = team.ftops("plan", exits=4)

    assert "foxglove" in text
    team.apply(exits=4)
    assert team.stranger().deployments()["bot"]["sku"]["capacity"] == 3
    assert team.stranger().jobs() == {}
