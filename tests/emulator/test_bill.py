"""The billing meter: what every job and every deployment hour would cost, whatever became of them since."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.bench import Bench, chat_rows, deployment

HOUR = 3600


def bill(bench: Bench) -> Any:
    reply = bench.ask("GET", "/_emulator/bill")
    assert reply.status == 200, reply.body
    return reply.json


def tokens_of_rows(count: int) -> int:
    """Two messages of "a question" and "an answer": three tokens around each, a quarter of the characters inside."""
    return count * (3 + 3 + 3 + 3)


def test_a_trained_job_costs_its_tokens_times_epochs_at_the_rate_of_its_tier(bench: Bench) -> None:
    job = bench.job(
        bench.upload(chat_rows(12)),
        suffix="support",
        trainingType="GlobalStandard",
        hyperparameters={"n_epochs": 4},
    )
    bench.advance(700)
    seen = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    found = bill(bench)
    (entry,) = found["jobs"]
    assert entry["tokens"] == seen["trained_tokens"]
    assert {name: entry[name] for name in ("id", "account", "suffix", "status", "epochs", "tier", "paid")} == {
        "id": job,
        "account": "main",
        "suffix": "support",
        "status": "succeeded",
        "epochs": 4,
        "tier": "globalStandard",
        "paid": True,
    }
    assert entry["usd"] == pytest.approx(entry["tokens"] * 2.25 / 1_000_000)
    assert found["total_usd"] == entry["usd"]
    assert found["paid_jobs"] == 1


def test_the_same_spec_submitted_twice_is_on_the_bill_twice_also_when_one_is_deleted(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))
    jobs = [bench.job(file, suffix="twin") for _ in range(2)]
    bench.advance(1500)
    deleted = bench.data("DELETE", f"/openai/fine_tuning/jobs/{jobs[0]}?api-version=2024-10-21")
    assert deleted.status == 204
    found = bill(bench)
    assert [(entry["id"], entry["deleted"]) for entry in found["jobs"]] == [(jobs[0], True), (jobs[1], False)]
    assert found["paid_jobs"] == 2
    assert found["jobs"][0]["usd"] == found["jobs"][1]["usd"] > 0


def test_what_waits_what_failed_and_what_was_cancelled_in_the_queue_costs_nothing(bench: Bench) -> None:
    waiting = bench.job(bench.upload(chat_rows(12)))
    bad = bench.job(bench.upload(b'{"messages": []}\n' * 12))
    cancelled = bench.job(bench.upload(chat_rows(12)), account="main")
    assert bench.data("POST", f"/openai/v1/fine_tuning/jobs/{cancelled}/cancel", {}).status == 200
    found = {entry["id"]: entry for entry in bill(bench)["jobs"]}
    assert found[cancelled]["status"] == "cancelled"
    assert found[cancelled]["usd"] == 0
    bench.advance(61)
    found = {entry["id"]: entry for entry in bill(bench)["jobs"]}
    assert (found[bad]["status"], found[bad]["usd"], found[bad]["paid"]) == ("failed", 0, False)
    assert found[waiting]["status"] == "running"


def test_cancelling_a_running_job_costs_the_work_done_and_a_pause_costs_nothing(bench: Bench) -> None:
    job = bench.job(bench.upload(chat_rows(1000)), hyperparameters={"n_epochs": 2})
    bench.advance(60 + 300)  # half of the 600 seconds it runs
    assert bench.data("POST", f"/openai/v1/fine_tuning/jobs/{job}/pause", {}).status == 200
    bench.advance(60 + HOUR)  # the minute that pausing takes still counts
    running = bill(bench)["jobs"][0]
    whole = tokens_of_rows(1000) * 2
    assert running["tokens"] == pytest.approx(0.6 * whole, rel=0.01)
    assert bench.data("POST", f"/openai/v1/fine_tuning/jobs/{job}/cancel", {}).status == 200
    bench.advance(HOUR)
    ended = bill(bench)["jobs"][0]
    assert ended["status"] == "cancelled"
    assert ended["tokens"] == running["tokens"]
    assert bill(bench)["paid_jobs"] == 1


def test_hosting_is_charged_by_the_hour_from_creation_until_it_is_deleted_called_or_not(bench: Bench) -> None:
    bench.deployed("bot", bench.trained())
    bench.advance(10 * HOUR - 61)
    (entry,) = bill(bench)["deployments"]
    assert entry["hours"] == pytest.approx(10, abs=0.01)
    assert entry["usd"] == pytest.approx(17.0, abs=0.02)
    assert bench.resource("DELETE", "/accounts/main/deployments/bot").status == 202
    bench.advance(100 * HOUR)
    (entry,) = bill(bench)["deployments"]
    assert (entry["present"], entry["sku"]) == (False, "Standard")
    assert entry["usd"] == pytest.approx(17.0, abs=0.1)


def test_every_life_of_a_deployment_has_its_line_and_idleness_ends_the_charge(bench: Bench) -> None:
    model = bench.trained()
    bench.deployed("bot", model)
    bench.advance(20 * 24 * HOUR)
    bench.deployed("bot", model)
    first, second = bill(bench)["deployments"]
    assert first["hours"] == pytest.approx(15 * 24, abs=0.1)
    assert (first["present"], second["present"]) == (False, True)


def test_base_models_and_the_developer_tier_have_no_hosting(bench: Bench) -> None:
    model = bench.trained(model="gpt-4.1-nano")
    path = "/accounts/main/deployments"
    assert bench.resource("PUT", f"{path}/trial", deployment(model, name="DeveloperTier")).status == 201
    bench.advance(61)
    base = {"sku": {"name": "Standard"}, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o-mini"}}}
    assert bench.resource("PUT", f"{path}/plain", base).status == 201
    bench.advance(10 * HOUR)
    assert [(entry["name"], entry["usd"]) for entry in bill(bench)["deployments"]] == [("trial", 0), ("plain", 0)]


def test_prices_can_be_replaced_and_say_where_they_come_from(bench: Bench) -> None:
    bench.deployed("bot", bench.trained())
    own = {"gpt-4o-mini": {"standard_usd": 1_000_000, "hosting_usd": 2}}
    assert bench.ask("PUT", "/_emulator/prices", own).status == 200
    found = bill(bench)
    assert found["jobs"][0]["usd"] == found["jobs"][0]["tokens"]
    assert found["jobs"][0]["source"] == "this store"
    assert found["deployments"][0]["usd_per_hour"] == 2
    shown = bench.ask("GET", "/_emulator/prices").json
    assert shown["models"]["gpt-4.1"]["source"].startswith("UNCONFIRMED")


@pytest.mark.parametrize(
    "prices",
    [{"gpt-9": {"standard_usd": 1}}, {"gpt-4o": 1}, {"gpt-4o": {"standard": 1}}, {"gpt-4o": {"hosting_usd": -1}}],
)
def test_an_unusable_price_is_refused_and_changes_nothing(bench: Bench, prices: object) -> None:
    refused = bench.ask("PUT", "/_emulator/prices", prices)
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalidPayload")
    assert bench.ask("GET", "/_emulator/prices").json["overrides"] == {}


def test_a_model_found_unsafe_after_training_costs_nothing(bench: Bench) -> None:
    bench.profile(model_evaluation_failure="violence")
    bench.job(bench.upload(chat_rows(12)))
    bench.advance(700)
    (entry,) = bill(bench)["jobs"]
    assert (entry["status"], entry["paid"], entry["usd"]) == ("failed", False, 0)


def test_a_job_that_ran_too_long_costs_nothing(bench: Bench) -> None:
    bench.profile(job_running_seconds=1000.0, job_running_seconds_max=500.0)
    bench.job(bench.upload(chat_rows(12)))
    bench.advance(2000)
    (entry,) = bill(bench)["jobs"]
    assert (entry["status"], entry["usd"]) == ("failed", 0)


def test_reinforcement_is_charged_by_the_hour_with_two_decimals_and_stops_at_its_cap(bench: Bench) -> None:
    bench.profile(job_running_seconds=80 * 3600.0)
    rows = b'{"messages": [{"role": "user", "content": "a question"}], "answer": "yes"}\n' * 12
    grader = {
        "type": "string_check",
        "name": "same",
        "input": "{{sample.output_text}}",
        "reference": "{{item.answer}}",
        "operation": "eq",
    }
    file = bench.upload(rows)
    bench.job(
        file,
        model="o4-mini-2025-04-16",
        validation_file=file,
        method={"type": "reinforcement", "reinforcement": {"grader": grader}},
    )
    bench.advance(60 + 10 * HOUR + 9)
    (entry,) = bill(bench)["jobs"]
    assert (entry["hours"], entry["usd"]) == (10.0, 1000.0)
    bench.advance(200 * HOUR)
    (entry,) = bill(bench)["jobs"]
    assert entry["status"] == "paused"
    assert entry["usd"] == pytest.approx(5000, abs=2)


def test_what_the_first_meter_reading_says_the_second_says_too(bench: Bench) -> None:
    assert bench.ask("PUT", "/_emulator/clock", {"freeze": True}).status == 200
    bench.deployed("bot", bench.trained())
    assert bill(bench) == bill(bench)
