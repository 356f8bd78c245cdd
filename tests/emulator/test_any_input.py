"""Whatever is sent, the emulator answers for itself: a refusal or a success, never its own failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftops.emulator import Emulator
from tests.emulator.bench import Bench, chat_rows

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["type", "name", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
JOB_FIELDS = ["model", "training_file", "validation_file", "hyperparameters", "suffix", "seed", "method", "metadata",
              "trainingType", "integrations"]  # fmt: skip
METHODS = st.fixed_dictionaries(
    {"type": st.sampled_from(["supervised", "dpo", "reinforcement"])},
    optional={"supervised": JSON, "dpo": JSON, "reinforcement": JSON},
)
HYPERPARAMETERS = st.dictionaries(st.sampled_from(["n_epochs", "batch_size", "reasoning_effort", "beta"]), JSON)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    store: Path = tmp_path_factory.mktemp("emulator") / "e.db"
    limits = {"jobs_ever_max": 10_000, "jobs_queued_max": 10_000, "deployment_seconds": 0, "file_seconds": 0}
    with Emulator(store, accounts={"main": None}, profile=limits) as emulator:
        yield Bench(emulator)


@pytest.fixture(scope="module")
def file(shared: Bench) -> str:
    return shared.upload(chat_rows(12))


@EXAMPLES
@given(
    fields=st.dictionaries(st.sampled_from(JOB_FIELDS), JSON, max_size=3),
    method=st.one_of(st.none(), METHODS),
    hyperparameters=st.one_of(st.none(), HYPERPARAMETERS),
)
def test_any_job_request_is_accepted_or_refused(
    shared: Bench, file: str, fields: dict[str, Any], method: Any, hyperparameters: Any
) -> None:
    body = {"model": "gpt-4o", "training_file": file, "method": method, "hyperparameters": hyperparameters, **fields}
    reply = shared.data("POST", "/openai/v1/fine_tuning/jobs", body)
    assert reply.status in (200, 400), reply.body


@EXAMPLES
@given(
    top=st.dictionaries(st.sampled_from(["sku", "tags", "properties"]), JSON, max_size=2),
    model=st.dictionaries(st.sampled_from(["name", "format", "version", "source"]), JSON),
    sku=st.dictionaries(st.sampled_from(["name", "capacity"]), JSON),
)
def test_any_deployment_body_is_accepted_or_refused(
    shared: Bench, top: dict[str, Any], model: dict[str, Any], sku: dict[str, Any]
) -> None:
    body = {"sku": sku, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o", **model}}, **top}
    for method in ("PUT", "PATCH"):
        reply = shared.resource(method, "/accounts/main/deployments/any", body)
        assert reply.status in (200, 201, 202, 400, 404), reply.body


@EXAMPLES
@given(fields=st.dictionaries(st.sampled_from(["model", "messages", "stream", "prompt"]), JSON))
def test_any_chat_body_is_answered_or_refused(shared: Bench, fields: dict[str, Any]) -> None:
    reply = shared.data("POST", "/openai/v1/chat/completions", fields)
    assert reply.status in (200, 400, 404), reply.body


def test_half_a_surrogate_pair_is_refused(shared: Bench) -> None:
    body = b'{"model": "gpt-4o", "training_file": "\\ud800"}'
    assert shared.data("POST", "/openai/v1/fine_tuning/jobs", body).status == 400


def test_two_thousand_million_epochs_are_no_trouble_to_read(shared: Bench, file: str) -> None:
    shared.profile(trained_tokens_max=10**15, job_running_seconds=1)
    job = shared.job(file, hyperparameters={"n_epochs": 2**31 - 1})
    shared.advance(10)
    seen = shared.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").json
    assert seen["status"] == "succeeded"
    assert len(shared.data("GET", f"/openai/v1/fine_tuning/jobs/{job}/checkpoints").json["data"]) == 3
    assert shared.data("GET", f"/openai/v1/fine_tuning/jobs/{job}/events").status == 200
    results = shared.data("GET", f"/openai/v1/files/{seen['result_files'][0]}").json
    content = shared.data("GET", f"/openai/v1/files/{results['id']}/content").body
    assert results["bytes"] == len(content)
    shared.profile(trained_tokens_max=None)
