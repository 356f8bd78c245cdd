"""Jobs over the wire: created, queued, trained, failed, cancelled, paused, deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openai import AzureOpenAI, BadRequestError, OpenAI

from tests.emulator.bench import Bench, chat_rows, completion_rows


def test_a_job_is_pending_then_running_then_succeeded_as_the_clock_passes(bench: Bench, v1: OpenAI) -> None:
    job_id = bench.job(bench.upload(chat_rows(12)), suffix="support-1", seed=7, trainingType="GlobalStandard")
    pending = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job_id}").json
    assert pending.pop("estimated_finish") > pending.pop("created_at")
    assert pending == {
        "id": job_id,
        "object": "fine_tuning.job",
        "model": "gpt-4o-mini-2024-07-18",
        "status": "pending",
        "training_file": pending["training_file"],
        "hyperparameters": {"batch_size": -1, "learning_rate_multiplier": 1.0, "n_epochs": -1},
        "seed": 7,
        "suffix": "support-1",
        "trainingType": "globalStandard",
    }
    bench.advance(61)
    running = v1.fine_tuning.jobs.retrieve(job_id)
    assert running.status == "running"
    assert running.hyperparameters.n_epochs == 3
    bench.advance(600)
    done = v1.fine_tuning.jobs.retrieve(job_id)
    assert done.status == "succeeded"
    assert done.fine_tuned_model == f"gpt-4o-mini-2024-07-18.ft-{job_id[6:]}-support-1"
    assert done.trained_tokens == 3 * 12 * 12
    assert done.estimated_finish is None
    results = v1.files.content(done.result_files[0]).read()
    assert results.startswith(b"step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,")
    assert len(results) == v1.files.retrieve(done.result_files[0]).bytes
    assert results.count(b"\n") == 1 + 36


def test_a_dated_create_answers_201_with_location_and_canonicalises_the_model(bench: Bench) -> None:
    body = {"model": "GPT-4o-mini", "training_file": bench.upload(chat_rows(12))}
    reply = bench.data("POST", "/openai/fine_tuning/jobs?api-version=2024-02-01", body)
    assert reply.status == 201
    assert reply.json["model"] == "gpt-4o-mini-2024-07-18"
    assert reply.headers["Location"].endswith(f"/fine_tuning/jobs/{reply.json['id']}?api-version=2024-02-01")
    assert 0 <= reply.json["seed"] < 2**31


def test_the_method_is_echoed_only_when_it_was_sent(bench: Bench, dated: AzureOpenAI) -> None:
    job = dated.fine_tuning.jobs.create(
        model="gpt-4.1-mini",
        training_file=bench.upload(chat_rows(12)),
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    )
    shown = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job.id}").json
    assert shown["method"] == {
        "type": "supervised",
        "supervised": {"hyperparameters": {"batch_size": -1, "learning_rate_multiplier": 1.0, "n_epochs": 2}},
    }


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"suffix": "has.dot"}, "suffix"),
        ({"suffix": "x" * 41}, "suffix"),
        ({"suffix": ""}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"seed": True}, "seed"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"warmth": 1}}, "hyperparameters.warmth"),
        ({"hyperparameters": []}, "hyperparameters"),
        ({"method": {"type": "magic"}}, "method"),
        ({"method": {"type": "dpo", "dpo": {}}}, "model"),
        ({"method": {"type": "reinforcement", "reinforcement": {}}}, "method.reinforcement.grader"),
        ({"model": "gpt-9"}, "model"),
        ({"model": 4}, "model"),
        ({"model": "gpt-oss-20b"}, "model"),
        ({"trainingType": "Luxury"}, "trainingType"),
        ({"training_file": "file-unknown"}, "training_file"),
        ({"metadata": {"k": 1}}, "metadata"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_create_that_makes_no_sense_is_refused_naming_the_field(
    bench: Bench, fields: dict[str, Any], param: str
) -> None:
    body = {"model": "gpt-4o-mini", "training_file": bench.upload(chat_rows(12)), **fields}
    reply = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert reply.status == 400
    assert reply.json["error"]["code"] == "invalidPayload"
    assert reply.json["error"]["param"] == param
    assert bench.data("GET", "/openai/v1/fine_tuning/jobs").json["data"] == []


def test_a_file_still_pending_cannot_be_trained_on(bench: Bench, dated: AzureOpenAI) -> None:
    file = dated.files.create(file=("a.jsonl", chat_rows(12)), purpose="fine-tune")
    with pytest.raises(BadRequestError) as refusal:
        dated.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id)
    assert refusal.value.code == "unexpectedEntityState"


@pytest.mark.parametrize(
    ("rows", "model", "error"),
    [
        (
            chat_rows(9),
            "gpt-4o-mini",
            {
                "code": "invalidPayload",
                "param": "training_file",
                "message": "Training file has 9 example(s), but must have at least 10 examples.",
            },
        ),
        (
            chat_rows(10) + completion_rows(1),
            "gpt-4o-mini",
            {
                "code": "jsonlValidationFailed",
                "param": "training_file",
                "message": "Validation of jsonl file failed: line 11: row: there is a property the format does not"
                " have.",
            },
        ),
        (
            chat_rows(10),
            "babbage-002",
            {
                "code": "jsonlValidationFailed",
                "param": "training_file",
                "message": "Validation of jsonl file failed: line 1: row: each line's json may only contain two"
                ' properties: ("context" or "prompt") and "completion".',
            },
        ),
    ],
)
def test_bad_rows_fail_the_job_with_row_and_reason(
    bench: Bench, rows: bytes, model: str, error: dict[str, str]
) -> None:
    job = bench.job(bench.upload(rows), model=model)
    bench.advance(61)
    shown = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    assert shown["status"] == "failed"
    assert shown["error"] == error
    assert "fine_tuned_model" not in shown


def test_completion_rows_train_a_completion_model(bench: Bench) -> None:
    job = bench.job(bench.upload(completion_rows(10)), model="davinci-002")
    bench.advance(700)
    shown = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    assert shown["fine_tuned_model"] == f"davinci-002.ft-{job[6:]}"


def test_three_jobs_run_and_the_fourth_starts_when_one_ends(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))
    jobs = [bench.job(file) for _ in range(4)]
    bench.advance(61)

    def statuses() -> list[str]:
        return [bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json["status"] for job in jobs]

    assert statuses() == ["running", "running", "running", "pending"]
    bench.data("POST", f"/openai/v1/fine_tuning/jobs/{jobs[1]}/cancel")
    assert statuses() == ["running", "cancelled", "running", "running"]
    bench.advance(600)
    assert statuses()[:3] == ["succeeded", "cancelled", "succeeded"]


def test_queue_and_lifetime_limits_refuse_further_jobs(bench: Bench) -> None:
    file = bench.upload(chat_rows(12))
    bench.profile(jobs_queued_max=2, jobs_ever_max=3)
    first = bench.job(file)
    bench.job(file)
    body = {"model": "gpt-4o-mini", "training_file": file}
    queued = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert (queued.status, queued.json["error"]["code"]) == (400, "quotaExceeded")
    assert "queued" in queued.json["error"]["message"]
    bench.data("POST", f"/openai/v1/fine_tuning/jobs/{first}/cancel")
    bench.job(file)
    ever = bench.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert ever.json["error"]["message"] == "The quota for fine-tuning jobs is reached. The maximum is 3."


def test_jobs_are_listed_newest_first_in_pages(bench: Bench, v1: OpenAI) -> None:
    file = bench.upload(chat_rows(12))
    jobs = [bench.job(file) for _ in range(5)]
    page = v1.fine_tuning.jobs.list(limit=2)
    assert [job.id for job in page.data] == jobs[:2:-1]
    assert page.has_more is True
    assert [job.id for job in v1.fine_tuning.jobs.list(limit=2)] == jobs[::-1]


def test_cancel_of_a_finished_job_is_refused_with_a_status_the_sdk_does_not_retry(bench: Bench, v1: OpenAI) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    assert v1.fine_tuning.jobs.cancel(job).status == "cancelled"
    with pytest.raises(BadRequestError) as refusal:
        v1.fine_tuning.jobs.cancel(job)
    assert refusal.value.code == "unexpectedEntityState"


def test_a_paused_job_keeps_the_work_it_has_done(bench: Bench, dated: AzureOpenAI) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(61 + 300)
    assert dated.fine_tuning.jobs.pause(job).status == "pausing"
    bench.advance(61)
    assert dated.fine_tuning.jobs.retrieve(job).status == "paused"
    bench.advance(10_000)
    assert dated.fine_tuning.jobs.resume(job).status == "resuming"
    bench.advance(61)
    assert dated.fine_tuning.jobs.retrieve(job).status == "running"
    bench.advance(200)
    assert dated.fine_tuning.jobs.retrieve(job).status == "running"
    bench.advance(100)
    assert dated.fine_tuning.jobs.retrieve(job).status == "succeeded"


def test_pause_exists_only_where_the_api_version_has_it(bench: Bench) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(100)
    assert bench.data("POST", f"/openai/fine_tuning/jobs/{job}/pause?api-version=2024-10-21").status == 404
    assert bench.data("POST", f"/openai/v1/fine_tuning/jobs/{job}/pause").status == 200


def test_delete_is_dated_only_needs_an_ended_job_and_keeps_the_model(bench: Bench) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    path = f"/openai/fine_tuning/jobs/{job}?api-version=2024-10-21"
    assert bench.data("DELETE", f"/openai/v1/fine_tuning/jobs/{job}").status == 405
    assert bench.data("DELETE", path).json["error"]["code"] == "conflict"
    bench.advance(700)
    model = bench.data("GET", path).json["fine_tuned_model"]
    assert (bench.data("DELETE", path).status, bench.data("GET", path).status) == (204, 404)
    assert bench.data("GET", f"/openai/v1/models/{model}").status == 200


def test_events_are_newest_first_and_say_succeeded_before_the_status_does(bench: Bench, v1: OpenAI) -> None:
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(60 + 575)
    messages = [event.message for event in v1.fine_tuning.jobs.list_events(job).data]
    assert messages[0] == "Model Evaluation Passed."
    assert messages[1] == "Job succeeded."
    assert messages[-2:] == ["Job started.", "Job enqueued. Waiting for jobs ahead to complete."]
    assert v1.fine_tuning.jobs.retrieve(job).status == "running"
    assert len(list(v1.fine_tuning.jobs.list_events(job, limit=2))) == len(messages)


def test_the_last_three_epochs_are_kept_as_checkpoints(bench: Bench, v1: OpenAI) -> None:
    model = bench.trained(hyperparameters={"n_epochs": 4})
    job = "ftjob-" + re.search(r"\.ft-(\w{32})", model)[1]
    kept = v1.fine_tuning.jobs.checkpoints.list(job).data
    assert [entry.step_number for entry in kept] == [48, 36, 24]
    assert [entry.fine_tuned_model_checkpoint for entry in kept] == [
        model,
        f"{model}:ckpt-step-36",
        f"{model}:ckpt-step-24",
    ]


def test_a_model_or_checkpoint_can_be_trained_further_in_its_own_account_only(bench: Bench) -> None:
    parent = bench.trained()
    file = bench.upload(chat_rows(12))
    child = bench.job(file, model=f"{parent}:ckpt-step-24")
    bench.advance(700)
    shown = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{child}").json
    assert shown["model"] == f"{parent}:ckpt-step-24"
    assert shown["fine_tuned_model"] == f"gpt-4o-mini-2024-07-18.ft-{child[6:]}"
    elsewhere = bench.upload(chat_rows(12), account="other")
    body = {"model": parent, "training_file": elsewhere}
    assert bench.data("POST", "/openai/v1/fine_tuning/jobs", body, account="other").status == 400


def test_metadata_is_dropped_unless_the_profile_stores_it(bench: Bench, v1: OpenAI) -> None:
    file = bench.upload(chat_rows(12))
    assert v1.fine_tuning.jobs.retrieve(bench.job(file, metadata={"a": "b"})).metadata is None
    bench.profile(metadata="store")
    assert v1.fine_tuning.jobs.retrieve(bench.job(file, metadata={"a": "b"})).metadata == {"a": "b"}


def test_a_job_longer_than_720_hours_fails(bench: Bench) -> None:
    bench.profile(job_running_seconds=31 * 86_400.0)
    job = bench.job(bench.upload(chat_rows(12)))
    bench.advance(30 * 86_400 + 61)
    shown = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    assert shown["status"] == "failed"
    assert "720 hours" in shown["error"]["message"]
