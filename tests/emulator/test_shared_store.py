"""Two emulators over one store, as two processes are: each sees at once what was done through the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftops.emulator import Emulator
from tests.emulator.bench import Bench, chat_rows

FILES = "/openai/v1/files"


@pytest.fixture
def other(emulator: Emulator, tmp_path: Path) -> Iterator[Bench]:
    with Emulator(tmp_path / "emulator.db") as second:
        yield Bench(second)


def test_what_is_kept_in_memory_is_read_again_when_another_process_changed_it(bench: Bench, other: Bench) -> None:
    assert other.data("GET", FILES).status == 200
    bench.ask("PUT", "/_emulator/clock", {"freeze": True, "now": 1_800_000_000})
    assert other.ask("GET", "/_emulator/clock").json["now"] == 1_800_000_000
    bench.profile(files_max=7)
    assert other.ask("GET", "/_emulator/profile").json["profile"]["files_max"] == 7
    assert bench.ask("PUT", "/_emulator/faults", {"faults": [{"fault": "C1", "times": 1}]}).status == 200
    assert [other.data("GET", FILES).status for _ in range(2)] == [429, 200]


def test_an_account_that_another_process_deletes_is_gone_and_one_it_makes_is_there(bench: Bench, other: Bench) -> None:
    account = "/accounts/third"
    bench.profile(account_seconds=0, account_delete_seconds=0)
    assert other.data("GET", "/openai/v1/files", account="third").status == 404
    made = {"location": "eastus2", "kind": "OpenAI", "sku": {"name": "S0"}, "properties": {}}
    assert bench.resource("PUT", account, made).status == 201
    assert other.data("GET", "/openai/v1/files", account="third").status == 200
    assert bench.resource("DELETE", account).status in (200, 202)
    assert other.data("GET", "/openai/v1/files", account="third").status == 404


def test_jobs_that_another_process_submits_run_here(bench: Bench, other: Bench) -> None:
    assert other.data("GET", "/openai/v1/fine_tuning/jobs").json["data"] == []
    job = bench.job(bench.upload(chat_rows(12)))
    assert other.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json["status"] == "pending"
    bench.advance(3600)
    assert other.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json["status"] == "succeeded"


def test_the_request_log_reaches_other_processes_without_being_asked_for(bench: Bench, other: Bench) -> None:
    bench.ask("GET", "/noticed")
    assert eventually(lambda: "/noticed" in logged(other))


def test_the_request_log_of_an_emulator_that_ended_is_complete(tmp_path: Path) -> None:
    with Emulator(tmp_path / "e.db") as first:
        for number in range(70):
            Bench(first).ask("GET", f"/n{number}")
    with Emulator(tmp_path / "e.db") as second:
        assert logged(Bench(second)) == [f"/n{number}" for number in range(70)]


def logged(bench: Bench) -> list[str]:
    return [entry["path"] for entry in bench.ask("GET", "/_emulator/requests").json["requests"]]


def eventually(met: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not met():
        if time.monotonic() > until:
            return False
    return True
