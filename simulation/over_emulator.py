"""The service as the emulator's own code: its dispatcher over its store, in this process, on virtual time.

No socket: a request goes in as the server would hand it over, and answers are read by the same code that reads Azure's.
Slower than `PortService`, so it lives fewer schedules; what it adds is that job and bill are the emulator's.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest import mock

from ftops.azure import reading
from ftops.azure.finetune import job_body
from ftops.core import identity
from ftops.core.change import DeploymentBody, Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob, ObservedModel
from ftops.emulator import clock
from ftops.emulator.body import SizedBody
from ftops.emulator.control_settings import override_profile
from ftops.emulator.dispatch import Dispatcher
from ftops.emulator.exchange import Request
from ftops.emulator.heads import Headers
from ftops.emulator.identity import issue_token
from ftops.emulator.names import API_KEY, RESOURCE_GROUP, SUBSCRIPTION
from ftops.emulator.routes import routes_below
from ftops.emulator.routing import Router
from ftops.emulator.store import Store
from simulation.chance import Chance
from simulation.history import MakeServices
from simulation.scheduler import Scheduler
from simulation.service import Billed, Service, arm_id

_PROFILE: Mapping[str, object] = {
    "file_seconds": 2.0,
    "job_pending_seconds": 300.0,
    "job_running_seconds": 600.0,
    "deployment_seconds": 20.0,
    "request_log": False,
    "id_seed": "simulation",
}
_ARM_VERSION = "api-version=2024-10-01"
_BOUNDARY = "simulated-boundary"


@contextmanager
def emulator_services() -> Iterator[MakeServices]:
    """Makes services over a fresh store; it is gone when the block ends."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        store = Store(Path(directory) / "emulator.db")
        hand = SimpleNamespace(time=lambda: 0.0)

        def make(scheduler: Scheduler, chance: Chance, accounts: frozenset[str]) -> dict[str, Service]:
            hand.time = lambda: scheduler.now
            for alias in sorted(accounts):
                store.ensure_account(alias, None, now=scheduler.now)
            with store.writing() as db:
                override_profile(db, _PROFILE)
                token, _ = issue_token(db, "https://management.azure.com", lifetime_seconds=86_400)
            dispatcher = Dispatcher(store, Router(routes_below))
            return {alias: EmulatorService(alias, dispatcher, token) for alias in sorted(accounts)}

        with mock.patch.object(clock, "time", hand):
            yield make
        store.close()


class EmulatorService:
    """One account of the emulator. Satisfies `service.Service`."""

    def __init__(self, alias: str, dispatcher: Dispatcher, arm_token: str) -> None:
        self.alias = alias
        self.arm_id = arm_id(alias)
        self._dispatcher = dispatcher
        self._arm_token = arm_token

    def list_files(self) -> tuple[ObservedFile, ...]:
        return tuple(reading.file(document) for document in self._listed("/files"))

    def list_jobs(self) -> tuple[ObservedJob, ...]:
        return tuple(reading.job(document) for document in self._listed("/fine_tuning/jobs?limit=100"))

    def list_models(self) -> tuple[ObservedModel, ...]:
        found = (reading.finetuned_model(document) for document in self._listed("/models"))
        return tuple(model for model in found if model is not None)

    def list_deployments(self) -> tuple[ObservedDeployment, ...]:
        return tuple(reading.deployment(document) for document in self._arm("GET", "")["value"])

    def observe_file(self, file_id: str) -> ObservedFile | None:
        document = self._found(f"/files/{file_id}")
        return reading.file(document) if document else None

    def observe_job(self, job_id: str) -> ObservedJob | None:
        document = self._found(f"/fine_tuning/jobs/{job_id}")
        return reading.job(document) if document else None

    def observe_deployment(self, name: str) -> ObservedDeployment | None:
        try:
            return reading.deployment(self._arm("GET", f"/{name}"))
        except RemoteError as error:
            if error.kind == "missing":
                return None
            raise

    def upload(self, name: str, source: BinaryIO) -> ObservedFile:
        parts = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = parts.encode() + source.read() + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return reading.file(self._data("POST", "/files", body, f"multipart/form-data; boundary={_BOUNDARY}"))

    def submit(self, train: Train) -> ObservedJob:
        return reading.job(self._data("POST", "/fine_tuning/jobs", _json(job_body(train, "v1"))))

    def cancel_job(self, job_id: str) -> ObservedJob:
        return reading.job(self._data("POST", f"/fine_tuning/jobs/{job_id}/cancel"))

    def delete_job(self, job_id: str) -> None:
        raise AssertionError("schedules over the emulator have no strangers")

    def delete_file(self, file_id: str) -> None:
        self._gone("DELETE", f"/files/{file_id}")

    def delete_model(self, model_id: str) -> None:
        self._gone("DELETE", f"/models/{model_id}")

    def put_deployment(self, name: str, body: DeploymentBody) -> None:
        model = {"format": body.model_format, "name": body.model_name, "version": body.model_version}
        properties = {
            "model": model,
            "raiPolicyName": body.content_policy,
            "versionUpgradeOption": body.upgrade,
        }
        said = {key: value for key, value in properties.items() if value is not None}
        sku = {"name": body.sku, "capacity": body.capacity}
        self._arm("PUT", f"/{name}", _json({"sku": sku, "properties": said, "tags": dict(body.tags)}))

    def delete_deployment(self, name: str) -> None:
        self._arm("DELETE", f"/{name}")

    def bill(self) -> list[Billed]:
        """The emulator's own meter, of this account."""
        entries = self._ask("GET", "/_emulator/bill", b"", "", {})["jobs"]
        return [
            Billed(self.alias, entry["id"], identity.token_of(entry["suffix"]) or "", entry["paid"])
            for entry in entries
            if entry["account"] == self.alias
        ]

    def _listed(self, path: str) -> list[dict[str, Any]]:
        page = self._data("GET", path)
        assert not page.get("has_more"), "a schedule makes fewer things than fill a page"
        found: list[dict[str, Any]] = page["data"]
        return found

    def _found(self, path: str) -> dict[str, Any] | None:
        try:
            return self._data("GET", path)
        except RemoteError as error:
            if error.kind == "missing":
                return None
            raise

    def _gone(self, method: str, path: str) -> None:
        try:
            self._data(method, path)
        except RemoteError as error:
            if error.kind != "missing":
                raise

    def _data(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
    ) -> dict[str, Any]:
        return self._ask(method, f"/{self.alias}/openai/v1{path}", body, content_type, {"api-key": API_KEY})

    def _arm(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        target = (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.CognitiveServices"
            f"/accounts/{self.alias}/deployments{path}?{_ARM_VERSION}"
        )
        return self._ask(method, target, body, "application/json", {"Authorization": f"Bearer {self._arm_token}"})

    def _ask(self, method: str, target: str, body: bytes, content_type: str, said: Mapping[str, str]) -> dict[str, Any]:
        headers = Headers()
        for name, value in {"Host": "127.0.0.1", "Content-Type": content_type, **said}.items():
            headers.add(name, value)
        answer = self._dispatcher.answer(Request(method, target, headers, SizedBody(io.BytesIO(body), len(body))))
        if answer.status >= 400:
            raise _refusal(method, target, answer.status, answer.payload)
        found: dict[str, Any] = json.loads(json.dumps(answer.payload)) if answer.payload is not None else {}
        return found


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def _refusal(method: str, target: str, status: int, payload: Any) -> RemoteError:
    error = payload.get("error", {}) if isinstance(payload, dict) else {}
    summary = f"{method} {target.partition('?')[0].rpartition('/')[2]}: {error.get('message', status)}"
    assert status < 500, f"the emulator itself is at fault: {summary}"
    kinds = {404: "missing", 409: "busy", 429: "throttled"}
    return RemoteError(kinds.get(status, "rejected"), summary, code=str(error.get("code", "")), status=status)  # type: ignore[arg-type]
