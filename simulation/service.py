"""The service: what Azure is when nothing goes wrong on the way to it, and the bill it keeps.

Two of them behind one protocol: this one, at the executor's port, is quick; `over_emulator` is the emulator's own code.
The judge reads `bill()` and nothing else. No method knows who calls it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeVar

from ftops.core import identity
from ftops.core.change import DeploymentBody, Train
from ftops.core.desired import DesiredFinetune
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob, ObservedModel
from simulation.chance import Chance
from simulation.scheduler import Scheduler
from tests.executor import simulated

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Billed:
    """One job that ever was: which training it is, and whether it costs money."""

    account: str
    job_id: str
    token: str
    paid: bool


class Service(Protocol):
    """One account, asked truthfully and at once."""

    alias: str
    arm_id: str

    def list_files(self) -> tuple[ObservedFile, ...]: ...
    def list_jobs(self) -> tuple[ObservedJob, ...]: ...
    def list_models(self) -> tuple[ObservedModel, ...]: ...
    def list_deployments(self) -> tuple[ObservedDeployment, ...]: ...
    def observe_file(self, file_id: str) -> ObservedFile | None: ...
    def observe_job(self, job_id: str) -> ObservedJob | None: ...
    def observe_deployment(self, name: str) -> ObservedDeployment | None: ...
    def upload(self, name: str, source: BinaryIO) -> ObservedFile: ...
    def submit(self, train: Train) -> ObservedJob: ...
    def cancel_job(self, job_id: str) -> ObservedJob: ...
    def delete_file(self, file_id: str) -> None: ...
    def delete_model(self, model_id: str) -> None: ...
    def delete_job(self, job_id: str) -> None:
        """What a person does with somebody else's job."""

    def put_deployment(self, name: str, body: DeploymentBody) -> None: ...
    def delete_deployment(self, name: str) -> None: ...
    def bill(self) -> list[Billed]: ...


class PortService(simulated.Account):
    """The simulated Azure of the executor's tests, with jobs of drawn lengths and a bill."""

    def __init__(self, alias: str, scheduler: Scheduler, chance: Chance, *, quick: bool = False) -> None:
        course = simulated.Course(
            file_seconds=2, deployment_seconds=5 if quick else 20, job_seconds=10 if quick else 600
        )
        super().__init__(alias, arm_id(alias), scheduler, simulated.Seams(), course)  # type: ignore[arg-type]
        self._chance = chance
        self._quick = quick
        self._starts: dict[str, float] = {}
        self._unpaid: set[str] = set()
        self._tokens: dict[str, str] = {}

    def upload(self, name: str, source: BinaryIO) -> ObservedFile:
        return self.upload_file(name, source, lambda size_bytes: None)

    def submit(self, train: Train) -> ObservedJob:
        job = super().submit(train)
        self._starts[job.id] = self.clock.now + (1 if self._quick else 120 + self._chance.seconds_up_to(1680))
        self.jobs[job.id].ends_at = self._starts[job.id] + self.course.job_seconds
        self._tokens[job.id] = identity.token_of(train.suffix) or ""
        return job

    def cancel_job(self, job_id: str) -> ObservedJob:
        if self.clock.now < self._starts[job_id]:
            self._unpaid.add(job_id)
        return super().cancel_job(job_id)

    def delete_job(self, job_id: str) -> None:
        self.jobs.pop(job_id, None)

    def bill(self) -> list[Billed]:
        return [
            Billed(self.alias, job_id, token, paid=job_id not in self._unpaid) for job_id, token in self._tokens.items()
        ]

    def _call(self, method: str, effect: Callable[[], T]) -> T:
        return effect()


def arm_id(alias: str) -> str:
    return f"/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/{alias}"


def stranger_job(service: Service, training: DesiredFinetune, kind: str) -> Train | None:
    """What somebody who is not ftops asks for: `copy` repeats our suffix over other data, `twin` has our file only."""
    uploaded = [f for f in service.list_files() if identity.content_hex_of(f.name) and f.status == "processed"]
    if kind == "twin" and not uploaded:
        return None
    other = service.upload("by-hand.jsonl", io.BytesIO(rows_of("strange").encode())).id
    return Train(
        token=training.token,
        fingerprint="",
        model=training.base_model or "gpt-4o-mini-2024-07-18",
        training_file=uploaded[0].id if kind == "twin" else other,
        validation_file=None,
        suffix=training.suffix_sent if kind == "copy" else "by-hand",
        seed=(training.seed + 1) % 2**31,
        method="supervised",
        hyperparameters={},
        training_tier="Standard",
    )


def rows_of(name: str, version: int = 0) -> str:
    """Ten chat rows, which is the least that the service takes."""
    row = '{"messages":[{"role":"user","content":"%s %d.%d"},{"role":"assistant","content":"yes"}]}\n'
    return "".join(row % (name, version, number) for number in range(10))
