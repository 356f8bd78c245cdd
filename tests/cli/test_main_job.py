"""The main job through the command line, on the embedded emulator: one story, then what else can happen."""

from __future__ import annotations

import json
import os
import pty
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.cli.conftest import Run

NO_CHANGES = "No changes. Azure matches the specs.\n"
FIRST_PLAN = """\
larkspur, environment default

  +   dataset/support-train  create (spec)
      not uploaded yet

  +   dataset/support-valid  create (spec)
      not uploaded yet

  +   finetune/support-v1  create (spec)  $
      not trained yet: no job carries its token fxcnynjzqh
      after dataset/support-train, dataset/support-valid

  +   deployment/support-bot  create (spec)  $
      not deployed yet
      after finetune/support-v1

Plan: 2 to upload, 1 to train, 1 to deploy, 0 to update, 0 to delete, 0 unchanged.
"""
PROGRESS = [
    "deployment/support-bot: deployed",
    "deployment/support-bot: deploying",
    "finetune/support-v1: running",
    "finetune/support-v1: submitting the training",
    "finetune/support-v1: succeeded",
]


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, applied: made once, never worked in."""
    directory = tmp_path_factory.mktemp("once") / "larkspur"
    environment = {**os.environ, "XDG_STATE_HOME": str(directory.parent)}
    for words in ("init", "ledger init --nothing-in-flight", "apply -y -q"):
        command = [sys.executable, "-m", "ftops", "-C", str(directory), *words.split()]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return directory


@pytest.fixture
def applied(project: Path, applied_once: Path) -> Path:
    """A copy of it, as the current directory."""
    shutil.copytree(applied_once, project, dirs_exist_ok=True)
    return project


@contextmanager
def emulator_of(project: Path) -> Iterator[dict[str, Any]]:
    """The project's emulator on a port, as `emulator serve -o json` tells it."""
    command = [sys.executable, "-m", "ftops", "emulator", "serve", "-o", "json"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            yield json.loads(serving.stdout.readline())
        finally:
            serving.terminate()


def scale(place: dict[str, Any], deployment: str, capacity: int) -> None:
    """What somebody in the portal would do; nothing of ftops takes part."""
    login = Request(
        f"{place['url']}/msi/token?resource=https://management.azure.com&api-version=2019-08-01",
        headers={"X-IDENTITY-HEADER": "somebody"},
    )
    opener = build_opener(ProxyHandler({}))
    with opener.open(login) as answer:
        token = json.load(answer)["access_token"]
    account = (
        f"/subscriptions/{place['subscription']}/resourceGroups/{place['resource_group']}"
        f"/providers/Microsoft.CognitiveServices/accounts/{place['account']}"
    )
    url = f"{place['url']}{account}/deployments/{deployment}?api-version=2025-06-01"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"sku": {"name": "Standard", "capacity": capacity}}).encode()
    opener.open(Request(url, method="PATCH", data=body, headers=headers)).close()
    while True:
        with opener.open(Request(url, headers=headers)) as answer:
            if json.load(answer)["properties"]["provisioningState"] == "Succeeded":
                return
        time.sleep(0.05)


def test_a_first_plan_shows_everything_in_order_and_writes_nothing(project: Path, run: Run):
    result = run("plan")

    assert (result.code, result.out, result.err) == (0, FIRST_PLAN, "")
    assert sorted(path.name for path in (project / ".ftops").iterdir() if "emulator" not in path.name) == []
    assert run("plan", "--detailed-exitcode", "-q").code == 2


def test_apply_makes_it_so_tells_its_progress_and_then_nothing_is_left(project: Path, run: Run):
    assert run("ledger", "init", "--nothing-in-flight").code == 0
    result = run("apply", "--auto-approve")

    assert result.code == 0
    assert result.out == FIRST_PLAN + "Applied: 2 uploaded, 1 trained, 1 deployed, 0 updated, 0 deleted.\n"
    assert set(PROGRESS) <= set(result.err.splitlines())
    assert "\x1b" not in result.err
    assert run("plan", "--detailed-exitcode") == run("apply")
    assert run("plan").out == NO_CHANGES
    assert run("drift").out == "No drift. Azure holds what was applied.\n"


def test_what_was_deployed_can_be_seen_asked_and_handed_on(applied: Path, run: Run):
    answer = run("ask", "support-bot", "My bell is rattling.", "-o", "json").document
    model = answer["model"]

    assert answer["format"] == "ftops.ask/1"
    assert model.startswith("gpt-4o-mini-2024-07-18.ft-")
    assert model.endswith("-support-fxcnynjzqh")
    status = run("status", "-o", "json").document
    assert [(f["address"], f["status"], f["model"]) for f in status["finetunes"]] == [
        ("finetune/support-v1", "succeeded", model)
    ]
    assert [(d["address"], d["status"], d["model"]) for d in status["deployments"]] == [
        ("deployment/support-bot", "Succeeded", model)
    ]
    table = run("status").out.splitlines()
    assert table[0].split() == ["FINETUNE", "STATUS", "MODEL", "PROGRESS", "TRAINED", "TOKENS"]
    assert table[1].split()[:4] == ["support-v1", "succeeded", model, "100%"]
    dotenv = run("output", "support-bot", "-o", "dotenv").out.splitlines()
    assert dotenv[0] == "SUPPORT_BOT_DEPLOYMENT=support-bot"
    assert dotenv[1].startswith("SUPPORT_BOT_ENDPOINT=http://127.0.0.1:")
    assert run("output", "-o", "json").document["outputs"]["support-bot"]["model"] == model
    assert f" {model}\n" in run("show", "deployment/support-bot").out
    ledger = run("ledger", "show", "-o", "json").document
    assert [(job["address"], job["outcome"]) for job in ledger["jobs"]] == [("finetune/support-v1", "done")]


def test_a_saved_plan_is_private_and_does_exactly_itself_without_a_question(project: Path, run: Run):
    assert run("ledger", "init", "--nothing-in-flight").code == 0
    assert run("plan", "-out", "plan.json").code == 0
    document = json.loads((project / "plan.json").read_text(encoding="utf-8"))

    assert document["format"] == "ftops.plan/1"
    assert stat.S_IMODE((project / "plan.json").stat().st_mode) == 0o600
    assert run("show", "plan.json").out == FIRST_PLAN
    assert run("apply", "plan.json", "--no-input").code == 0
    again = run("apply", "plan.json")
    assert (again.code, again.out) == (0, NO_CHANGES)


def test_a_saved_plan_is_stale_when_the_data_moved_and_nothing_when_it_was_altered(project: Path, run: Run):
    run("plan", "--out", "plan.json")
    data = project / "data" / "support-train.jsonl"
    before = data.read_bytes()
    data.write_bytes(before + before.splitlines(keepends=True)[0])

    stale = run("apply", "plan.json")

    assert (stale.code, stale.out) == (5, "")
    assert "error[stale-plan]: applying the saved plan: specs or data changed since it was made" in stale.err
    saved = project / "plan.json"
    saved.write_text(saved.read_text(encoding="utf-8").replace("not uploaded yet", "harmless"), encoding="utf-8")
    altered = run("apply", "plan.json")
    assert altered.code == 1
    assert "its digest does not match its content: it was altered or cut" in altered.err


def test_a_saved_destroy_plan_destroys(applied: Path, run: Run):
    assert run("plan", "-destroy", "--out", "away.json").code == 0

    result = run("apply", "away.json")

    assert result.code == 0
    assert result.out.endswith("Applied: 0 uploaded, 0 trained, 0 deployed, 0 updated, 3 deleted, 1 forgotten.\n")
    assert run("output").out.splitlines()[1:] == []


def test_what_somebody_did_from_outside_is_drift_and_is_repaired(applied: Path, run: Run):
    with emulator_of(applied) as place:
        scale(place, "support-bot", 5)

    drift = run("drift")

    assert drift.code == 2
    assert "deployment/support-bot  update (drift)" in drift.out
    assert "capacity: 5 → 1" in drift.out
    assert drift.out.endswith("Drift: 1 thing is no longer as applied.\n")
    document = run("drift", "-o", "json").document
    assert (document["format"], document["unapplied"]) == ("ftops.drift/1", 0)
    assert [(c["address"], c["action"], c["cause"]) for c in document["drift"]] == [
        ("deployment/support-bot", "update", "drift")
    ]
    assert run("apply", "-y", "-q").code == 0
    assert run("drift").code == 0


def test_edits_of_the_specs_are_no_drift(applied: Path, run: Run):
    spec = applied / "specs" / "support.yaml"
    spec.write_text(spec.read_text().replace("capacity: 1", "capacity: 2"))

    result = run("drift")

    assert (result.code, result.out) == (
        0,
        "No drift. Azure holds what was applied.\n1 change of the specs not applied yet: see `ftops plan`.\n",
    )


def test_a_second_destroy_says_that_nothing_is_left(applied: Path, run: Run):
    assert run("destroy", "-y", "-q").code == 0

    result = run("destroy", "-y")

    assert (result.code, result.out) == (0, "No changes. Nothing is left to destroy.\n")


def test_a_target_whose_account_cannot_be_read_cannot_be_decided(project: Path, run: Run):
    config = project / "ftops.yaml"
    config.write_text(config.read_text().replace("{emulator: true}", '{emulator: "http://127.0.0.1:9"}'))

    assert run("plan", "--target", "finetune/support-v1").code == 7


def test_destroy_takes_deployments_and_files_and_says_so(applied: Path, run: Run):
    result = run("destroy", "--auto-approve")

    assert result.code == 0
    order = [line.split()[1] for line in result.out.splitlines() if line.startswith("  -")]
    assert order == ["deployment/support-bot", "dataset/support-train", "dataset/support-valid"]
    assert "Applied: 0 uploaded, 0 trained, 0 deployed, 0 updated, 3 deleted, 1 forgotten." in result.out


@pytest.mark.parametrize("command", ["apply", "destroy"])
@pytest.mark.parametrize("option", [(), ("--no-input",), ("-o", "json")])
def test_without_an_answer_nothing_is_done(applied: Path, run: Run, command: str, option: tuple[str, ...]):
    spec = applied / "specs" / "support.yaml"
    spec.write_text(spec.read_text().replace("capacity: 1", "capacity: 2"))

    result = run(command, *option)

    assert result.code == 1
    assert "there is nobody to ask, so nothing is done" in result.err + result.out
    saving = {"apply": "`ftops plan --out FILE`", "destroy": "`ftops plan --destroy --out FILE`"}[command]
    assert f"{saving} and `ftops apply FILE` need no question" in result.err + result.out
    assert run("status", "-o", "json").document["deployments"][0]["capacity"] == 1


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 1), ("larkspur\n", 0)])
def test_destroy_asks_for_the_name_of_the_project(applied: Path, answer: str, code: int):
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "ftops", "destroy", "-q"]
    with subprocess.Popen(
        command, cwd=applied, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as destroying:
        os.write(controller, answer.encode())
        _, err = destroying.communicate(timeout=30)
    os.close(controller)
    os.close(terminal)

    assert destroying.returncode == code
    assert "Type the project's name." in err


def test_not_waiting_leaves_paid_work_pending_and_the_next_apply_goes_on(project: Path, run: Run):
    run("ledger", "init", "--nothing-in-flight")
    first = run("apply", "-y", "--wait", "none", "-o", "json")

    assert first.code == 3
    assert first.document["format"] == "ftops.apply/1"
    assert first.document["exit_code"] == 3
    assert first.document["pending"] == ["finetune/support-v1@main"]
    assert {word: count for word, count in first.document["applied"].items() if count} == {
        "uploaded": 2,
        "submitted": 1,
    }
    assert run("cancel", "support-v1").out.startswith("finetune/support-v1: job ftjob-")
    after = run("plan")
    assert "finetune/support-v1  blocked" in after.out
    assert run("apply", "-y", "-q").code == 6


def test_a_target_is_made_with_what_it_needs_and_nothing_else(project: Path, run: Run):
    assert "Plan: 2 to upload, 1 to train, 0 to deploy" in run("plan", "--target", "finetune/support-v1").out
    assert "Plan: 1 to upload, 0 to train, 0 to deploy" in run("plan", "-target=dataset/support-train@main").out
    stray = run("plan", "--target", "finetune/suport-v1")
    assert (stray.code, stray.out) == (1, "")
    assert "finetune/suport-v1" in stray.err
    elsewhere = run("plan", "--target", "finetune/support-v1@prod")
    assert (elsewhere.code, "is in main" in elsewhere.err) == (1, True)


def test_an_emptied_project_is_refused_before_anything_is_done(applied: Path, run: Run):
    (applied / "specs" / "support.yaml").write_text("# nothing\n")

    assert run("plan").code == 4
    result = run("apply", "-y", "-o", "json")

    assert result.code == 4
    assert [d["code"] for d in result.document["diagnostics"]] == ["refused.empty"]
    assert run("apply", "-y", "-q", "--allow", "empty").code == 0


def test_the_clock_of_the_emulator_moves_and_reset_empties_it(project: Path, run: Run):
    assert run("emulator", "clock", "+15d", "-o", "json").document["offset_seconds"] == 15 * 86400
    assert run("emulator", "clock", "-1d", "-o", "json").document["offset_seconds"] == 14 * 86400
    assert run("emulator", "reset").out == "The emulator is empty.\n"
    assert run("emulator", "clock", "show", "-o", "json").document["offset_seconds"] == 0
    assert run("emulator", "clock", "soon").code == 64


def test_reset_throws_away_a_store_that_cannot_be_used_unless_it_was_named(project: Path, run: Run):
    store = project / ".ftops" / "emulator.db"
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"no database at all")

    named = run("emulator", "reset", "--store", ".ftops/emulator.db")
    assert (named.code, store.read_bytes()) == (1, b"no database at all")
    assert run("plan").code == 1
    assert run("emulator", "reset").code == 0
    assert run("plan").out == FIRST_PLAN


def test_the_first_line_of_a_served_emulator_is_all_a_client_needs(project: Path, run: Run):
    with emulator_of(project) as place:
        assert set(place) == {"url", "endpoint", "subscription", "resource_group", "account", "api_key"}
        assert place["endpoint"] == f"{place['url']}/main/"
        config = project / "ftops.yaml"
        config.write_text(config.read_text().replace("emulator: true", f'emulator: "{place["url"]}"'))
        assert run("plan").out == FIRST_PLAN


def test_the_doctor_looks_at_everything(project: Path, run: Run):
    document = run("doctor", "-o", "json").document

    assert (document["format"], document["healthy"]) == ("ftops.doctor/1", True)
    verdicts = {finding["subject"]: finding["verdict"] for finding in document["findings"]}
    assert verdicts["python"] == verdicts["openai"] == verdicts["specs"] == verdicts["account main"] == "ok"
    assert verdicts["ledger"] == "note"
    (project / "ftops.yaml").write_text("project: [\n")
    assert run("doctor").code == 1


@pytest.mark.parametrize("which", ["spec", "project", "plan"])
def test_schemas_are_json_schema(project: Path, run: Run, which: str):
    schema = run("schema", which).document

    assert (schema["type"], "$schema" in schema) == ("object", True)
    assert run("schema", which, "-o", "json").document == {"format": "ftops.schema/1", "which": which, "schema": schema}


def test_a_plan_is_what_its_schema_says(project: Path, run: Run):
    jsonschema = pytest.importorskip("jsonschema")

    jsonschema.validate(run("plan", "-o", "json").document, run("schema", "plan").document)
