"""Checkpoints copied to another account: behind a header, in time, and usable where they land."""

from __future__ import annotations

from typing import Any

import pytest

from ftops.emulator import SUBSCRIPTION
from tests.emulator.bench import Bench, Reply, chat_rows

ACCOUNTS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/emulator/providers/Microsoft.CognitiveServices/accounts"
OTHER = {"destinationResourceId": f"{ACCOUNTS}/other", "region": "swedencentral"}
PREVIEW = {"aoai_copy_ft_checkpoints": "preview"}


def trained_checkpoint(bench: Bench) -> dict[str, Any]:
    """The second last checkpoint of a finished job of account main."""
    bench.trained()
    job = bench.data("GET", "/openai/v1/fine_tuning/jobs").json["data"][0]["id"]
    found: dict[str, Any] = bench.data("GET", f"/openai/v1/fine_tuning/jobs/{job}/checkpoints").json["data"][1]
    return found


@pytest.fixture
def checkpoint(bench: Bench) -> dict[str, Any]:
    """A checkpoint of account main; account other has trained before, copies take a minute."""
    bench.profile(copy_seconds=60.0)
    bench.trained(account="other")
    return trained_checkpoint(bench)


def path_of(checkpoint: dict[str, Any]) -> str:
    return f"/openai/v1/fine_tuning/jobs/{checkpoint['fine_tuning_job_id']}/checkpoints/{checkpoint['id']}/copy"


def copy(bench: Bench, checkpoint: dict[str, Any], **changes: object) -> Reply:
    return bench.data("POST", path_of(checkpoint), {**OTHER, **changes}, **PREVIEW)


def train_further(bench: Bench, name: str) -> Reply:
    file = bench.upload(chat_rows(12), account="other")
    body = {"model": name, "training_file": file}
    return bench.data("POST", "/openai/v1/fine_tuning/jobs", body, account="other")


def test_a_copy_takes_time_and_then_trains_and_deploys_at_its_destination(
    bench: Bench, checkpoint: dict[str, Any]
) -> None:
    name = checkpoint["fine_tuned_model_checkpoint"]
    assert train_further(bench, name).status == 400
    assert copy(bench, checkpoint).json == {
        "checkpointedModelName": name,
        "fineTuningJobId": checkpoint["fine_tuning_job_id"],
        "copiedAccountDetails": [{**OTHER, "status": "InProgress"}],
    }
    bench.advance(61)
    polled = bench.data("GET", path_of(checkpoint), **PREVIEW).json
    assert polled["copiedAccountDetails"] == [{**OTHER, "status": "Completed"}]
    assert train_further(bench, name).json["model"] == name
    listed = [model["id"] for model in bench.data("GET", "/openai/v1/models", account="other").json["data"]]
    assert name not in listed


def test_a_destination_that_never_trained_ends_in_failed(bench: Bench) -> None:
    checkpoint = trained_checkpoint(bench)
    assert copy(bench, checkpoint).status == 200
    bench.advance(61)
    polled = bench.data("GET", path_of(checkpoint), **PREVIEW).json
    assert [detail["status"] for detail in polled["copiedAccountDetails"]] == ["Failed"]
    assert train_further(bench, checkpoint["fine_tuned_model_checkpoint"]).status == 400


def test_a_copy_to_where_it_is_ends_in_failed(bench: Bench, checkpoint: dict[str, Any]) -> None:
    assert copy(bench, checkpoint, destinationResourceId=f"{ACCOUNTS}/main", region="eastus2").status == 200
    bench.advance(61)
    details = bench.data("GET", path_of(checkpoint), **PREVIEW).json["copiedAccountDetails"]
    assert [detail["status"] for detail in details] == ["Failed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"destinationResourceId": f"{ACCOUNTS}/nowhere"},
        {"destinationResourceId": "other"},
        {"region": "westus"},
        {"colour": "red"},
    ],
)
def test_a_copy_that_makes_no_sense_is_refused(
    bench: Bench, checkpoint: dict[str, Any], changes: dict[str, object]
) -> None:
    refused = copy(bench, checkpoint, **changes)
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalidPayload")
    assert bench.data("GET", path_of(checkpoint), **PREVIEW).json["copiedAccountDetails"] == []


def test_without_the_preview_header_there_is_no_such_route(bench: Bench, checkpoint: dict[str, Any]) -> None:
    assert bench.data("POST", path_of(checkpoint), OTHER).status == 404
    assert bench.data("GET", path_of(checkpoint)).status == 404


def test_an_unknown_checkpoint_cannot_be_copied(bench: Bench, checkpoint: dict[str, Any]) -> None:
    missing = copy(bench, {**checkpoint, "id": "ftchkpt-" + "0" * 32})
    assert (missing.status, missing.json["error"]["code"]) == (404, "notFound")
