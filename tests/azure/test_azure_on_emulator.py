"""The whole way through the real SDKs against the emulator, on every form of the data plane."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ftops.azure import Answer, Connections, survey
from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import FtopsError, RemoteError
from ftops.embedded import start_embedded

CHAT = b'{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n' * 12
COMPLETION = b'{"prompt":"q","completion":"a"}\n' * 12


def trained(connections: Connections, model: str, rows: bytes) -> str:
    """Uploads, trains, and returns the model's id."""
    client = connections.client("main")
    file = client.upload_file("ftops-a.jsonl", io.BytesIO(rows), lambda _: None)
    observed = client.observe_file(file.id)
    assert observed is not None
    assert (observed.status, observed.size_bytes, observed.name) == ("processed", len(rows), "ftops-a.jsonl")
    train = Train("abcdefghij", "f", model, file.id, None, "s-abcdefghij", 7, "supervised", {"n_epochs": 2}, "Standard")
    created = client.create_job(train)
    job = client.observe_job(created.id)
    assert job is not None
    assert (job.status, job.suffix, job.seed, job.training_file) == ("succeeded", "s-abcdefghij", 7, file.id)
    assert job.hyperparameters["n_epochs"] == 2
    assert job.fine_tuned_model is not None
    return job.fine_tuned_model


def served(model: str, **changes: object) -> DeploymentBody:
    fields = {
        "model_name": model,
        "model_format": "OpenAI",
        "model_version": "1",
        "source": None,
        "sku": "Standard",
        "capacity": 5,
        "content_policy": None,
        "upgrade": None,
        "tags": {"ftops-project": "bots"},
        **changes,
    }
    return DeploymentBody(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("base", "rows"), [("gpt-4o-mini-2024-07-18", CHAT), ("babbage-002", COMPLETION)])
def test_from_rows_to_an_answer(connections: Connections, base: str, rows: bytes):
    client = connections.client("main")
    model = trained(connections, base, rows)

    client.put_deployment("bot", served(model))
    deployment = client.observe_deployment("bot")
    answered = client.ask("bot", "hello")

    assert deployment is not None
    assert (deployment.provisioning, deployment.model_name, deployment.capacity) == ("Succeeded", model, 5)
    assert deployment.tags == {"ftops-project": "bots"}
    assert isinstance(answered, Answer)
    assert answered.model == model
    assert "hello" in answered.text


def test_a_survey_shows_what_was_made(connections: Connections):
    model = trained(connections, "gpt-4o-mini-2024-07-18", CHAT)
    connections.client("main").put_deployment("bot", served(model))

    observed = survey(connections, ["main", "eu"])

    main, eu = observed.accounts["main"], observed.accounts["eu"]
    assert observed.complete
    assert [one.status for one in main.jobs] == ["succeeded"]
    assert [one.id for one in main.models] == [model]
    assert [one.model_name for one in main.deployments] == [model]
    assert {one.purpose for one in main.files} == {"fine-tune", "fine-tune-results"}
    assert (eu.location, eu.files, eu.jobs, eu.models, eu.deployments) == ("swedencentral", (), (), (), ())


def test_a_model_of_another_account_is_served_with_its_source(connections: Connections):
    model = trained(connections, "gpt-4o-mini-2024-07-18", CHAT)
    source = connections.client("main").arm_id

    connections.client("eu").put_deployment("bot", served(model, source=source))
    deployment = connections.client("eu").observe_deployment("bot")

    assert deployment is not None
    assert (deployment.source or "").lower() == source


def test_events_and_checkpoints_are_told_oldest_first(connections: Connections):
    client = connections.client("main")
    model = trained(connections, "gpt-4o-mini-2024-07-18", CHAT)
    (job,) = client.list_jobs()

    events = client.list_events(job.id)
    checkpoints = client.list_checkpoints(job.id)

    assert events[0].message == "Job enqueued. Waiting for jobs ahead to complete."
    assert [one.created_at for one in events] == sorted(one.created_at for one in events)
    assert [one.step for one in checkpoints] == sorted(one.step for one in checkpoints)
    assert checkpoints[-1].model == model


def test_deleting_twice_is_done_twice(connections: Connections):
    client = connections.client("main")
    model = trained(connections, "gpt-4o-mini-2024-07-18", CHAT)
    (job,) = client.list_jobs()
    client.put_deployment("bot", served(model))

    for _ in range(2):
        client.delete_deployment("bot")
        client.delete_file(job.training_file)

    assert client.observe_deployment("bot") is None
    assert client.observe_file(job.training_file) is None


def test_refusals_are_told_in_the_services_words(connections: Connections):
    client = connections.client("main")
    trained(connections, "gpt-4o-mini-2024-07-18", CHAT)
    (job,) = client.list_jobs()

    with pytest.raises(RemoteError) as cancelled:
        client.cancel_job(job.id)
    with pytest.raises(RemoteError) as asked:
        client.ask("nobody", "hello")

    assert (cancelled.value.kind, cancelled.value.code) == ("rejected", "unexpectedEntityState")
    assert asked.value.kind == "missing"
    assert client.observe_job("ftjob-" + "0" * 32) is None


def test_the_embedded_emulator_has_the_accounts_it_was_given(tmp_path: Path):
    with start_embedded(tmp_path / "emulator.db", {"main": None}) as embedded:
        assert embedded.url.startswith("http://127.0.0.1:")


def test_a_store_that_is_none_is_told_as_such(tmp_path: Path):
    store = tmp_path / "emulator.db"
    store.write_bytes(b"not a database" * 100)

    with pytest.raises(FtopsError, match="starting the embedded emulator over"), start_embedded(store, {"main": None}):
        pass
