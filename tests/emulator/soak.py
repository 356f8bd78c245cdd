"""Random legal calls over simulated months, and what must be true of the store afterwards.

In: an emulator and a seed. Out: the same calls for the same seed. Every answer must be one that Azure could give to a
legal call: a success, or a refusal that the state of the account explains.
"""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftops.emulator import API_KEY, SUBSCRIPTION
from tests.emulator.bench import Bench, chat_rows, deployment, multipart

DAY_SECONDS = 86_400.0
ACCOUNTS = ("main", "other")
ARM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/emulator/providers/Microsoft.CognitiveServices/accounts"
#: Old operations are forgotten every 64 requests; those of a day may be there.
OPERATIONS_MAX = 70
#: What the state of an account may explain: a quota, a status, something gone, a write in flight.
EXPLAINED = frozenset({400, 404, 409})


@dataclass
class Soak:
    """One client that does what it likes, within the rules."""

    url: str
    seed: int
    answered: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._token = Bench(self.url).token()
        self._connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        self._known: dict[str, dict[str, list[str]]] = {
            account: {"files": [], "jobs": [], "models": [], "deployments": []} for account in ACCOUNTS
        }
        self._acts: list[tuple[int, Callable[[str], None]]] = [
            (8, self._upload),
            (6, self._create),
            (12, self._observe_job),
            (10, self._list),
            (3, self._act_on_job),
            (4, self._delete_file),
            (8, self._deploy),
            (12, self._chat),
            (4, self._delete_deployment),
            (8, self._observe_deployment),
        ]

    def step(self, seconds: float) -> None:
        """One random call, after `seconds` of simulated time."""
        self._ask("PUT", "/_emulator/clock", {"advance_seconds": seconds}, expected=frozenset({200}))
        account = self._chance.choice(ACCOUNTS)
        (act,) = self._chance.choices([act for _, act in self._acts], [weight for weight, _ in self._acts])
        act(account)

    def close(self) -> None:
        self._connection.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        kind: str = "application/json",
        expected: frozenset[int] = EXPLAINED | {200, 201, 202, 204},
    ) -> Any:
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, "api-key": API_KEY, "Authorization": f"Bearer {self._token}"}
        if not path.startswith("/subscriptions"):
            del headers["Authorization"]
        self._connection.request(method, path, raw, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self.answered[answer.status] += 1
        assert answer.status in expected, (method, path, answer.status, content[:300])
        return json.loads(content) if content and answer.status < 300 else None

    def _data(self, account: str, method: str, path: str, body: object = None, **more: Any) -> Any:
        return self._ask(method, f"/{account}/openai/v1/{path}", body, **more)

    def _some(self, account: str, what: str) -> str | None:
        known = self._known[account][what]
        return self._chance.choice(known) if known else None

    def _upload(self, account: str) -> None:
        form = multipart({"purpose": "fine-tune"}, chat_rows(self._chance.randint(10, 60)))
        made = self._data(account, "POST", "files", form, kind="multipart/form-data; boundary=edge")
        if made:
            self._known[account]["files"].append(made["id"])

    def _create(self, account: str) -> None:
        file = self._some(account, "files")
        if file is None:
            return
        body = {
            "model": self._chance.choice(["gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14", "gpt-4o-2024-08-06"]),
            "training_file": file,
            "suffix": f"soak-{self._chance.randint(0, 99)}",
            "trainingType": self._chance.choice(["Standard", "GlobalStandard", "Developer"]),
        }
        made = self._data(account, "POST", "fine_tuning/jobs", body)
        if made:
            self._known[account]["jobs"].append(made["id"])

    def _observe_job(self, account: str) -> None:
        job = self._some(account, "jobs")
        if job is None:
            return
        more = self._chance.choice(["", "/events", "/checkpoints"])
        seen = self._data(account, "GET", f"fine_tuning/jobs/{job}{more}")
        if seen and seen.get("fine_tuned_model") and seen["fine_tuned_model"] not in self._known[account]["models"]:
            self._known[account]["models"].append(seen["fine_tuned_model"])

    def _list(self, account: str) -> None:
        self._data(account, "GET", self._chance.choice(["files", "models", "fine_tuning/jobs?limit=50"]))

    def _act_on_job(self, account: str) -> None:
        job = self._some(account, "jobs")
        if job is not None:
            act = self._chance.choice(["cancel", "pause", "resume"])
            self._data(account, "POST", f"fine_tuning/jobs/{job}/{act}")

    def _delete_file(self, account: str) -> None:
        file = self._some(account, "files")
        if file is not None:
            self._data(account, "DELETE", f"files/{file}")
            self._known[account]["files"].remove(file)

    def _deploy(self, account: str) -> None:
        model = self._some(account, "models")
        name = f"d{self._chance.randint(0, 5)}"
        body = deployment(model) if model else None
        if body is None or self._chance.random() < 0.3:
            body = {
                "sku": {"name": "GlobalStandard", "capacity": self._chance.randint(1, 9)},
                "properties": {"model": {"format": "OpenAI", "name": "gpt-4o"}},
            }
        self._arm(account, "PUT", name, body)
        if name not in self._known[account]["deployments"]:
            self._known[account]["deployments"].append(name)

    def _chat(self, account: str) -> None:
        name = self._some(account, "deployments")
        if name is not None:
            body = {"model": name, "messages": [{"role": "user", "content": "hello"}]}
            self._data(account, "POST", "chat/completions", body)

    def _delete_deployment(self, account: str) -> None:
        if (name := self._some(account, "deployments")) is not None:
            self._arm(account, "DELETE", name)

    def _observe_deployment(self, account: str) -> None:
        if (name := self._some(account, "deployments")) is not None:
            self._arm(account, "GET", name)

    def _arm(self, account: str, method: str, name: str, body: object = None) -> None:
        self._ask(method, f"{ARM}/{account}/deployments/{name}?api-version=2025-09-01", body)


def store_bytes(store: Path) -> int:
    """The database with its log, and the contents beside it."""
    files = [path for path in store.parent.iterdir() if path.name.startswith(store.name) and path.is_file()]
    contents = store.with_name(store.name + ".files")
    return sum(path.stat().st_size for path in (*files, *contents.glob("*")))


def check_invariants(store: Path, bench: Bench) -> None:
    """What must be true of any store at any time."""
    with sqlite3.connect(store) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        contents = {path.name for path in store.with_name(store.name + ".files").glob("*")}
        assert contents == {row[0] for row in db.execute("SELECT id FROM files")}
        assert db.execute("SELECT count(*) FROM job_acts WHERE job NOT IN (SELECT id FROM jobs)").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM requests").fetchone()[0] <= 2000 + 64
        assert db.execute("SELECT count(*) FROM operations").fetchone()[0] <= OPERATIONS_MAX
    for account in ACCOUNTS:
        _check_account(bench, account)
    bill = bench.ask("GET", "/_emulator/bill").json
    assert round(sum(entry["usd"] for entry in (*bill["jobs"], *bill["deployments"])), 2) == round(bill["total_usd"], 2)


def _check_account(bench: Bench, account: str) -> None:
    jobs = bench.data("GET", "/openai/v1/fine_tuning/jobs?limit=100", account=account).json["data"]
    statuses = Counter(job["status"] for job in jobs)
    assert len(jobs) <= 100
    assert statuses["running"] <= 3 + 5
    assert statuses["pending"] <= 20
    models = {model["id"] for model in bench.data("GET", "/openai/v1/models", account=account).json["data"]}
    for job in jobs:
        assert ("fine_tuned_model" in job) == (job["status"] == "succeeded"), job
        assert ("finished_at" in job) == (job["status"] in ("succeeded", "failed", "cancelled")), job
        assert job["status"] != "succeeded" or job["fine_tuned_model"] in models
    files = bench.data("GET", "/openai/v1/files", account=account).json["data"]
    uploaded = [file for file in files if file["purpose"] == "fine-tune"]
    assert len(uploaded) <= 100
    for file in uploaded:
        content = bench.data("GET", f"/openai/v1/files/{file['id']}/content", account=account).body
        assert len(content) == file["bytes"]
    path = f"{ARM}/{account}/deployments?api-version=2025-09-01"
    listed = bench.ask("GET", path, Authorization=f"Bearer {bench.token()}").json["value"]
    names = [found["name"].lower() for found in listed]
    assert len(names) == len(set(names))
    custom = [found for found in listed if ".ft-" in found["properties"]["model"]["name"]]
    assert len(custom) <= 10
