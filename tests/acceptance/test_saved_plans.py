"""A saved plan is an assertion: it does what it shows, or it is refused because what it rests on has moved."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from pathlib import Path

import pytest

from ftops.cli.show import read_plan
from ftops.core.errors import FtopsError
from tests.acceptance.conftest import Team, chat_rows

STALE = 5


def save(team: Team, *arguments: str) -> str:
    team.ftops("plan", "--out", "saved.json", *arguments)
    return "saved.json"


def forget_ledger(team: Team) -> None:
    shutil.rmtree(team.directory / ".ftops" / "ledger")


def test_it_is_done_without_a_question_and_then_nothing_is_left_of_it(small: Team):
    plan = save(small)

    small.ftops("apply", plan)
    assert small.in_shape()
    small.ftops("apply", plan)
    assert len(small.stranger().jobs()) == 1


def test_a_plan_saved_before_there_was_a_ledger_works(small: Team):
    forget_ledger(small)
    plan = save(small)

    small.ftops("apply", plan)
    assert small.in_shape()
    assert len(small.stranger().jobs()) == 1


def test_applied_in_part_it_goes_on(small: Team):
    plan = save(small)

    small.profile(job_running_seconds=3600.0)
    small.ftops("apply", plan, "--wait", "none", exits=3)
    small.ftops("emulator", "clock", "+2h")
    small.ftops("apply", plan)
    assert small.in_shape()
    assert len(small.stranger().jobs()) == 1


def test_edited_specs_edited_data_and_another_environment_make_it_stale(small: Team):
    plan = save(small)
    before = small.read("specs/all.yaml"), small.read("data/hours.jsonl")

    small.edit("specs/all.yaml", "capacity: 3", "capacity: 4")
    small.ftops("apply", plan, exits=STALE)
    small.write("specs/all.yaml", before[0])
    small.write("data/hours.jsonl", chat_rows("opening hours", rows=13))
    small.ftops("apply", plan, exits=STALE)
    small.write("data/hours.jsonl", before[1])
    small.edit("ftops.yaml", "accounts:", "environments: {prod: {}}\naccounts:")
    small.ftops("apply", plan, "--env", "prod", exits=STALE)
    assert small.stranger().files() == {}
    small.ftops("apply", plan)


def test_another_ledger_makes_it_stale(small: Team):
    plan = save(small)
    forget_ledger(small)
    small.ftops("apply", plan, exits=STALE)

    small.ftops("ledger", "init", "--nothing-in-flight")
    small.ftops("apply", plan, exits=STALE)
    assert small.stranger().files() == {}


def test_another_account_makes_it_stale(small: Team):
    plan = save(small)
    small.edit("ftops.yaml", "{main: {emulator: true}}", "{main: {emulator: true}, second: {emulator: true}}")
    small.edit("ftops.yaml", "accounts:", "default_account: second\naccounts:")

    small.ftops("apply", plan, exits=STALE)
    assert small.stranger("second").files() == {}


def test_what_a_stranger_adds_elsewhere_in_the_account_is_no_staleness(small: Team):
    plan = save(small)
    stranger = small.stranger()
    stranger.upload("holiday.jsonl", chat_rows("holidays"))
    stranger.deploy("mine", "gpt-4o", "2024-08-06")

    small.ftops("apply", plan)
    assert small.in_shape()


def test_scaling_the_deployment_that_it_updates_makes_it_stale(small: Team):
    small.apply()
    small.edit("specs/all.yaml", "capacity: 3", "capacity: 8")
    plan = save(small)
    small.stranger().scale("plain", 4)

    small.ftops("apply", plan, exits=STALE)
    assert small.stranger().deployments()["plain"]["sku"]["capacity"] == 4


def test_scaling_what_it_does_not_touch_is_left_for_another_plan(small: Team):
    small.apply()
    small.edit("specs/all.yaml", "capacity: 3", "capacity: 8")
    plan = save(small)
    small.stranger().scale("bot", 4)

    small.ftops("apply", plan)
    capacities = {name: found["sku"]["capacity"] for name, found in small.stranger().deployments().items()}
    assert capacities == {"bot": 4, "plain": 8}
    assert small.outline() == {"deployment/bot": "update, drift"}


def test_somebody_who_took_the_name_meanwhile_makes_it_stale(small: Team):
    plan = save(small)
    small.stranger().deploy("plain", "gpt-4o", "2024-08-06")

    small.ftops("apply", plan, exits=STALE)
    assert small.stranger().files() == {}


def test_the_same_training_bought_from_another_machine_makes_it_stale(small: Team):
    plan = save(small)
    ledger = small.directory / ".ftops" / "ledger"
    shutil.copytree(ledger, small.directory / "kept")
    forget_ledger(small)
    small.ftops("ledger", "init", "--nothing-in-flight")
    small.apply("--target", "finetune/v1")
    shutil.rmtree(ledger)
    (small.directory / "kept").rename(ledger)

    small.ftops("apply", plan, exits=STALE)
    assert len(small.stranger().jobs()) == 1


def test_a_plan_to_destroy_destroys_and_one_with_targets_keeps_to_them(small: Team):
    targeted = save(small, "--target", "deployment/plain")
    small.ftops("apply", targeted)
    assert set(small.stranger().deployments()) == {"plain"}
    assert small.stranger().files() == {}

    plan = save(small, "--destroy")
    document = json.loads(small.read(plan))
    assert (document["destroy"], document["targets"]) == (True, [])
    small.ftops("apply", plan)
    assert small.stranger().deployments() == {}


def test_any_bit_flipped_is_refused_or_changes_nothing_it_would_do(small: Team, tmp_path: Path):
    whole = (small.directory / save(small)).read_bytes()
    saved, seed = read_plan(small.directory / "saved.json"), 20261122
    chance = random.Random(seed)
    flipped = tmp_path / "flipped.json"
    accepted = 0
    for place in chance.sample(range(len(whole)), 400):
        altered = bytearray(whole)
        altered[place] ^= 1 << chance.randrange(8)
        flipped.write_bytes(altered)
        with contextlib.suppress(FtopsError):
            assert read_plan(flipped) == saved, f"seed {seed}, byte {place}"
            accepted += 1
    assert accepted < 40  # white space and the time it was made


def test_any_cut_is_refused(small: Team, tmp_path: Path):
    whole = (small.directory / save(small)).read_bytes().rstrip()
    cut = tmp_path / "cut.json"
    for length in random.Random(7).sample(range(len(whole)), 60):
        cut.write_bytes(whole[:length])
        with pytest.raises(FtopsError):
            read_plan(cut)


HOSTILE = {
    "empty": b"",
    "a list": b"[]",
    "deep": b'{"format": ' + b"[" * 200_000,
    "not a number": b'{"format": "ftops.plan/1", "base": NaN}',
    "a key twice": b'{"format": "ftops.plan/1", "format": "ftops.plan/1"}',
    "a long number": b'{"format": ' + b"9" * 10_000 + b"}",
    "half a character": b'{"format": "\\ud800"}',
    "no text": bytes(range(256)),
    "too large": b" " * (64 * 1024**2) + b"{}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_words(small: Team, content: bytes):
    (small.directory / "hostile.json").write_bytes(content)

    small.ftops("apply", "hostile.json", exits=1)
    small.ftops("show", "hostile.json", exits=1)
    assert small.stranger().files() == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("changes", 0, "cost"), {"once_usd": 10**400, "once_usd_max": 0.5, "monthly_usd": 0, "basis": ""}),
        (("changes", 0, "account"), ["main"]),
        (("changes", 0, "needs"), [{"a": 1}]),
        (("changes", 0, "fields"), [7]),
        (("destroy",), 1),
        (("targets",), "deployment/bot"),
        (("base", "ledger", "seq"), True),
        (("base", "rests_on"), ["a"]),
        (("created_at",), None),
        (("diagnostics",), [{}]),
    ],
)
def test_a_value_of_another_type_is_no_plan(small: Team, path: tuple[str | int, ...], value: object):
    document = json.loads(small.read(save(small)))
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    small.write("other.json", json.dumps(document))

    small.ftops("apply", "other.json", exits=1)
