"""ftops.yaml: found, merged for one environment, and turned into accounts, limits and a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.core.account import Account, Pace
from ftops.core.desired import Limits
from ftops.core.errors import SpecErrors
from ftops.loader import LedgerSettings, find_project, load_project
from tests.loader.building import build, diagnostics, told

FTOPS_YAML = """\
project: support-bots
accounts:
  main: {emulator: true, location: swedencentral}
  there: {emulator: "http://127.0.0.1:8080/"}
  prod-us:
    subscription: 0a1B2c3d-0000-0000-0000-000000000000
    resource_group: rg-ml
    name: Aoai-EastUS2
    auth: key
    key_env: PROD_KEY
    api: 2024-10-21
    bom: true
default_account: main
variables: {epochs: {default: 3}, unset: {}}
environments:
  prod:
    default_account: prod-us
    variables: {epochs: {default: 4}}
    train: false
    specs: [more]
    limits: {max_deletes: 1}
    accounts: {prod-us: {location: eastus2}}
limits: {max_cost_usd: 200, max_deletes: 5}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build(tmp_path, {"more/a.yaml": ""}, ftops_yaml=FTOPS_YAML)


def test_accounts_are_what_was_written(root: Path) -> None:
    accounts = load_project(root).accounts
    assert accounts["main"] == Account(
        alias="main",
        subscription="00000000-0000-0000-0000-000000000000",
        resource_group="emulator",
        name="main",
        emulator="embedded",
        location="swedencentral",
        horizon_seconds=2.0,
        pace=Pace(0.05, 0.5, 0.5),
    )
    assert accounts["there"].emulator == "http://127.0.0.1:8080"
    assert accounts["prod-us"] == Account(
        alias="prod-us",
        subscription="0a1B2c3d-0000-0000-0000-000000000000",
        resource_group="rg-ml",
        name="Aoai-EastUS2",
        auth="key",
        key_env="PROD_KEY",
        api="2024-10-21",
        bom=True,
        horizon_seconds=900.0,
    )


def test_without_an_environment_nothing_is_merged(root: Path) -> None:
    project = load_project(root)
    assert (project.name, project.environment, project.default_account) == ("support-bots", "default", "main")
    assert (project.train, project.delete_models, project.specs) == (True, False, ("specs",))
    assert project.limits == Limits(max_cost_usd=200, max_deletes=5)
    assert project.variables == {"epochs": 3}
    assert project.declared == {"epochs", "unset"}
    assert project.ledger == LedgerSettings("local", "", "", "")


def test_in_an_environment_mappings_merge_and_the_rest_is_replaced(root: Path) -> None:
    project = load_project(root, environment="prod")
    assert (project.environment, project.default_account, project.train) == ("prod", "prod-us", False)
    assert project.specs == ("more",)
    assert project.limits == Limits(max_cost_usd=200, max_deletes=1)
    assert project.variables == {"epochs": 4}
    assert (project.accounts["prod-us"].location, project.accounts["prod-us"].name) == ("eastus2", "Aoai-EastUS2")


def test_the_command_line_beats_the_environment_and_is_read_like_yaml(root: Path) -> None:
    def epochs(text: str) -> object:
        return load_project(root, environment="prod", variables={"epochs": text}).variables["epochs"]

    assert [epochs(text) for text in ("5", "0.5", "true", "no", "014", "a b", "1e3")] == [
        *(5, 0.5, True, "no", "014", "a b", 1000.0),
    ]


def test_an_unknown_environment_names_the_known_ones(root: Path) -> None:
    with pytest.raises(SpecErrors) as raised:
        load_project(root, environment="prd")
    [problem] = raised.value.diagnostics
    assert (str(problem.position), problem.code) == ("ftops.yaml:15:1", "project.unknown-environment")
    assert problem.hint == "did you mean `prod`?"


def test_a_variable_that_is_not_declared_cannot_be_set(root: Path) -> None:
    with pytest.raises(SpecErrors) as raised:
        load_project(root, variables={"epoch": "3"})
    [problem] = raised.value.diagnostics
    assert (problem.code, problem.hint) == ("variable.undeclared", "did you mean `epochs`?")


def test_errors_in_other_environments_are_told_too(tmp_path: Path) -> None:
    text = FTOPS_YAML.replace("    train: false", "    train: falsch")
    assert told(diagnostics(build(tmp_path, {}, ftops_yaml=text))) == ["ftops.yaml:19:12 spec.type"]


def test_the_ledger_of_a_team_has_a_blob(tmp_path: Path) -> None:
    text = (
        "project: p\naccounts: {main: {emulator: true}}\n"
        "ledger: {backend: azblob, account_url: 'https://x.blob.core.windows.net', container: ledgers}\n"
    )
    project = load_project(build(tmp_path, {}, ftops_yaml=text))
    assert project.ledger == LedgerSettings(
        "azblob", "https://x.blob.core.windows.net", "ledgers", "ftops-ledger.jsonl"
    )


def test_the_only_account_is_the_default_one(tmp_path: Path) -> None:
    text = "project: p\naccounts: {only: {emulator: true}}\n"
    assert load_project(build(tmp_path, {}, ftops_yaml=text)).default_account == "only"


def test_ftops_yaml_is_found_from_below(root: Path) -> None:
    deep = root / "specs" / "deep"
    deep.mkdir()
    assert find_project(deep) == root
    assert find_project(root) == root


def test_the_search_ends_at_the_repository(root: Path) -> None:
    repository = root / "vendored"
    (repository / ".git").mkdir(parents=True)
    with pytest.raises(SpecErrors) as raised:
        find_project(repository)
    assert [d.code for d in raised.value.diagnostics] == ["project.not-found"]
