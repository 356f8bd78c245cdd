"""Training as a function of the clock: curves, safety, breaks the platform makes, results in both vintages."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from openai import AzureOpenAI, BadRequestError, OpenAI

from tests.emulator.bench import Bench, chat_rows

GRADER = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}


def rft_rows(count: int) -> bytes:
    row = {"messages": [{"role": "user", "content": "2 + 2"}], "answer": "4"}
    return (json.dumps(row) + "\n").encode() * count


def reinforcement(bench: Bench, *, model: str = "o4-mini", **fields: object) -> str:
    file = bench.upload(rft_rows(12))
    method = {"type": "reinforcement", "reinforcement": {"grader": GRADER, "hyperparameters": {"n_epochs": 2}}}
    return bench.job(file, validation_file=file, model=model, method=method, **fields)


def seen(bench: Bench, job: str) -> dict[str, Any]:
    shown: dict[str, Any] = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    return shown


def results(bench: Bench, **fields: object) -> list[dict[str, str]]:
    """The results of a job with validation data, as a reader of csv gets them."""
    file = bench.upload(chat_rows(12))
    job = bench.job(file, validation_file=file, hyperparameters={"n_epochs": 10}, **fields)
    bench.advance(700)
    content = bench.data("GET", f"/openai/v1/files/{seen(bench, job)['result_files'][0]}/content").body
    return list(csv.DictReader(io.StringIO(content.decode())))


def column(rows: list[dict[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows if row[name]]


def test_a_healthy_run_learns_and_its_validation_follows(bench: Bench) -> None:
    bench.profile(curve="healthy")
    rows = results(bench)
    train, valid = column(rows, "train_loss"), column(rows, "full_valid_loss")
    assert train[-1] < 0.5 < 1.5 < train[0]
    assert len(valid) == 10
    assert valid[-1] < min(valid) + 0.1
    assert abs(valid[-1] - train[-1]) < 0.2


def test_an_overfitting_run_gets_worse_on_what_it_has_not_seen(bench: Bench) -> None:
    bench.profile(curve="overfitting")
    rows = results(bench)
    valid = column(rows, "full_valid_loss")
    assert column(rows, "train_loss")[-1] < 0.1
    assert valid.index(min(valid)) == 3
    assert valid[-1] > min(valid) + 0.5


def test_a_flat_run_learns_nothing(bench: Bench) -> None:
    bench.profile(curve="flat")
    train = column(results(bench), "train_loss")
    assert max(train) - min(train) < 0.1
    assert min(train) > 1.5


def test_a_diverging_run_ends_worse_than_it_began(bench: Bench) -> None:
    bench.profile(curve="diverging")
    train = column(results(bench), "train_loss")
    assert min(train) < train[0] < train[-1]


@pytest.mark.parametrize(("seed", "same_as"), [(0, "healthy"), (5, "overfitting"), (6, "flat"), (7, "diverging")])
def test_the_seed_chooses_the_curve_unless_the_profile_does(bench: Bench, seed: int, same_as: str) -> None:
    ends = {"healthy": (0.2, 0.4), "overfitting": (0.0, 0.1), "flat": (1.9, 2.0), "diverging": (4.0, 9.0)}
    low, high = ends[same_as]
    assert low < column(results(bench, seed=seed), "train_loss")[-1] < high


def test_a_profile_changed_later_does_not_rewrite_a_run(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))
    bench.profile(curve="flat")
    job = bench.job(file)
    bench.profile(curve="healthy", model_evaluation_failure="violence", results_vintage="2024")
    bench.advance(700)
    shown = seen(bench, job)
    assert shown["status"] == "succeeded"
    content = bench.data("GET", f"/openai/v1/files/{shown['result_files'][0]}/content").body.decode()
    assert float(content.splitlines()[-1].split(",")[1]) > 1.5


def test_results_have_the_columns_of_real_files(bench: Bench) -> None:
    rows = results(bench)
    assert list(rows[0]) == [
        "step",
        "train_loss",
        "train_mean_token_accuracy",
        "valid_loss",
        "valid_mean_token_accuracy",
        "full_valid_loss",
        "full_valid_mean_token_accuracy",
    ]
    assert [row["step"] for row in rows if row["full_valid_loss"]] == [str(12 * epoch) for epoch in range(1, 11)]


def test_a_profile_brings_back_the_results_of_2024(bench: Bench) -> None:
    bench.profile(results_vintage="2024")
    file = bench.upload(chat_rows(12))
    job = bench.job(file, validation_file=file)
    bench.advance(700)
    result = seen(bench, job)["result_files"][0]
    content = bench.data("GET", f"/openai/v1/files/{result}/content").body
    assert content.splitlines()[0] == (
        b"step,train_loss,training_accuracy,train_mean_token_accuracy,valid_loss,valid_accuracy,"
        b"validation_mean_token_accuracy"
    )
    assert bench.data("GET", f"/openai/v1/files/{result}").json["bytes"] == len(content)
    messages = [
        event["message"] for event in bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}/events").json["data"]
    ]
    assert "Training hours billed: 0.167" in messages


def test_metrics_events_carry_the_numbers_of_the_results(bench: Bench, v1: OpenAI) -> None:
    file = bench.upload(chat_rows(10))
    job = bench.job(file, validation_file=file, seed=0)
    bench.advance(700)
    told = [event for event in v1.fine_tuning.jobs.list_events(job, limit=50).data if event.type == "metrics"]
    assert [event.data["step"] for event in told] == [30, 20, 10]
    assert set(told[0].data) == {
        "step",
        "train_loss",
        "train_mean_token_accuracy",
        "valid_loss",
        "valid_mean_token_accuracy",
        "full_valid_loss",
        "full_valid_mean_token_accuracy",
    }
    assert told[0].message == f"Step 30: training loss={told[0].data['train_loss']:.4f}"


def test_reading_changes_nothing(bench: Bench) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(400)
    paths = ["", "/events", "/checkpoints"]
    before = [bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}{path}").body for path in paths]
    again = [bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}{path}").body for path in reversed(paths)]
    assert before == again[::-1]


@pytest.mark.parametrize("where", ["training_file", "validation_file"])
def test_planted_phrases_fail_the_safety_check_of_the_data(bench: Bench, where: str) -> None:
    bad = chat_rows(12).replace(b"an answer", b"emulated harm: violence, emulated harm: self_harm", 1)
    files = {"training_file": bench.upload(chat_rows(12)), "validation_file": bench.upload(chat_rows(12))}
    files[where] = bench.upload(bad)
    job = bench.job(files["training_file"], validation_file=files["validation_file"])
    assert seen(bench, job)["status"] == "pending"
    bench.advance(61)
    shown = seen(bench, job)
    assert shown["status"] == "failed"
    assert shown["error"]["param"] == where
    assert shown["error"]["message"] == (
        "The provided training data failed RAI checks for harm types: [self_harm, violence]."
        " Please fix the data and try again."
    )


def test_the_planted_phrases_are_values_of_the_profile(bench: Bench) -> None:
    bench.profile(harm_marker_sexual="an answer", harm_marker_violence="")
    job = bench.job(bench.upload(chat_rows(12)))
    harmless = bench.job(bench.upload(chat_rows(12).replace(b"an answer", b"emulated harm: violence")))
    bench.advance(61)
    assert "[sexual]" in seen(bench, job)["error"]["message"]
    assert seen(bench, harmless)["status"] == "running"


def test_a_model_can_fail_its_evaluation_after_the_training(bench: Bench, v1: OpenAI) -> None:
    bench.profile(model_evaluation_failure="Violence, Self Harm")
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(500)
    checkpoint = v1.fine_tuning.jobs.checkpoints.list(job).data[0]
    bench.advance(200)
    shown = seen(bench, job)
    assert shown["status"] == "failed"
    assert "above acceptable thresholds for [Violence, Self Harm]" in shown["error"]["message"]
    assert "fine_tuned_model" not in shown
    messages = [event.message for event in v1.fine_tuning.jobs.list_events(job).data]
    assert messages[0].startswith("This model is unable to be deployed.")
    assert messages[1] == "Job succeeded."
    assert "Model Evaluation Passed." not in messages
    with pytest.raises(BadRequestError):
        v1.fine_tuning.jobs.create(
            model=checkpoint.fine_tuned_model_checkpoint, training_file=bench.upload(chat_rows(12))
        )


def test_examples_that_are_too_long_are_warned_of_in_each_dialect(bench: Bench) -> None:
    file = bench.upload(chat_rows(11) + chat_rows(1).replace(b"a question", b"x" * 140_000))
    job = bench.job(file, model="gpt-4.1-nano")
    bench.advance(61)

    def warning(path: str) -> dict[str, Any]:
        return next(entry for entry in bench.data("GET", path).json["data"] if entry["level"].startswith("warn"))

    old = warning(f"/openai/fine_tuning/jobs/{job}/events?api-version=2024-10-21")
    new = warning(f"/openai/v1/fine_tuning/jobs/{job}/events")
    assert (old["level"], new["level"]) == ("warning", "warn")
    assert new["message"] == "1 example(s) exceed 32768 tokens and will be truncated."


def test_reinforcement_shows_rewards_and_bills_hours(bench: Bench, v1: OpenAI) -> None:
    job = reinforcement(bench)
    bench.advance(700)
    shown = seen(bench, job)
    assert shown["status"] == "succeeded"
    assert shown["method"]["reinforcement"]["grader"] == GRADER
    events = v1.fine_tuning.jobs.list_events(job, limit=100).data
    assert "Training hours billed: 0.167" in [event.message for event in events]
    last = v1.fine_tuning.jobs.checkpoints.list(job).data[0]
    assert set(last.model_dump()["metrics"]) >= {"train_mean_reward", "full_valid_mean_reward", "reasoning_tokens_mean"}
    content = v1.files.content(shown["result_files"][0]).read()
    assert content.startswith(b"step,train_mean_reward,completion_tokens_mean,reasoning_tokens_mean,")
    assert len(content) == v1.files.retrieve(shown["result_files"][0]).bytes


def test_reinforcement_pauses_at_the_spend_cap_and_a_resume_lifts_it(bench: Bench, dated: AzureOpenAI) -> None:
    bench.profile(job_running_seconds=60 * 3600.0)  # at 100 dollars an hour the cap of 5,000 is 50 hours away
    job = reinforcement(bench)
    bench.advance(60 + 49.9 * 3600)
    assert seen(bench, job)["status"] == "running"
    bench.advance(0.2 * 3600)
    assert seen(bench, job)["status"] == "paused"
    assert len(dated.fine_tuning.jobs.checkpoints.list(job).data) == 2
    bench.advance(100 * 3600)
    assert dated.fine_tuning.jobs.resume(job).status == "resuming"
    bench.advance(60 + 9.8 * 3600)
    assert seen(bench, job)["status"] == "running"
    bench.advance(0.4 * 3600)
    assert seen(bench, job)["status"] == "succeeded"


def test_gpt_5_has_no_cap_and_cannot_be_paused(bench: Bench, v1: OpenAI) -> None:
    bench.profile(job_running_seconds=60 * 3600.0)
    job = reinforcement(bench, model="gpt-5")
    bench.advance(55 * 3600)
    assert seen(bench, job)["status"] == "running"
    with pytest.raises(BadRequestError, match="cannot be paused"):
        v1.fine_tuning.jobs.pause(job)


def test_the_platform_may_pause_developer_jobs_and_resumes_them_itself(bench: Bench) -> None:
    bench.profile(developer_pause_after_seconds=100.0, developer_pause_seconds=50.0)
    file = bench.upload(chat_rows(12))
    developer, standard = bench.job(file, trainingType="Developer"), bench.job(file)
    bench.advance(60 + 120)
    assert (seen(bench, developer)["status"], seen(bench, standard)["status"]) == ("paused", "running")
    bench.advance(40)
    assert seen(bench, developer)["status"] == "running"
    bench.advance(500)
    assert (seen(bench, developer)["status"], seen(bench, standard)["status"]) == ("succeeded", "succeeded")


def test_a_pause_needs_a_step_and_leaves_a_checkpoint(bench: Bench, v1: OpenAI) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(61)
    with pytest.raises(BadRequestError, match="once it has trained a step"):
        v1.fine_tuning.jobs.pause(job)
    bench.advance(99)
    v1.fine_tuning.jobs.pause(job)
    bench.advance(61)
    assert seen(bench, job)["status"] == "paused"
    kept = v1.fine_tuning.jobs.checkpoints.list(job).data
    assert [entry.step_number for entry in kept] == [10]
    assert kept[0].fine_tuned_model_checkpoint.endswith(":ckpt-step-10")
    messages = [event.message for event in v1.fine_tuning.jobs.list_events(job).data]
    assert messages[0] == "Job paused."


@pytest.mark.parametrize(
    ("integrations", "param"),
    [
        ([{"type": "wandb", "wandb": {"project": "p", "name": None, "entity": "e", "tags": ["a"]}}], None),
        ([{"type": "wandb"}], "integrations[0].wandb.project"),
        ([{"type": "other"}], "integrations[0]"),
        ([{"type": "wandb", "wandb": {"project": "p", "tags": [1]}}], "integrations[0].wandb.tags"),
        ([{"type": "wandb", "wandb": {"project": "p", "key": "k"}}], "integrations[0].wandb.key"),
        ("wandb", "integrations"),
    ],
)
def test_wandb_integrations_have_a_shape(bench: Bench, integrations: object, param: str | None) -> None:
    body = {"model": "gpt-4o-mini", "training_file": bench.upload(chat_rows(12)), "integrations": integrations}
    reply = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    if param is None:
        assert reply.json["integrations"] == integrations
    else:
        assert (reply.status, reply.json["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    "dpo",
    [{"hyperparameters": {"beta": 0.2, "n_epochs": 1}}, {"beta": 0.2, "l2_multiplier": 0.1}],
)
def test_dpo_takes_beta_in_both_places(bench: Bench, dpo: dict[str, object]) -> None:
    say = {"role": "assistant", "content": "a"}
    row = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [say],
        "non_preferred_output": [say],
    }
    file = bench.upload((json.dumps(row) + "\n").encode() * 10)
    job = bench.job(file, model="gpt-4.1", method={"type": "dpo", "dpo": dpo})
    bench.advance(700)
    shown = seen(bench, job)
    assert shown["status"] == "succeeded"
    assert shown["method"]["dpo"]["hyperparameters"]["beta"] == 0.2


def test_two_thousand_million_tokens_are_the_limit(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))  # 144 tokens
    bench.profile(trained_tokens_max=1440)
    fits = bench.job(file, hyperparameters={"n_epochs": 10})
    over = bench.job(file, hyperparameters={"n_epochs": 11})
    bench.advance(61)
    assert [seen(bench, job)["status"] for job in (fits, over)] == ["running", "failed"]


def test_retirement_dates_take_effect_when_asked_for(bench: Bench) -> None:
    model = bench.trained(model="gpt-4.1")
    bench.deployed("support", model)
    file = bench.upload(chat_rows(12))
    start = bench.data("GET", "/openai/v1/files").json["data"][0]["created_at"]
    bench.advance(1_807_660_800 + 86_400 - start)  # past 2027-04-14: no more training
    bench.profile(retirements=True, deployment_idle_seconds=1e9)
    body = {"model": "gpt-4.1", "training_file": file}
    refused = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert (refused.status, refused.json["error"]["param"]) == (400, "model")
    base = bench.data("GET", "/openai/models/gpt-4.1?api-version=2025-04-01-preview").json
    assert (base["lifecycle_status"], base["deprecation"]["fine_tune"]) == ("deprecated", 1_807_660_800)
    trained = bench.data("GET", f"/openai/models/{model}?api-version=2025-04-01-preview").json
    assert (trained["lifecycle_status"], trained["deprecation"]["inference"]) == ("deprecating", 1_823_472_000)
    old = bench.data("GET", "/openai/models/gpt-4.1?api-version=2024-10-21").json
    assert old["lifecycle_status"] == "generally-available"
    said = {"messages": [{"role": "user", "content": "hi"}]}
    chat = "/openai/deployments/support/chat/completions?api-version=2024-10-21"
    assert bench.data("POST", chat, said).status == 200
    bench.advance(190 * 86_400)
    gone = bench.data("POST", chat, said)
    assert (gone.status, gone.json["error"]["code"]) == (404, "DeploymentNotFound")
    bench.profile(retirements=False)
    assert bench.data("POST", chat, said).status == 200
