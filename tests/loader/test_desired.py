"""What specs mean: accounts, datasets, chains, deployments, limits and the digest of it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.core.address import Address
from ftops.core.desired import BaseModel, Desired, DesiredDeployment, Limits
from tests.loader.building import FTOPS_YAML, build, desired, diagnostics, told

DATA = "datasets: {t: {file: ../data/t.jsonl}, v: {file: ../data/v.jsonl}}\n"
REAL = "{subscription: 00000000-0000-0000-0000-00000000000%s, resource_group: rg, name: aoai}"


def of(root: Path, specs: str, *, ftops_yaml: str = FTOPS_YAML, environment: str = "default") -> Desired:
    return desired(build(root, {"specs/a.yaml": specs}, ftops_yaml=ftops_yaml), environment=environment)


def deployment(root: Path, body: str) -> DesiredDeployment:
    text = f"finetunes: {{a: {{existing: {{job: ftjob-12345678}}}}}}\ndeployments: {{bot: {{{body}}}}}\n"
    [found] = of(root, text).deployments
    return found


def test_a_dataset_is_desired_once_in_each_account_that_trains_on_it(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        DATA + "finetunes:\n"
        "  a: {model: gpt-4.1-2025-04-14, training: t, validation: v}\n"
        "  b: {model: gpt-4.1-2025-04-14, training: t, account: eu}\n"
        "  c: {model: gpt-4o-2024-08-06, training: t}\n",
    )
    assert [str(d.node) for d in found.datasets] == ["dataset/t@eu", "dataset/t@main", "dataset/v@main"]
    assert [(f.address.name, f.account) for f in found.finetunes] == [("a", "main"), ("b", "eu"), ("c", "main")]


def test_a_dataset_that_nothing_uses_stays_here_with_a_warning(tmp_path: Path) -> None:
    found = of(tmp_path, DATA + "finetunes: {a: {model: gpt-4.1-2025-04-14, training: t}}\n")
    assert [str(d.address) for d in found.datasets] == ["dataset/t"]
    [warning] = found.diagnostics
    assert (warning.severity, warning.code, warning.address) == ("warning", "dataset.unused", Address("dataset", "v"))


def test_a_chain_stays_in_the_account_where_it_began(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        DATA + "finetunes:\n"
        "  c: {continues: b, training: t}\n"
        "  b: {continues: a, training: v, account: eu}\n"
        "  a: {model: gpt-4.1-2025-04-14, training: t, account: eu}\n"
        "deployments: {bot: {finetune: c, sku: Standard}, far: {finetune: c, account: main, sku: Standard}}\n",
    )
    assert {f.address.name: f.account for f in found.finetunes} == {"a": "eu", "b": "eu", "c": "eu"}
    assert {f.address.name: str(f.parent) for f in found.finetunes if f.parent} == {
        "b": "finetune/a",
        "c": "finetune/b",
    }
    assert {(d.name, d.account, d.finetune_account) for d in found.deployments} == {
        ("bot", "eu", "eu"),
        ("far", "main", "eu"),
    }


def test_the_same_training_may_be_bought_in_two_accounts(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        DATA + "finetunes:\n"
        "  a: {model: gpt-4.1-2025-04-14, training: t}\n"
        "  b: {model: gpt-4.1-2025-04-14, training: t, account: eu}\n"
        "  again: {model: gpt-4.1-2025-04-14, training: t, rerun: 1}\n",
    )
    a, again, b = found.finetunes
    assert a.fingerprint == b.fingerprint != again.fingerprint


def test_a_finetune_carries_what_was_written(tmp_path: Path) -> None:
    [found] = of(
        tmp_path,
        DATA + "finetunes:\n"
        "  a:\n"
        "    model: gpt-4.1-2025-04-14\n"
        "    training: t\n"
        "    validation: v\n"
        "    suffix: support\n"
        "    hyperparameters: {n_epochs: 3, batch_size: auto, learning_rate_multiplier: 2.0}\n"
        "    training_tier: GlobalStandard\n"
        "    seed: 7\n"
        "    hold: true\n"
        "    protect: true\n",
    ).finetunes
    assert (found.base_model, found.suffix, found.training_tier) == ("gpt-4.1-2025-04-14", "support", "GlobalStandard")
    assert found.hyperparameters == {"n_epochs": 3, "learning_rate_multiplier": 2}
    assert (found.author_seed, found.seed, found.hold, found.protect, found.method) == (7, 7, True, True, "supervised")
    assert found.training_content is not None
    assert (found.training_content.rows, found.training_content.path) == (12, "data/t.jsonl")
    assert set(found.inputs) == {
        "model",
        "training",
        "validation",
        "suffix",
        "hyperparameters",
        "training_tier",
        "seed",
    }
    assert found.position == ("specs/a.yaml", 3, 3)


def test_an_existing_finetune_needs_nothing_else(tmp_path: Path) -> None:
    [found] = of(tmp_path, "finetunes: {a: {existing: {job: ftjob-0123456789abcdef0123456789abcdef}}}\n").finetunes
    assert (found.existing, found.existing_job) == (True, "ftjob-0123456789abcdef0123456789abcdef")
    assert found.inputs == {"existing": "job:0123456789abcdef0123456789abcdef"}


def test_a_chain_of_a_thousand_links_is_settled(tmp_path: Path) -> None:
    links = "".join(f"  f{i}: {{continues: f{i - 1}, training: t, suffix: s{i}}}\n" for i in range(999, 0, -1))
    found = of(tmp_path, DATA + "finetunes:\n" + links + "  f0: {model: gpt-4.1-2025-04-14, training: t}\n")
    assert len({f.fingerprint for f in found.finetunes}) == 1000


def test_a_deployment_carries_what_was_written(tmp_path: Path) -> None:
    found = deployment(
        tmp_path,
        "finetune: a, name: Bot-1, sku: GlobalStandard, capacity: 50, content_policy: strict,"
        " upgrade: NoAutoUpgrade, tags: {team: support}, protect: true, ignore_changes: [capacity, tags.team]",
    )
    assert (found.name, found.sku, found.capacity, found.content_policy) == ("Bot-1", "GlobalStandard", 50, "strict")
    assert (found.upgrade, found.tags, found.protect) == ("NoAutoUpgrade", {"team": "support"}, True)
    assert found.ignore_changes == ("capacity", "tags.team")


def test_what_a_deployment_leaves_out_is_not_managed(tmp_path: Path) -> None:
    found = deployment(tmp_path, "finetune: a, sku: Standard")
    assert (found.name, found.capacity, found.content_policy, found.upgrade) == ("bot", None, None, None)
    assert (found.rollout, found.on_expiry) == ("recreate", "recreate")


def test_a_developer_tier_deployment_is_left_when_it_expired(tmp_path: Path) -> None:
    assert deployment(tmp_path, "finetune: a, sku: DeveloperTier").on_expiry == "leave"


@pytest.mark.parametrize(
    ("model", "upgrade"),
    [
        ("model: {name: gpt-4o}", None),
        ("model: {name: gpt-4o, version: '2024-08-06'}", "NoAutoUpgrade"),
        (
            "model: {name: gpt-4o, version: '2024-08-06'}, upgrade: OnceCurrentVersionExpired",
            "OnceCurrentVersionExpired",
        ),
    ],
)
def test_a_written_version_is_not_upgraded_unless_said(model: str, upgrade: str | None, tmp_path: Path) -> None:
    assert deployment(tmp_path, f"{model}, sku: Standard").upgrade == upgrade


def test_a_base_model_is_named_as_azure_names_it(tmp_path: Path) -> None:
    found = deployment(tmp_path, "model: {name: gpt-oss-20b, format: Microsoft}, sku: GlobalStandard")
    assert found.base_model == BaseModel("gpt-oss-20b", None, "Microsoft")


@pytest.mark.parametrize(
    "twin",
    [
        "finetune: a, sku: Standard, capacity: 1",
        "sku: Standard, finetune: a",
        "finetune: a, sku: Standard, name: other, description: x, labels: {a: b}",
        "finetune: a, sku: Standard, tags: {}, rollout: recreate, drain: 5m, checkpoint: last, on_expiry: recreate",
        "finetune: a, sku: Standard, upgrade: OnceNewDefaultVersionAvailable",
        "finetune: a, sku: Standard, account: eu",
    ],
)
def test_spelled_out_defaults_do_not_change_a_deployments_fingerprint(twin: str, tmp_path: Path) -> None:
    plain = deployment(tmp_path / "plain", "finetune: a, sku: Standard").fingerprint
    assert deployment(tmp_path / "twin", twin).fingerprint == plain
    assert len(plain) == 32


def test_a_spelled_out_upgrade_of_a_pinned_version_is_the_default(tmp_path: Path) -> None:
    pinned = "model: {name: gpt-4o, version: '2024-08-06'}, sku: Standard"
    assert (
        deployment(tmp_path / "a", pinned).fingerprint
        == deployment(tmp_path / "b", pinned + ", upgrade: NoAutoUpgrade").fingerprint
        == deployment(tmp_path / "c", pinned.replace("gpt-4o", "GPT-4o").replace("}", ", format: OpenAI}")).fingerprint
        != deployment(tmp_path / "d", "model: {name: gpt-4o}, sku: Standard").fingerprint
    )


@pytest.mark.parametrize(
    "other",
    [
        "finetune: a, sku: GlobalStandard",
        "finetune: a, sku: Standard, capacity: 2",
        "finetune: a, sku: Standard, content_policy: x",
        "finetune: a, sku: Standard, upgrade: NoAutoUpgrade",
        "finetune: a, sku: Standard, tags: {a: b}",
        "finetune: a, sku: Standard, protect: true",
        "model: {name: a}, sku: Standard",
    ],
)
def test_managed_fields_change_a_deployments_fingerprint(other: str, tmp_path: Path) -> None:
    plain = deployment(tmp_path / "plain", "finetune: a, sku: Standard").fingerprint
    assert deployment(tmp_path / "other", other).fingerprint != plain


def project(accounts: str, more: str = "") -> str:
    return f"project: p\ndefault_account: main\naccounts: {accounts}\n{more}"


@pytest.mark.parametrize(
    ("ftops_yaml", "limits"),
    [
        (project("{main: {emulator: true}}"), Limits()),
        (project("{main: " + REAL % 1 + "}"), Limits(max_new_jobs_per_day=5, max_deletes=3)),
        (
            project("{main: " + REAL % 1 + "}", "limits: {max_deletes: 9, max_cost_usd: 200}\n"),
            Limits(max_cost_usd=200, max_new_jobs_per_day=5, max_deletes=9),
        ),
        (project("{main: " + REAL % 1 + "}", "limits: {max_deletes: null}\n"), Limits(max_new_jobs_per_day=5)),
        (project("{main: {emulator: true}, prod: " + REAL % 1 + "}"), Limits()),
    ],
    ids=["emulator", "real", "written", "lifted", "a real account that nothing uses"],
)
def test_only_real_accounts_have_default_limits(ftops_yaml: str, limits: Limits, tmp_path: Path) -> None:
    assert of(tmp_path, "finetunes: {a: {existing: {job: ftjob-12345678}}}\n", ftops_yaml=ftops_yaml).limits == limits


def test_a_deployment_in_a_real_account_brings_its_default_limits(tmp_path: Path) -> None:
    specs = "deployments: {bot: {model: {name: gpt-4o}, sku: Standard, account: prod}}\n"
    found = of(tmp_path, specs, ftops_yaml=project("{main: {emulator: true}, prod: " + REAL % 1 + "}"))
    assert found.limits == Limits(max_new_jobs_per_day=5, max_deletes=3)


def test_specs_without_entries_are_emptied(tmp_path: Path) -> None:
    assert of(tmp_path, "datasets: {}\nfinetunes:\n").emptied
    assert not of(tmp_path, "datasets: {t: {file: ../data/t.jsonl}}\n").emptied


SOME = (
    DATA + "finetunes:\n"
    "  a: {model: gpt-4.1-2025-04-14, training: t, validation: v}\n"
    "  b: {continues: a, training: v}\n"
    "deployments:\n"
    "  bot: {finetune: b, sku: Standard}\n"
)


def test_the_digest_knows_no_file_names_order_or_comments(tmp_path: Path) -> None:
    datasets, _, rest = SOME.partition("\n")
    finetunes, _, deployments = rest.partition("deployments:")
    split = {
        "specs/z.yaml": "# moved\n" + datasets + "\n",
        "specs/deep/down/y.yml": "finetunes:\n" + "\n".join(reversed(finetunes.splitlines()[1:])) + "\n",
        "specs/a.yaml": "deployments:" + deployments,
    }
    moved = desired(build(tmp_path / "moved", split))
    assert moved.specs_digest == of(tmp_path / "one", SOME).specs_digest
    assert moved.resources == of(tmp_path / "one", SOME).resources


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sku: Standard", "sku: Standard, capacity: 7"),
        ("sku: Standard", "sku: Standard, protect: true"),
        ("training: v}", "training: v, suffix: x}"),
        ("training: v}", "training: v, hold: true}"),
        ("v.jsonl}", "v.jsonl, keep: until_trained}"),
        ("bot:", "bot2:"),
    ],
)
def test_the_digest_knows_everything_that_matters(before: str, after: str, tmp_path: Path) -> None:
    assert of(tmp_path / "b", SOME.replace(before, after)).specs_digest != of(tmp_path / "a", SOME).specs_digest


def test_the_url_of_an_emulator_is_in_no_digest(tmp_path: Path) -> None:
    there = FTOPS_YAML.replace("main: {emulator: true}", "main: {emulator: 'http://127.0.0.1:12345'}")
    assert of(tmp_path / "b", SOME, ftops_yaml=there).specs_digest == of(tmp_path / "a", SOME).specs_digest


def test_a_row_format_that_was_declared_is_checked(tmp_path: Path) -> None:
    specs = "datasets: {t: {file: ../data/t.jsonl, format: %s}}\n"
    assert told(diagnostics(build(tmp_path / "a", {"specs/a.yaml": specs % "chat"}))) == []
    found = diagnostics(build(tmp_path / "b", {"specs/a.yaml": specs % "preference"}))
    assert {d.code for d in found} == {"dataset.wrong-format"}
    assert len(found) == 10
