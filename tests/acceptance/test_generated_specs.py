"""Specs nobody thought of: applied twice, the second time writes nothing; planned anywhere, the bytes are the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import AT_ONCE, Team, chat_rows

SEED = int(os.environ.get("FTOPS_SEED", 4))
MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "gpt-4.1-mini-2025-04-14")
BASES = (("gpt-4o-mini", "2024-07-18"), ("gpt-4o", "2024-08-06"))
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def one_of(chance: random.Random, **choices: Any) -> dict[str, Any]:
    """Some of these keys, each half of the time, with one of its values."""
    return {key: chance.choice(values) for key, values in choices.items() if chance.random() < 0.5}


def generated(chance: random.Random) -> dict[str, dict[str, Any]]:
    """Specs of any shape that the language has: chains, shared data, held and rerun trainings, both kinds of model."""
    datasets = {f"d{n}": {"file": f"../data/{chance.randrange(4)}.jsonl"} for n in range(chance.randint(1, 4))}
    for dataset in datasets.values():
        dataset |= one_of(chance, keep=["always", "until_trained"], description=["rows"], protect=[False])
    finetunes: dict[str, Any] = {}
    for n in range(chance.randint(0, 4)):
        tune: dict[str, Any] = {"training": chance.choice(list(datasets)), "rerun": n}
        if finetunes and chance.random() < 0.5:
            tune["continues"] = chance.choice(list(finetunes))
        else:
            tune["model"] = chance.choice(MODELS)
        tune |= one_of(
            chance,
            validation=list(datasets),
            suffix=["polite", "A_b-9"],
            seed=[0, 7],
            hyperparameters=[{"n_epochs": 2}, {"n_epochs": "auto"}, {"learning_rate_multiplier": 0.5, "batch_size": 1}],
            labels=[{"team": "support"}],
            ignore_changes=[[]],
        )
        finetunes[f"f{n}"] = tune
    deployments: dict[str, Any] = {}
    for n, name in enumerate(finetunes):
        if chance.random() < 0.6:  # one deployment for each model is what the service allows
            deployments[f"b{n}"] = {"finetune": name}
    if chance.random() < 0.5:
        name, version = chance.choice(BASES)
        deployments["plain"] = {"model": {"name": name, **one_of(chance, version=[version])}}
    for deployment in deployments.values():
        deployment["sku"] = chance.choice(["Standard", "GlobalStandard"])
        deployment |= one_of(chance, capacity=[1, 7], tags=[{"team": "a"}], upgrade=["NoAutoUpgrade"], protect=[False])
    return {"datasets": datasets, "finetunes": finetunes, "deployments": deployments}


def write(team: Team, specs: dict[str, dict[str, Any]], chance: random.Random) -> None:
    """The entries in any order over any number of files; JSON is YAML."""
    shutil.rmtree(team.directory / "specs", ignore_errors=True)
    entries = [(kind, name, entry) for kind, named in specs.items() for name, entry in named.items()]
    chance.shuffle(entries)
    files = chance.randint(1, 4)
    for number in range(files):
        document: dict[str, dict[str, Any]] = {}
        for kind, name, entry in entries[number::files]:
            document.setdefault(kind, {})[name] = entry
        if document:
            team.write(f"specs/{chance.randrange(10**6)}-{number}.yaml", json.dumps(document, indent=1))


def writes_since(team: Team, serial: int) -> list[str]:
    """The requests after `serial` that could change anything, in the emulator's own log."""
    requests = team.door("GET", f"requests?since={serial}")["requests"]
    service = [r for r in requests if not r["path"].startswith(("/_emulator", "/msi"))]
    return [f"{r['method']} {r['path']}" for r in service if r["method"] in WRITES]


def newest(team: Team) -> int:
    requests = team.door("GET", "requests?limit=1")["requests"]
    return int(requests[-1]["serial"]) if requests else 0


@pytest.fixture
def press(team: Team) -> Team:
    team.write("ftops.yaml", "project: larkspur\naccounts: {main: {emulator: true}}\n")
    for number in range(4):
        team.write(f"data/{number}.jsonl", chat_rows(f"topic {number}"))
    return team


def applied_twice(team: Team, seed: int) -> None:
    chance = random.Random(seed)
    team.door("POST", "reset")
    team.door("PUT", "profile", {**AT_ONCE, "job_running_seconds": 0.0, "jobs_running_max": 50})
    shutil.rmtree(team.directory / ".ftops" / "ledger", ignore_errors=True)
    specs = generated(chance)
    write(team, specs, chance)
    team.ftops("ledger", "init", "--nothing-in-flight")
    team.apply()
    assert len(team.door("GET", "bill")["jobs"]) == len(specs["finetunes"]), f"seed {seed}"
    before = newest(team)
    assert bool(writes_since(team, 0)) == bool(specs["finetunes"] or specs["deployments"]), f"seed {seed}"
    write(team, specs, chance)
    team.apply()
    assert writes_since(team, before) == [], f"seed {seed}"
    assert team.in_shape(), f"seed {seed}"


def test_generated_specs_applied_twice_write_nothing_the_second_time(press: Team):
    for number in range(20):
        applied_twice(press, 1_000_000 * SEED + number)


@pytest.mark.e2e
def test_a_thousand_generated_specs_applied_twice_write_nothing_the_second_time(press: Team):
    for number in range(1_000):
        applied_twice(press, 1_000_000 * SEED + 1_000 + number)


MACHINES = (
    {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"},
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "1"},
    {"LC_ALL": "C.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "4242", "COLUMNS": "40"},
)


def planned(team: Team, environment: dict[str, str], arguments: tuple[str, ...]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ftops", "-C", str(team.directory), *arguments],
        env={**os.environ, "XDG_STATE_HOME": str(team.directory / "state"), **environment},
        capture_output=True,
        check=True,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    document.pop("created_at")
    return document


def test_the_same_inputs_in_any_order_on_any_machine_are_the_same_plan(press: Team):
    chance = random.Random(SEED)
    specs = generated(chance)
    while not (len(specs["finetunes"]) > 2 and len(specs["deployments"]) > 1):
        specs = generated(chance)
    plans = []
    for machine in MACHINES:
        write(press, specs, chance)
        plans.append(json.dumps(planned(press, machine, ("plan", "-o", "json"))))
    assert plans[1:] == plans[:1] * 2

    press.ftops("ledger", "init", "--nothing-in-flight")
    press.apply("--target", "finetune/f0")
    partly = []
    for machine in MACHINES:
        write(press, specs, chance)
        partly.append(json.dumps(planned(press, machine, ("plan", "-o", "json"))))
    assert partly[1:] == partly[:1] * 2
    assert partly[0] != plans[0]


def test_a_saved_plan_differs_between_two_moments_in_when_it_was_made_alone(press: Team, tmp_path: Path):
    write(press, generated(random.Random(SEED)), random.Random(1))
    texts = []
    for name in ("first.json", "second.json"):
        press.ftops("plan", "--out", str(tmp_path / name))
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        texts.append([line for line in lines if '"created_at"' not in line])
    assert texts[0] == texts[1]
