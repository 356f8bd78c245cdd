"""The twenty-two answers that look like something else, from the emulator to the real SDK over a real socket.

The emulator counts: what was sent is in its request log, what was made is in its list of jobs. The stock SDK is asked
the same, so that it shows what there is to count.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest

from ftops.azure import Connections, connect, sdk
from ftops.core.account import EMBEDDED, EMULATOR_RESOURCE_GROUP, EMULATOR_SUBSCRIPTION, Account
from ftops.core.change import Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedFile
from ftops.emulator import API_KEY, Emulator
from tests.emulator.bench import Bench

ROWS = b'{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n' * 12
SILENCE_SECONDS = 0.4


@dataclass(frozen=True)
class Said:
    """One answer: the fault that gives it, whether the job is made all the same, and what it proves."""

    fault: str
    rule: dict[str, Any] = field(default_factory=dict)
    made: bool = True
    kind: str = "unknown"


NOT_MADE = {"when": "before"}
MADE = {"when": "after"}
ANSWERS = {
    "reset, nothing made": Said("C7", NOT_MADE, made=False),
    "reset, job made": Said("C7", MADE),
    "silent close, nothing made": Said("C8", NOT_MADE, made=False),
    "silent close, job made": Said("C8", MADE),
    "timeout, nothing made": Said("C8", {"how": "stall", **NOT_MADE}, made=False),
    "timeout, job made": Said("C8", {"how": "stall", **MADE}),
    "body shorter than its length": Said("C11", {"how": "short"}),
    "chunks without an end": Said("C11", {"how": "cut"}),
    "2xx with cut JSON": Said("C12", {"shape": "cut"}),
    "2xx with an empty body": Said("C12", {"shape": "empty"}),
    "2xx with a web page": Said("C12", {"shape": "html"}),
    "2xx with an empty object": Said("C12", {"shape": "object"}),
    "2xx without an id": Said("C12", {"shape": "nulls"}),
    "307 to the same address": Said("C13", NOT_MADE, made=False),
    "408": Said("C9", {"status": 408, **MADE}),
    "409": Said("C9", {"status": 409, **MADE}),
    "429 in the service's words": Said("C1", {"retry_after_seconds": 0.05}, made=False, kind="throttled"),
    "429 from a proxy": Said("C9", {"status": 429, "body": "html", **MADE}),
    "500": Said("C9", {"status": 500, **MADE}),
    "502": Said("C9", {"status": 502, "body": "html", **MADE}),
    "503": Said("C9", {"status": 503, "body": "unavailable", **MADE}),
    "504": Said("C9", {"status": 504, "body": "empty", **MADE}),
}
#: The same words where nothing was made: nobody can tell the difference, so the verdict may not differ.
NOTHING_MADE = {
    f"{name}, nothing made": Said(said.fault, {**said.rule, **NOT_MADE}, made=False)
    for name, said in ANSWERS.items()
    if said.fault == "C9"
}
#: What the stock SDK makes of one lost answer.
STOCK_SDK_BUYS_THREE = ("reset, job made", "silent close, job made", "408", "409", "500", "502", "503", "504")


class Scene:
    """An emulator with one file to train on."""

    def __init__(self, emulator: Emulator, connections: Connections) -> None:
        self.emulator = emulator
        self.client = connections.client("main")
        self.file: ObservedFile = self.client.upload_file("ftops-a.jsonl", io.BytesIO(ROWS), lambda _: None)

    def door(self, method: str, path: str, body: Any = None) -> Any:
        return Bench(self.emulator).door(method, path, body)

    def says(self, said: Said) -> None:
        self.door("PUT", "faults", {"fault": said.fault, "route": "jobs.create", **said.rule})

    def posts(self) -> list[tuple[str, str | None]]:
        """Every paid request that reached the wire, with the fault that struck it."""
        found = self.door("GET", "requests?method=POST")["requests"]
        return [(entry["path"], entry["fault"]) for entry in found if "fine_tuning/jobs" in entry["path"]]

    def jobs(self) -> list[str | None]:
        """The suffixes of the jobs that there are, faults or not."""
        self.door("DELETE", "faults")
        return [job.suffix for job in self.client.list_jobs()]

    def train(self) -> Train:
        model = "gpt-4o-mini-2024-07-18"
        return Train("abcdefghij", "f", model, self.file.id, None, "s-abcdefghij", 7, "supervised", {}, "Standard")


@pytest.fixture
def scene(emulator: Emulator, connections: Connections) -> Scene:
    return Scene(emulator, connections)


@pytest.fixture
def patient_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "READ_SECONDS", SILENCE_SECONDS)


def test_there_are_twenty_two() -> None:
    assert len(ANSWERS) == 22


@pytest.mark.usefixtures("patient_for_a_moment")
@pytest.mark.parametrize("said", [*ANSWERS.values(), *NOTHING_MADE.values()], ids=[*ANSWERS, *NOTHING_MADE])
def test_one_request_leaves_and_its_answer_is_not_mistaken(scene: Scene, said: Said) -> None:
    scene.says(said)

    with pytest.raises(RemoteError) as caught:
        scene.client.create_job(scene.train())

    assert (caught.value.kind, caught.value.sent) == (said.kind, True)
    assert [fault for _, fault in scene.posts()] == [said.fault]
    assert scene.jobs() == (["s-abcdefghij"] if said.made else [])


def test_without_a_fault_the_same_request_makes_the_job(scene: Scene) -> None:
    job = scene.client.create_job(scene.train())

    assert [fault for _, fault in scene.posts()] == [None]
    assert (job.suffix, scene.jobs()) == ("s-abcdefghij", ["s-abcdefghij"])


@pytest.fixture
def by_the_stock_sdk(emulator: Emulator) -> Iterator[Scene]:
    account = Account("main", EMULATOR_SUBSCRIPTION, EMULATOR_RESOURCE_GROUP, "main", emulator=EMBEDDED, api="v1")
    with connect({"main": account}, emulator_urls={"main": emulator.url}) as connections:
        yield Scene(emulator, connections)


@pytest.mark.e2e
@pytest.mark.parametrize("name", STOCK_SDK_BUYS_THREE)
def test_the_stock_sdk_buys_three_jobs_for_one_lost_answer(by_the_stock_sdk: Scene, name: str) -> None:
    scene = by_the_stock_sdk
    scene.says(ANSWERS[name])
    base = f"{scene.emulator.url}/main/openai/v1"

    with (
        openai.OpenAI(base_url=base, api_key=API_KEY) as client,
        pytest.raises(openai.APIError),
    ):
        client.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=scene.file.id)

    assert len(scene.posts()) == 3
    assert len(scene.jobs()) == 3
