"""AccountClient: everything ftops can do in one account, in one object. Satisfies the executor's port of that name.

In: ids and acts. Out: observed values, or RemoteError. It adds nothing: data plane and ARM do the work, and what each
method promises is said at the port (`ftops.executor.ports`) and in the modules it calls.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import BinaryIO

from ftops.azure import dataset, finetune, inference, models
from ftops.azure.access import Access, Once
from ftops.azure.data_plane import DataPlane
from ftops.azure.deployment import AccountFacts, ControlPlane
from ftops.azure.inference import Answer
from ftops.azure.reading import JobCheckpoint, JobEvent
from ftops.core.account import Account
from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob, ObservedModel


class AccountClient:
    """One account. Threads may share it; nothing is sent before the first method is called."""

    def __init__(
        self, account: Account, access: Access, http: Once, reader: Once, arm: Once, closing: threading.Event
    ) -> None:
        self._account = account
        self._access = access
        self._control = ControlPlane(account, access, reader, arm, closing)
        self._facts = Once(self._control.observe_account)
        self._data = DataPlane(account, access, self.endpoint, http, closing)

    @property
    def alias(self) -> str:
        return self._account.alias

    @property
    def arm_id(self) -> str:
        return self._account.arm_id

    def endpoint(self) -> str:
        """Where the data plane is, without a slash at the end: as ftops.yaml says, else as ARM says."""
        return self._access.checked_endpoint(self._account.endpoint or self._facts.get().endpoint)

    def location(self) -> str:
        """The region: as ftops.yaml says, else as ARM says."""
        return self._account.location or str(self._facts.get().location)

    def observe_account(self) -> AccountFacts:
        return self._control.observe_account()

    def list_files(self) -> tuple[ObservedFile, ...]:
        return dataset.list_files(self._data)

    def list_jobs(self) -> tuple[ObservedJob, ...]:
        return finetune.list_jobs(self._data)

    def list_models(self) -> tuple[ObservedModel, ...]:
        return models.list_models(self._data)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        return self._control.list_deployments()

    def observe_file(self, file_id: str) -> ObservedFile | None:
        return dataset.observe_file(self._data, file_id)

    def observe_job(self, job_id: str) -> ObservedJob | None:
        return finetune.observe_job(self._data, job_id)

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        return self._control.observe_deployment(name)

    def upload_file(self, name: str, source: BinaryIO, on_progress: Callable[[int], None]) -> ObservedFile:
        return dataset.upload_file(self._data, name, source, on_progress)

    def create_job(self, train: Train) -> ObservedJob:
        return finetune.create_job(self._data, train, self._account.api)

    def cancel_job(self, job_id: str) -> ObservedJob:
        return finetune.act_on_job(self._data, job_id, "cancel")

    def pause_job(self, job_id: str) -> ObservedJob:
        return finetune.act_on_job(self._data, job_id, "pause")

    def resume_job(self, job_id: str) -> ObservedJob:
        return finetune.act_on_job(self._data, job_id, "resume")

    def list_events(self, job_id: str) -> tuple[JobEvent, ...]:
        return finetune.list_events(self._data, job_id)

    def list_checkpoints(self, job_id: str) -> tuple[JobCheckpoint, ...]:
        return finetune.list_checkpoints(self._data, job_id)

    def delete_file(self, file_id: str) -> None:
        dataset.delete_file(self._data, file_id)

    def delete_model(self, model_id: str) -> None:
        models.delete_model(self._data, model_id)

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        self._control.put_deployment(name, body)

    def delete_deployment(self, name: str) -> None:
        self._control.delete_deployment(name)

    def ask(self, deployment: str, prompt: str) -> Answer:
        """One question to a deployment. Raises RemoteError `missing` when there is no such deployment."""
        observed = self._control.observe_deployment(deployment)
        if observed is None:
            raise RemoteError(
                "missing", f"asking deployment {deployment} of account {self.alias}: there is no such deployment"
            )
        return inference.ask(self._data, deployment, observed.model_name, prompt)
