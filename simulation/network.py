"""The network: one account as one process reaches it, with everything that can go wrong on the way and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, TypeVar

from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import RemoteError
from ftops.core.observed import (
    Observed,
    ObservedAccount,
    ObservedDeployment,
    ObservedFile,
    ObservedJob,
    ObservedModel,
    Unread,
)
from simulation.chance import CLIENT_TIMEOUT_SECONDS, CONNECT_SECONDS, LATE_COMMIT_SECONDS
from simulation.process import Process
from simulation.service import Service

T = TypeVar("T")


class Client:
    """One account as one process reaches it. Satisfies the executor's AccountClient."""

    def __init__(self, process: Process, service: Service) -> None:
        self._process = process
        self._service = service
        self.deleted: list[str] = []

    @property
    def alias(self) -> str:
        return self._service.alias

    @property
    def arm_id(self) -> str:
        return self._service.arm_id

    def list_files(self) -> tuple[ObservedFile, ...]:
        return self._read("list_files", self._service.list_files)

    def list_jobs(self) -> tuple[ObservedJob, ...]:
        return self._read("list_jobs", self._visible_jobs)

    def list_models(self) -> tuple[ObservedModel, ...]:
        return self._read("list_models", self._service.list_models)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        return self._read("list_deployments", self._service.list_deployments)

    def observe_file(self, file_id: str) -> ObservedFile | None:
        return self._read("observe_file", lambda: self._service.observe_file(file_id))

    def observe_job(self, job_id: str) -> ObservedJob | None:
        return self._read("observe_job", lambda: self._service.observe_job(job_id))

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        return self._read("observe_deployment", lambda: self._service.observe_deployment(name))

    def upload_file(self, name: str, source: BinaryIO, on_progress: Callable[[int], None]) -> ObservedFile:
        return self._write("upload_file", lambda: self._service.upload(name, source))

    def cancel_job(self, job_id: str) -> ObservedJob:
        return self._write("cancel_job", lambda: self._service.cancel_job(job_id))

    def delete_file(self, file_id: str) -> None:
        self.deleted.append(file_id)
        self._write("delete_file", lambda: self._service.delete_file(file_id))

    def delete_model(self, model_id: str) -> None:
        self.deleted.append(model_id)
        self._write("delete_model", lambda: self._service.delete_model(model_id))

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        self._write("put_deployment", lambda: self._service.put_deployment(name, body))

    def delete_deployment(self, name: str) -> None:
        self.deleted.append(name)
        self._write("delete_deployment", lambda: self._service.delete_deployment(name))

    def create_job(self, train: Train) -> ObservedJob:
        """The paid call. A pause before the first byte is what the protocol cannot see: it has a rate of its own."""
        process, chance = self._process, self._process.chance
        process.die_perhaps("create_job", "before")
        process.pause(chance.pause_before_send_seconds(), "the socket")
        outcome = chance.post()
        process.world.outcomes[outcome.name] += 1
        process.say(f"POST {train.suffix}: {outcome.name}")
        made: list[ObservedJob | RemoteError] = []
        leaves = chance.seconds_up_to(CONNECT_SECONDS)
        answered = leaves + (chance.seconds_up_to(CLIENT_TIMEOUT_SECONDS) if outcome.told == "nothing" else 0.0)
        if outcome.told != "unavailable":
            process.world.count_post(self._service, train)
        if outcome.commit != "never":
            # What has been handed to the network does not stop when its sender does.
            late = outcome.commit == "late"
            arrives = answered + chance.seconds_up_to(LATE_COMMIT_SECONDS) if late else leaves
            scheduler = process.world.scheduler
            scheduler.at(scheduler.now + arrives, lambda: made.append(process.world.submit(self._service, train)))
        process.world.note_post()
        process.spend(answered)
        process.seam("create_job", "after")
        return _told(outcome.told, made)

    def _visible_jobs(self) -> tuple[ObservedJob, ...]:
        now, visible_at = self._process.world.scheduler.now, self._process.world.visible_at
        alias = self._service.alias  # ids are counted in each account, so two have the same
        return tuple(job for job in self._service.list_jobs() if visible_at.get((alias, job.id), now) <= now)

    def _read(self, seam: str, effect: Callable[[], T]) -> T:
        def answered() -> T:
            if self._down(seam):
                raise RemoteError("unavailable", f"{seam}: the service is not available")
            return effect()

        return self._process.call(seam, answered)

    def _down(self, seam: str) -> bool:
        """Whether this read fails: alone, or in an outage of its route that lasts a while."""
        down, now = self._process.world.down_until, self._process.world.scheduler.now
        if self._process.chance.read_fails(seam):
            down[seam] = max(down.get(seam, now), now + self._process.chance.outage_seconds())
            return True
        return now < down.get(seam, now)

    def _write(self, seam: str, effect: Callable[[], T]) -> T:
        def answered() -> T:
            fate = self._process.chance.write()
            if fate == "never arrived":
                raise RemoteError("unknown", f"{seam}: the connection was reset")
            result = effect()
            self._process.say(seam)
            if fate == "answer lost":
                raise RemoteError("unknown", f"{seam}: the answer was lost")
            return result

        return self._process.call(seam, answered)


def _told(told: str, made: list[ObservedJob | RemoteError]) -> ObservedJob:
    """What the transport makes of the answer. A refusal is told as such even where a job was to be."""
    answer = made[0] if told in ("job", "no id") else None
    if isinstance(answer, RemoteError):
        raise answer
    match told:
        case "job" if answer is not None:
            return answer
        case "no id" if answer is not None:
            return replace(answer, id="")
        case "garbage":
            raise ValueError("Expecting value: line 1 column 1 (char 0)")
        case "rejected":
            raise RemoteError("rejected", "creating the job: invalidPayload", code="invalidPayload", status=400)
        case "throttled":
            raise RemoteError("throttled", "creating the job: 429", code="429", status=429, retry_after_seconds=10)
        case "unavailable":
            raise RemoteError("unavailable", "creating the job: connection refused", sent=False)
    raise RemoteError("unknown", "creating the job: no answer that can be read")


def survey(clients: Mapping[str, Client]) -> Observed:
    """What `ftops.azure.survey` does, one listing after another."""
    accounts: dict[str, ObservedAccount] = {}
    unread: list[Unread] = []
    for alias, client in clients.items():
        listed: dict[str, tuple[object, ...]] = {}
        for what, listing in (
            ("files", client.list_files),
            ("jobs", client.list_jobs),
            ("models", client.list_models),
            ("deployments", client.list_deployments),
        ):
            try:
                listed[what] = listing()
            except RemoteError as error:
                unread.append(Unread(alias, what, error.summary))
        accounts[alias] = ObservedAccount(alias, client.arm_id, **listed)  # type: ignore[arg-type]
    return Observed(accounts, tuple(unread))
