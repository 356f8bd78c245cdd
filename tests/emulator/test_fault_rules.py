"""Which requests a fault strikes, how broken answers break, and what the unmodified SDKs make of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import openai
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from openai import OpenAI

from ftops.emulator import API_KEY, Emulator
from tests.emulator.bench import Bench, chat_rows
from tests.emulator.test_faults import BASE_DEPLOYMENT, JOBS, World, all_of, until_silence

MODELS = "/openai/v1/models"


@pytest.fixture
def world(bench: Bench) -> World:
    return World(bench, bench.upload(chat_rows(12)), "")


def put_rules(bench: Bench, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    reply = bench.ask("PUT", "/_emulator/faults", {"faults": list(rules)})
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json["faults"]
    return found


def statuses(bench: Bench, count: int, path: str = MODELS) -> list[int]:
    return [bench.data("GET", path).status for _ in range(count)]


def test_a_fault_strikes_the_nth_request_only(bench: Bench) -> None:
    put_rules(bench, {"fault": "C1", "nth": 2})
    assert statuses(bench, 4) == [200, 429, 200, 200]
    put_rules(bench, {"fault": "C1", "nth": [1, 3]})
    assert statuses(bench, 4) == [429, 200, 429, 200]


def test_a_fault_strikes_every_nth_request_until_its_times_are_over(bench: Bench) -> None:
    put_rules(bench, {"fault": "C1", "every": 2, "times": 2})
    assert statuses(bench, 7) == [200, 429, 200, 429, 200, 200, 200]


def test_chance_repeats_from_its_seed(bench: Bench) -> None:
    runs = []
    for seed in (7, 7, 8):
        put_rules(bench, {"fault": "C1", "probability": 0.5, "seed": seed})
        runs.append(statuses(bench, 12))
    assert runs[0] == runs[1] != runs[2]
    assert {200, 429} == set(runs[0])
    put_rules(bench, {"fault": "C1", "probability": 0})
    assert statuses(bench, 5) == [200] * 5
    put_rules(bench, {"fault": "C1", "probability": 1})
    assert statuses(bench, 5) == [429] * 5


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"route": "models.list"}, [True, False, False]),
        ({"route": "/main/openai/v1/*"}, [True, True, False]),
        ({"route": "/MAIN/**"}, [True, True, True]),
        ({"route": "data", "method": "post"}, [False, False, False]),
        ({"route": "/other/**"}, [False, False, False]),
        ({"route": "/**/jobs"}, [False, False, True]),
    ],
)
def test_a_route_is_a_name_or_a_glob(bench: Bench, rule: dict[str, Any], struck: list[bool]) -> None:
    put_rules(bench, {"fault": "C39", **rule})
    paths = (MODELS, "/openai/v1/files", JOBS)
    assert [bench.data("GET", path).status == 403 for path in paths] == struck


def test_two_emulators_on_one_store_count_the_same_requests(bench: Bench, tmp_path: Path) -> None:
    put_rules(bench, {"fault": "C1", "nth": 3})
    with Emulator(tmp_path / "emulator.db") as second:
        there = Bench(second)
        assert [*statuses(bench, 1), *statuses(there, 2), *statuses(bench, 1)] == [200, 200, 429, 200]
        (rule,) = there.ask("GET", "/_emulator/faults").json["faults"]
    assert (rule["matched"], rule["fired"]) == (4, 1)


def test_faults_are_added_taken_back_and_forgotten_by_reset(bench: Bench) -> None:
    put_rules(bench, {"fault": "C1"}, {"fault": "C39"})
    assert bench.ask("POST", "/_emulator/faults", {"fault": "c45"}).status == 200
    assert bench.ask("DELETE", "/_emulator/faults?fault=C1").status == 204
    assert [rule["fault"] for rule in bench.ask("GET", "/_emulator/faults").json["faults"]] == ["C39", "C45"]
    assert bench.data("GET", MODELS).status == 403
    bench.ask("POST", "/_emulator/reset")
    assert bench.ask("GET", "/_emulator/faults").json["faults"] == []
    assert bench.data("GET", MODELS).status == 200


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"fault": "C0"}, "from C1 to C48"),
        ({"fault": 7}, "from C1 to C48"),
        ({"fault": "C1", "colour": "red"}, "C1 has no colour"),
        ({"fault": "C1", "when": "late"}, "before or after"),
        ({"fault": "C1", "nth": 0}, "nth must be a whole number"),
        ({"fault": "C1", "nth": 1, "every": 2}, "nth or every, not both"),
        ({"fault": "C1", "probability": 2}, "from 0 to 1"),
        ({"fault": "C1", "times": True}, "times must be"),
        ({"fault": "C1", "route": "jobs.buy"}, "route must be a glob"),
        ({"fault": "C1", "route": "/" + "**" * 40}, "route must be a glob"),
        ({"fault": "C1", "retry_after_seconds": "soon"}, "must be like 1.0"),
        ({"fault": "C1", "retry_after_seconds": 1e99}, "must be a number"),
        ({"fault": "C12", "shape": "round"}, "must be one of cut, empty"),
        ({"fault": "C14", "by_id": 1}, "must be like false"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_changes_nothing(
    bench: Bench, rule: dict[str, Any], told: str
) -> None:
    kept = put_rules(bench, {"fault": "C45"})
    refused = bench.ask("PUT", "/_emulator/faults", {"faults": [{"fault": "C39"}, rule]})
    assert refused.status == 400
    assert told in refused.json["error"]["message"]
    assert bench.ask("GET", "/_emulator/faults").json["faults"] == kept


def test_the_door_is_never_struck(bench: Bench) -> None:
    put_rules(bench, {"fault": "C7", "route": "/**", "when": "before"})
    assert bench.ask("GET", "/_emulator/clock").status == 200


def test_the_request_log_names_the_fault_and_what_was_really_done(world: World) -> None:
    world.fault("C7", nth=1)
    with world.open_create() as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    entries = world.bench.ask("GET", "/_emulator/requests?fault=C7").json["requests"]
    assert [(entry["method"], entry["status"], entry["fault"]) for entry in entries] == [("POST", 200, "C7")]


def test_a_reset_before_leaves_nothing_behind(world: World) -> None:
    world.fault("C7", when="before")
    with world.open_create() as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert world.jobs() == 0


@pytest.mark.parametrize("number", ["C7", "C8"])
def test_a_late_request_is_done_after_the_client_lost_hope(world: World, number: str) -> None:
    world.fault(number, when="late", late_seconds=0.3, times=1)
    with world.open_create() as connection:
        if number == "C7":
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        else:
            assert connection.recv(1) == b""
    assert world.bench.data("GET", JOBS).json["data"] == []
    for _ in range(100):
        if world.bench.data("GET", JOBS).json["data"]:
            return
        time.sleep(0.05)
    raise AssertionError("the late job never came")


def test_a_request_still_late_when_the_emulator_closes_is_done_then(tmp_path: Path) -> None:
    with Emulator(tmp_path / "e.db", accounts={"main": None}, profile={"file_seconds": 0}) as emulator:
        world = World(Bench(emulator), Bench(emulator).upload(chat_rows(12)), "")
        world.fault("C8", when="late", late_seconds=3600)
        assert all_of(world.open_create()) == b""
    with Emulator(tmp_path / "e.db") as again:
        again_world = World(Bench(again), world.file, "")
        assert again_world.jobs() == 1


def test_a_stall_says_nothing_and_ends_with_the_emulator(tmp_path: Path) -> None:
    with Emulator(tmp_path / "e.db", accounts={"main": None}) as emulator:
        world = World(Bench(emulator), "", "")
        world.fault("C8", how="stall", seconds=3600, route="models.list")
        connection = world.open("GET", "/main" + MODELS)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(5)
    assert all_of(connection) == b""


def test_a_stalled_answer_may_have_sent_its_head(world: World) -> None:
    world.fault("C10", how="head")
    with world.open("GET", "/main" + MODELS) as connection:
        answer = until_silence(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_a_chunked_answer_may_end_in_the_middle(world: World) -> None:
    world.fault("C11", how="cut")
    answer = all_of(world.open("GET", "/main" + MODELS))
    assert b"Transfer-Encoding: chunked\r\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")


def test_the_contents_of_a_file_may_come_short(world: World) -> None:
    world.fault("C11", route="files.content")
    head, _, body = all_of(world.open("GET", f"/main/openai/v1/files/{world.file}/content")).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(chat_rows(12))}".encode() in head
    assert body == chat_rows(12)[: len(chat_rows(12)) // 2]


@pytest.mark.parametrize(
    ("shape", "kind", "body"),
    [("empty", "application/json", b""), ("html", "text/html", b"<html>"), ("object", "application/json", b"{}")],
)
def test_a_success_may_have_any_shape(world: World, shape: str, kind: str, body: bytes) -> None:
    world.fault("C12", shape=shape)
    reply = world.create()
    assert reply.status == 200
    assert reply.body[:6] == body
    assert reply.headers["Content-Type"] == kind


def test_a_success_may_be_all_nulls(world: World) -> None:
    world.fault("C12", shape="nulls")
    assert world.create().json["id"] is None


@pytest.mark.parametrize(
    ("rule", "status", "start"),
    [
        ({"status": 502, "body": "html"}, 502, b"<html><head><title>502 Bad Gateway"),
        ({"status": 503}, 503, b'{"error":{"code":"serviceUnavailable"'),
        ({"status": 504, "body": "empty"}, 504, b""),
        ({"body": "unavailable"}, 500, b'{"error":{"code":"internalFailure","message":"We are sorry'),
    ],
)
def test_server_errors_come_in_four_forms(world: World, rule: dict[str, Any], status: int, start: bytes) -> None:
    world.fault("C9", when="before", **rule)
    reply = world.create()
    assert reply.status == status
    assert reply.body.startswith(start)
    assert bool(reply.body) == bool(start)
    assert world.jobs() == 0


def test_two_front_ends_that_disagree_are_every_second_read(world: World) -> None:
    job = world.create().json["id"]
    world.fault("C14", every=2)
    seen = [job in [entry["id"] for entry in world.bench.data("GET", JOBS).json["data"]] for _ in range(4)]
    assert seen == [True, False, True, False]


def test_the_lag_of_a_write_may_cover_its_id(world: World) -> None:
    job = world.create().json["id"]
    world.fault("C14", by_id=True)
    assert world.job(job).status == 404
    world.bench.advance(31)
    assert world.job(job).status == 200


@pytest.mark.parametrize(("edit", "status"), [("cancel", "cancelled"), ("pause", "paused"), ("delete_job", None)])
def test_somebody_else_may_act_on_a_job(world: World, edit: str, status: str | None) -> None:
    job = world.create().json["id"]
    world.bench.advance(61)
    world.fault("C43", edit=edit)
    assert world.job(job).json.get("status") == status


@pytest.mark.parametrize("edit", ["tags", "model", "delete_deployment"])
def test_somebody_else_may_change_a_deployment(world: World, edit: str) -> None:
    world.put(body={**BASE_DEPLOYMENT, "tags": {"owner": "me"}})
    world.bench.advance(61)
    before = world.seen("new").json
    world.fault("C43", edit=edit)
    after = world.seen("new")
    assert (after.status, before["tags"]) == (404 if edit == "delete_deployment" else 200, {"owner": "me"})
    assert (after.json.get("tags") == {}) == (edit == "tags")


def test_a_page_of_arm_may_lead_to_itself(world: World) -> None:
    world.fault("C17")
    first = world.bench.resource("GET", "/accounts/main/deployments").json
    assert first["nextLink"].endswith("/accounts/main/deployments?api-version=2025-09-01")


def test_one_lost_answer_becomes_three_paid_jobs_with_the_default_client(world: World) -> None:
    world.fault("C7")
    client = OpenAI(base_url=f"{world.bench.url}/main/openai/v1/", api_key=API_KEY)
    with pytest.raises(openai.APIConnectionError):
        client.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=world.file)
    assert world.jobs() == 3


def test_what_the_openai_client_makes_of_broken_answers(world: World, v1: OpenAI) -> None:
    def create() -> Any:
        return v1.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=world.file)

    world.fault("C11")
    with pytest.raises(openai.APIConnectionError):
        create()
    world.fault("C12")
    with pytest.raises(json.JSONDecodeError):
        create()
    world.fault("C12", shape="html")
    assert isinstance(create(), str)
    world.fault("C12", shape="object")
    assert create().id is None
    world.fault("C13")
    assert create().id.startswith("ftjob-")
    world.fault("C37")
    with pytest.raises(openai.AuthenticationError):
        create()


def test_the_openai_client_does_not_wait_five_minutes(world: World) -> None:
    world.fault("C2")
    client = OpenAI(base_url=f"{world.bench.url}/main/openai/v1/", api_key=API_KEY, max_retries=2)
    with pytest.raises(openai.RateLimitError):
        client.models.list()
    assert len(world.bench.ask("GET", "/_emulator/requests?fault=C2").json["requests"]) == 1


def test_the_arm_client_takes_a_conflict_for_something_that_exists(
    world: World, arm: CognitiveServicesManagementClient
) -> None:
    world.fault("C5", retry_after_seconds=0)
    with pytest.raises(ResourceExistsError) as raised:
        arm.deployments.begin_create_or_update("emulator", "main", "new", BASE_DEPLOYMENT)
    assert raised.value.error.code == "RequestConflict"
