"""The control door: clock, seeded worlds, snapshots, the request log."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator import Emulator
from ftops.emulator.clock import ClockRow
from tests.emulator.bench import Bench, chat_rows, completion_rows

JOBS = "/openai/v1/fine_tuning/jobs"
NEW_YEAR = 1_798_761_600.0  # 2027-01-01T00:00:00Z


def clock(bench: Bench, **body: Any) -> dict[str, Any]:
    reply = bench.ask("PUT", "/_emulator/clock", body)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def seed(bench: Bench, **world: Any) -> dict[str, Any]:
    reply = bench.ask("POST", "/_emulator/seed", {"format": "ftops.emulator-world/1", **world})
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def snapshot(bench: Bench) -> bytes:
    reply = bench.ask("GET", "/_emulator/snapshot")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/x-tar")
    return reply.body


def restore(bench: Bench, content: bytes) -> int:
    return bench.ask("PUT", "/_emulator/snapshot", content, Content_Type="application/x-tar").status


# --- clock ---------------------------------------------------------------------------------------------------------


def test_a_frozen_clock_stands_until_it_is_moved_or_let_go(bench: Bench) -> None:
    frozen = clock(bench, now=NEW_YEAR, freeze=True)
    assert frozen["now"] == NEW_YEAR
    assert bench.ask("GET", "/_emulator/clock").json["now"] == NEW_YEAR
    assert clock(bench, advance_seconds=3600)["now"] == NEW_YEAR + 3600
    assert clock(bench, now="2027-01-01T02:00:00Z")["now"] == NEW_YEAR + 7200
    gone_on = clock(bench, freeze=False)
    assert gone_on["frozen_at"] is None
    assert NEW_YEAR + 7200 <= gone_on["now"] < NEW_YEAR + 7260


def test_time_runs_faster_from_the_moment_it_is_told_to() -> None:
    row = ClockRow(offset_seconds=100.0, frozen_at=None, speed=60.0, speed_since=1000.0)
    assert row.at(1000.0) == 1100.0
    assert row.at(1001.0) == 1160.0


def test_changing_the_speed_moves_no_instant(bench: Bench) -> None:
    clock(bench, now=NEW_YEAR, freeze=True)
    for speed in (60, 0.5, 1):
        assert clock(bench, speed=speed)["now"] == NEW_YEAR
    assert clock(bench, freeze=False, speed=1000)["speed"] == 1000
    assert clock(bench, speed=1)["now"] < NEW_YEAR + 60_000


@pytest.mark.parametrize(
    "body",
    [
        {"speed": 0},
        {"speed": -1},
        {"speed": 1e9},
        {"now": "tomorrow"},
        {"now": None},
        {"advance_seconds": 1e12},
        {"advance_seconds": -1e11},
        {"freeze": "yes"},
        {"advance_seconds": 1, "colour": "red"},
    ],
)
def test_a_clock_that_cannot_be_is_refused_and_the_old_one_goes_on(bench: Bench, body: dict[str, Any]) -> None:
    before = clock(bench, now=NEW_YEAR, freeze=True)
    assert bench.ask("PUT", "/_emulator/clock", body).status == 400
    assert bench.ask("GET", "/_emulator/clock").json == before


# --- seed ----------------------------------------------------------------------------------------------------------


def test_a_seeded_world_has_jobs_in_every_status(bench: Bench) -> None:
    statuses = ("pending", "running", "paused", "succeeded", "failed", "cancelled")
    jobs = [{"name": status, "status": status, "training_file": "t", "suffix": status} for status in statuses]
    jobs[4]["error"] = {"code": "jsonlValidationFailed", "message": "row 2 is bad", "param": "training_file"}
    made = seed(bench, files=[{"name": "t", "generate": {"rows": 20}}], jobs=jobs)
    seen = {job["suffix"]: job for job in bench.data("GET", JOBS).json["data"]}
    assert {name: job["status"] for name, job in seen.items()} == {status: status for status in statuses}
    assert seen["succeeded"]["fine_tuned_model"] == made["models"]["succeeded"]
    assert seen["failed"]["error"]["message"] == "row 2 is bad"


def test_what_is_seeded_has_ids_ages_rows_tags_and_other_accounts(bench: Bench) -> None:
    job = "ftjob-" + "ab" * 16
    seed(
        bench,
        accounts={"north": {"location": "swedencentral"}},
        clock={"now": NEW_YEAR, "freeze": True},
        profile={"files_max": 7},
        files=[
            {"name": "t", "account": "north", "filename": "chat.jsonl", "rows": [json.loads(chat_rows(1))] * 10},
            {"name": "raw", "account": "north", "rows": ["no json"]},
            {"name": "wait", "account": "north", "generate": {"shape": "preference", "rows": 3}, "status": "pending"},
        ],
        jobs=[{"account": "north", "id": job, "name": "j", "training_file": "t", "age_seconds": 7200}],
        deployments=[
            {"account": "north", "name": "bot", "model": "j", "capacity": 3, "tags": {"ftops-project": "others"}},
            {"account": "north", "name": "base", "model": "gpt-4o", "sku": "GlobalStandard", "status": "Failed"},
        ],
    )
    seen = bench.data("GET", f"{JOBS}/{job}", account="north").json
    assert (seen["created_at"], seen["status"]) == (NEW_YEAR - 7200, "succeeded")
    assert "ab" * 16 in seen["fine_tuned_model"]
    files = {file["filename"]: file for file in bench.data("GET", "/openai/v1/files", account="north").json["data"]}
    assert (files["chat.jsonl"]["status"], files["chat.jsonl"]["bytes"]) == ("processed", len(chat_rows(10)))
    assert (files["raw.jsonl"]["status"], files["wait.jsonl"]["status"]) == ("error", "pending")
    bot = bench.resource("GET", "/accounts/north/deployments/bot").json
    assert (bot["sku"]["capacity"], bot["tags"]) == (3, {"ftops-project": "others"})
    assert bot["properties"]["model"]["name"] == seen["fine_tuned_model"]
    base = bench.resource("GET", "/accounts/north/deployments/base").json
    assert base["properties"]["provisioningState"] == "Failed"
    assert bench.ask("GET", "/_emulator/profile").json["overrides"]["files_max"] == 7
    said = {"model": "bot", "messages": [{"role": "user", "content": "hi"}]}
    assert bench.data("POST", "/openai/v1/chat/completions", said, account="north").status == 200


def test_a_seeded_world_may_come_with_its_faults(bench: Bench) -> None:
    seed(bench, faults=[{"fault": "C39"}])
    assert bench.data("GET", JOBS).status == 403


@pytest.mark.parametrize(
    ("world", "told"),
    [
        ({"format": "other"}, 'needs "format"'),
        ({"colour": "red"}, "a world has no colour"),
        ({"accounts": []}, "accounts must be"),
        ({"accounts": {"msi": {}}}, "an account name is"),
        ({"profile": {"colour": 1}}, "no value named colour"),
        ({"files": [{"rows": [], "colour": 1}]}, "files[0] has no colour"),
        ({"files": [{"generate": {"rows": 0}}]}, "files[0]: generate needs"),
        ({"files": [{"generate": {"rows": 5}, "age_seconds": -1}]}, "age_seconds in files"),
        ({"jobs": [{"training_file": "none"}]}, "jobs[0]: The specified file could not be found"),
        ({"jobs": [{"training_file": ["t"]}]}, "jobs[0] has a value of the wrong kind"),
        ({"jobs": [{"status": "lost", "training_file": "t"}]}, "jobs[0]: status must be"),
        ({"jobs": [{"id": "ftjob-1", "training_file": "t"}]}, "jobs[0]: id must be ftjob-"),
        ({"deployments": [{"name": "b", "model": "none"}]}, "deployments[0]: The model"),
        ({"deployments": [{"name": "b", "model": "gpt-4o", "account": "none"}]}, "holds no account of that name"),
        ({"faults": [{"fault": "C99"}]}, "from C1 to C48"),
    ],
)
def test_a_world_that_cannot_be_says_where_and_leaves_nothing(
    bench: Bench, tmp_path: Path, world: dict[str, Any], told: str
) -> None:
    good = {"name": "t", "generate": {"rows": 12}, "age_seconds": 1e6}
    document = {"format": "ftops.emulator-world/1", **world}
    document["files"] = [*document.get("files", []), good]
    reply = bench.ask("POST", "/_emulator/seed", document)
    assert reply.status == 400
    assert told in reply.json["error"]["message"]
    assert bench.data("GET", "/openai/v1/files").json["data"] == []
    folder = tmp_path / "emulator.db.files"
    assert not folder.exists() or list(folder.iterdir()) == []


# --- snapshot ------------------------------------------------------------------------------------------------------


def test_a_snapshot_brings_back_all_there_was(bench: Bench, tmp_path: Path) -> None:
    file = bench.upload(chat_rows(12))
    model = bench.trained()
    bench.deployed("bot", model)
    bench.profile(files_max=9)
    bench.ask("PUT", "/_emulator/faults", {"fault": "C45"})
    token = bench.token("https://ai.azure.com")
    kept = snapshot(bench)
    contents = {path.name for path in (tmp_path / "emulator.db.files").iterdir()}
    bench.ask("POST", "/_emulator/reset")
    other = bench.upload(completion_rows(12))
    assert restore(bench, kept) == 204
    assert bench.data("GET", f"/openai/v1/files/{file}/content").body == chat_rows(12)
    assert bench.data("GET", f"/openai/v1/files/{other}").status == 404
    assert {path.name for path in (tmp_path / "emulator.db.files").iterdir()} == contents
    assert bench.resource("GET", "/accounts/main/deployments/bot").json["properties"]["model"]["name"] == model
    assert bench.ask("GET", "/_emulator/profile").json["overrides"]["files_max"] == 9
    assert [rule["fault"] for rule in bench.ask("GET", "/_emulator/faults").json["faults"]] == ["C45"]
    assert bench.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {token}").status == 200
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"emulator.db", "emulator.db-shm", "emulator.db-wal", "emulator.db.files", "emulator.db.lock"}


def test_a_snapshot_moves_to_another_emulator_but_not_the_key_to_it(bench: Bench, tmp_path: Path) -> None:
    file = bench.upload(chat_rows(12))
    token = bench.token("https://ai.azure.com")
    with Emulator(tmp_path / "there.db") as emulator:
        there = Bench(emulator)
        assert restore(there, snapshot(bench)) == 204
        assert there.data("GET", f"/openai/v1/files/{file}/content").body == chat_rows(12)
        assert there.ask("GET", "/main/openai/v1/files", Authorization=f"Bearer {token}").status == 401


def broken(change: str, content: bytes) -> bytes:
    """A snapshot with one thing wrong."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=made, mode="w") as new:
        for entry in old:
            source = old.extractfile(entry)
            assert source is not None
            data = source.read()
            if entry.name == "emulator.db" and change == "no database":
                continue
            if entry.name == "emulator.db" and change == "damaged":
                data = data[:100] + os.urandom(len(data) - 100)
            if entry.name == "format.json" and change == "other version":
                data = b'{"format":"ftops.emulator-snapshot/1","schema":0}'
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
        trick = tarfile.TarInfo("x")
        if change == "path":
            trick.name = "files/../../escaped"
        if change == "link":
            trick.name, trick.type, trick.linkname = "files/a", tarfile.SYMTYPE, "/etc/passwd"
        if change in ("path", "link"):
            new.addfile(trick)
    return made.getvalue()


@pytest.mark.parametrize("change", ["no database", "damaged", "other version", "path", "link"])
def test_a_snapshot_that_is_none_changes_nothing(bench: Bench, tmp_path: Path, change: str) -> None:
    file = bench.upload(chat_rows(12))
    kept = snapshot(bench)
    bench.ask("DELETE", f"/main/openai/v1/files/{file}")
    other = bench.upload(completion_rows(12))
    assert restore(bench, broken(change, kept)) == 400
    assert bench.data("GET", f"/openai/v1/files/{other}/content").body == completion_rows(12)
    assert not (tmp_path / "escaped").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("restore-", "snapshot-"))]


@pytest.mark.parametrize("content", [b"", b"no tar", chat_rows(2000)])
def test_a_body_that_is_no_tar_is_refused(bench: Bench, content: bytes) -> None:
    assert restore(bench, content) == 400


# --- request log ---------------------------------------------------------------------------------------------------


def test_the_request_log_can_be_asked_for_some_requests_only(bench: Bench) -> None:
    bench.data("GET", "/openai/v1/models")
    bench.data("POST", JOBS, {})
    bench.data("GET", JOBS + "?limit=1")

    def paths(query: str) -> list[str]:
        log = bench.ask("GET", f"/_emulator/requests?{query}").json["requests"]
        return [entry["path"].removeprefix("/main/openai/v1/") for entry in log]

    assert paths("method=post") == ["fine_tuning/jobs"]
    assert paths("status=400") == ["fine_tuning/jobs"]
    assert paths("path=*/fine_tuning/jobs*") == ["fine_tuning/jobs", "fine_tuning/jobs?limit=1"]
    assert paths("limit=1") == ["fine_tuning/jobs?limit=1"]
    assert paths("since=1") == ["fine_tuning/jobs", "fine_tuning/jobs?limit=1"]
    assert bench.ask("GET", "/_emulator/requests?status=many").status == 400
