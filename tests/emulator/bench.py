"""One emulator and every way to talk to it raw, with the small things tests send."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftops.emulator import API_KEY, SUBSCRIPTION, Emulator


@dataclass
class Reply:
    """A raw answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Bench:
    """One emulator and every way to talk to it."""

    def __init__(self, emulator: Emulator | str) -> None:
        self.url = emulator if isinstance(emulator, str) else emulator.url

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One raw request on a connection of its own; underscores in header names are dashes."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, raw, sent)
        answer = connection.getresponse()
        reply = Reply(answer.status, dict(answer.headers.items()), answer.read())
        connection.close()
        return reply

    def data(self, method: str, path: str, body: object = None, *, account: str = "main", **headers: str) -> Reply:
        """A data-plane request with the key; the path starts after the account."""
        return self.ask(method, f"/{account}{path}", body, api_key=API_KEY, **headers)

    def resource(self, method: str, path: str, body: object = None, version: str = "2025-09-01") -> Reply:
        """An ARM request with a token; the path starts after the resource group's provider."""
        start = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/emulator/providers/Microsoft.CognitiveServices"
        return self.ask(method, f"{start}{path}?api-version={version}", body, Authorization=f"Bearer {self.token()}")

    def token(self, resource: str = "https://management.azure.com") -> str:
        address = f"{self.url}/msi/token?resource={resource}&api-version=2019-08-01"
        request = urllib.request.Request(address, headers={"X-IDENTITY-HEADER": "any"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["access_token"])

    def door(self, method: str, name: str, body: object = None) -> Any:
        """What the control door answers, None for nothing; fails when it refuses."""
        reply = self.ask(method, f"/_emulator/{name}", body)
        assert reply.status < 300, reply.body
        return reply.json if reply.body else None

    def advance(self, seconds: float) -> None:
        self.door("PUT", "clock", {"advance_seconds": seconds})

    def profile(self, **values: object) -> None:
        self.door("PUT", "profile", values)

    def upload(self, rows: bytes, *, account: str = "main", filename: str = "train.jsonl") -> str:
        """A processed training file's id."""
        reply = self.send_form(multipart({"purpose": "fine-tune"}, rows, filename), account=account)
        assert reply.status == 200, reply.body
        self.advance(61)
        return str(reply.json["id"])

    def send_form(self, body: bytes, path: str = "/openai/v1/files", *, account: str = "main") -> Reply:
        """A multipart POST as the SDK sends it."""
        return self.data("POST", path, body, account=account, Content_Type="multipart/form-data; boundary=edge")

    def job(self, file: str, *, account: str = "main", **fields: object) -> str:
        """A new job's id."""
        body = {"model": "gpt-4o-mini-2024-07-18", "training_file": file, **fields}
        reply = self.data("POST", "/openai/v1/fine_tuning/jobs", body, account=account)
        assert reply.status == 200, reply.body
        return str(reply.json["id"])

    def trained(self, *, account: str = "main", **fields: object) -> str:
        """The id of a model trained on good rows."""
        job = self.job(self.upload(chat_rows(12), account=account), account=account, **fields)
        self.advance(700)
        seen = self.data("GET", f"/openai/v1/fine_tuning/jobs/{job}", account=account).json
        assert seen["status"] == "succeeded", seen
        return str(seen["fine_tuned_model"])

    def deployed(self, name: str, model: str) -> None:
        """Bring up a deployment of a trained model."""
        assert self.resource("PUT", f"/accounts/main/deployments/{name}", deployment(model)).status == 201
        self.advance(61)


def multipart(fields: Mapping[str, str], content: bytes | None, filename: str = "train.jsonl") -> bytes:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if content is not None:
        head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join(parts) + b"--edge--\r\n"


def chat_rows(count: int) -> bytes:
    row = {"messages": [{"role": "user", "content": "a question"}, {"role": "assistant", "content": "an answer"}]}
    return (json.dumps(row) + "\n").encode() * count


def completion_rows(count: int) -> bytes:
    return (json.dumps({"prompt": "a question", "completion": "an answer"}) + "\n").encode() * count


def deployment(model: str, **sku: object) -> dict[str, object]:
    return {
        "sku": {"name": "Standard", "capacity": 1, **sku},
        "properties": {"model": {"format": "OpenAI", "name": model, "version": "1"}},
    }
