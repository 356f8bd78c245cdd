"""What the service makes of public training files: the table is written from its rules, not from our answers.

File stage: only what is no JSON Lines is refused. Job stage: fewer than 10 examples, or a row that does not have the
shape of the method. The files are not part of the repository; without them these tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.emulator import Emulator
from tests.emulator.bench import Bench, chat_rows
from tests.emulator.conftest import SLOW

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public training files are not at {DATA}")

GRADER = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_text}}",
    "reference": "4",
    "operation": "eq",
}
# Who is asked to train, and how.
CHAT = {"model": "gpt-4.1"}
COMPLETION = {"model": "davinci-002"}
DPO = {"model": "gpt-4.1", "method": {"type": "dpo", "dpo": {}}}
RFT = {"model": "o4-mini", "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}}}
TRAININGS = {"chat": CHAT, "completion": COMPLETION, "dpo": DPO, "rft": RFT}

OK = "ok"
TOO_FEW = "invalidPayload"  # fewer than 10 examples
# Every row of these files is of one kind, so a wrong shape shows on the first line.
SHAPE = "jsonlValidationFailed line 1"

# What each kind of file is good for, and why not for the rest:
#   chat rows end with the assistant, so they are no prompts; they have neither prompt nor input;
#   reinforcement rows end with the user and have columns chat rows must not have;
#   prompt/completion pairs and preference rows have no messages at all.
CHAT_ROWS = {"chat": OK, "completion": SHAPE, "dpo": SHAPE, "rft": SHAPE}
PAIRS = {"chat": SHAPE, "completion": OK, "dpo": SHAPE, "rft": SHAPE}
PREFERENCES = {"chat": SHAPE, "completion": SHAPE, "dpo": OK, "rft": SHAPE}
PROMPTS = {"chat": SHAPE, "completion": SHAPE, "dpo": SHAPE, "rft": OK}
FIVE_ROWS = dict.fromkeys(TRAININGS, TOO_FEW)

# file -> (what the job stage says to each training, why)
READABLE = {
    "chat/azureml_oai-v2_chat_train_CRLF.jsonl": (CHAT_ROWS, "128 rows; CRLF ends a line as LF does"),
    "chat/azureml_oai-v2_chat_train_LF.jsonl": (CHAT_ROWS, "128 rows without system messages, which nobody needs"),
    "chat/foundry-samples_sft_training_set.jsonl": (CHAT_ROWS, "10 rows, exactly the minimum; no final newline"),
    "chat/foundry-samples_sft_validation_set.jsonl": (CHAT_ROWS, "10 rows, exactly the minimum"),
    "chat/foundry_gsm8k_chat_train.jsonl": (CHAT_ROWS, "449 clean rows"),
    "chat/foundry_gsm8k_chat_validation.jsonl": (CHAT_ROWS, "50 clean rows"),
    "chat/mslearn_travel-finetune-hotel.jsonl": (CHAT_ROWS, "10 rows"),
    "chat/mslearn_travel-finetune.jsonl": (CHAT_ROWS, "10 rows"),
    "chat/openai-cookbook_toy_chat_fine_tuning.jsonl": (FIVE_ROWS, "5 rows; one of them also lacks a user"),
    "chat/packt_training_set.jsonl": (CHAT_ROWS, "10 rows"),
    "chat/packt_validation_set.jsonl": (CHAT_ROWS, "10 rows"),
    "chat/pirate_training_set.jsonl": (CHAT_ROWS, "10 rows"),
    "completion/azure-samples_context_switching_train.jsonl": (PAIRS, "178 pairs of prompt and completion"),
    "completion/azure-samples_context_switching_valid.jsonl": (PAIRS, "45 pairs"),
    "completion/azureml_oai-v1_train.jsonl": (PAIRS, "408 pairs; a missing leading space is bad style, no error"),
    "malformed/mslearn_travel-finetune-validation_no-assistant.jsonl": (FIVE_ROWS, "5 rows, none with an assistant"),
    "preference/foundry_orca_dpo_validation.jsonl": (PREFERENCES, "284 rows of input and two outputs"),
    "rft/foundry-samples_rft_training_set.jsonl": (PROMPTS, "100 rows that end with the user, column answer"),
    "rft/foundry-samples_rft_validation_set.jsonl": (PROMPTS, "10 rows that end with the user"),
    "rft/foundry_countdown_train_25.jsonl": (PROMPTS, "25 rows that end with the user, columns nums and target"),
    "rft/foundry_countdown_valid_15.jsonl": (PROMPTS, "15 rows that end with the user"),
    "tools/azureai-samples_stock-test-hallucination_functions.jsonl": (CHAT_ROWS, "legacy functions: still chat"),
    "tools/azureai-samples_stock-train-hallucination_functions.jsonl": (CHAT_ROWS, "legacy functions: still chat"),
    "tools/foundry_stock_toolcall_training.jsonl": (CHAT_ROWS, "a turn with tool_calls needs no content"),
    "tools/foundry_stock_toolcall_validation.jsonl": (CHAT_ROWS, "10 rows, some with tool_calls"),
    "tools/openai-cookbook_drone_training.jsonl": (CHAT_ROWS, "one id for every call is odd, no error"),
    "vision/sushi-dons_image_url.jsonl": (CHAT_ROWS, "10 rows with https images; gpt-4.1 learns from images"),
}
UNREADABLE = {
    "malformed/pretty-objects-CRLF.jsonl": ("Line 1 is not valid json.", "objects spread over many lines"),
}
EXAMPLES = [(file, training) for file in READABLE for training in TRAININGS]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One emulator for the whole table, with room for every job."""
    room = {"jobs_ever_max": 1000, "jobs_queued_max": 1000, "files_max": 1000}
    with Emulator(tmp_path_factory.mktemp("world") / "e.db", accounts={"main": None}, profile={**SLOW, **room}) as run:
        yield Bench(run)


@pytest.fixture(scope="module")
def uploaded(world: Bench) -> dict[str, str]:
    """The id of every file of the table."""
    return {file: world.upload((DATA / file).read_bytes()) for file in (*READABLE, *UNREADABLE)}


def ended(world: Bench, training: dict[str, object], **files: str) -> str:
    """What becomes of a job: ok when it trains, else the code of its error and the line it names."""
    reply = world.data("POST", "/openai/v1/fine_tuning/jobs", {**training, **files})
    assert reply.status == 200, reply.body
    world.advance(61)
    path = f"/openai/v1/fine_tuning/jobs/{reply.json['id']}"
    job = world.data("GET", path).json
    if job["status"] != "failed":
        world.data("POST", f"{path}/cancel")
        return OK
    line = job["error"]["message"].partition("line ")[2].partition(":")[0]
    return f"{job['error']['code']} line {line}" if line else str(job["error"]["code"])


def test_the_table_has_every_file() -> None:
    there = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.jsonl")}
    assert there == set(READABLE) | set(UNREADABLE)


@pytest.mark.parametrize("file", READABLE)
def test_what_is_json_lines_is_processed(world: Bench, uploaded: dict[str, str], file: str) -> None:
    assert world.data("GET", f"/openai/v1/files/{uploaded[file]}").json["status"] == "processed"


@pytest.mark.parametrize("file", UNREADABLE)
def test_what_is_not_json_lines_ends_in_error(world: Bench, uploaded: dict[str, str], file: str) -> None:
    shown = world.data("GET", f"/openai/v1/files/{uploaded[file]}").json
    assert shown["status"] == "error"
    assert shown["status_details"] == f"Validation of jsonl file failed: {UNREADABLE[file][0]}"
    refused = world.data("POST", "/openai/v1/fine_tuning/jobs", {**CHAT, "training_file": uploaded[file]})
    assert (refused.status, refused.json["error"]["code"]) == (400, "unexpectedEntityState")


@pytest.mark.parametrize(("file", "training"), EXAMPLES)
def test_the_job_stage_gives_every_file_its_verdict(
    world: Bench, uploaded: dict[str, str], file: str, training: str
) -> None:
    expected, why = READABLE[file]
    files = {"training_file": uploaded[file]}
    if training == "rft":
        files["validation_file"] = uploaded[file]
    assert ended(world, TRAININGS[training], **files) == expected[training], why


def test_rows_without_an_assistant_are_refused_as_validation_data_too(world: Bench, uploaded: dict[str, str]) -> None:
    validation = uploaded["malformed/mslearn_travel-finetune-validation_no-assistant.jsonl"]
    training = uploaded["chat/mslearn_travel-finetune.jsonl"]
    assert ended(world, CHAT, training_file=training, validation_file=validation) == SHAPE


def test_images_are_refused_for_a_model_that_cannot_learn_from_them(world: Bench, uploaded: dict[str, str]) -> None:
    file = uploaded["vision/sushi-dons_image_url.jsonl"]
    assert ended(world, {"model": "gpt-4o-mini"}, training_file=file) == SHAPE
    assert ended(world, {"model": "gpt-4o"}, training_file=file) == OK


def test_a_grader_that_asks_for_a_column_the_rows_lack_fails_the_job(world: Bench, uploaded: dict[str, str]) -> None:
    grader = {**GRADER, "reference": "{{item.target}}"}
    method = {"type": "reinforcement", "reinforcement": {"grader": grader}}
    answers = uploaded["rft/foundry-samples_rft_training_set.jsonl"]
    targets = uploaded["rft/foundry_countdown_train_25.jsonl"]
    job = {"model": "o4-mini", "method": method}
    assert ended(world, job, training_file=answers, validation_file=answers) == "invalidPayload"
    assert ended(world, job, training_file=targets, validation_file=targets) == OK


def test_no_row_shows_in_an_error(world: Bench) -> None:
    secret = {"messages": [{"role": "user", "content": "the secret"}, {"role": "assistant", "content": 7}], "hidden": 1}
    file = world.upload(chat_rows(10) + json.dumps(secret).encode())
    job = world.data("POST", "/openai/v1/fine_tuning/jobs", {**CHAT, "training_file": file}).json["id"]
    world.advance(61)
    shown = (
        world.data("GET", f"/openai/v1/fine_tuning/jobs/{job}").body
        + world.data("GET", f"/openai/v1/fine_tuning/jobs/{job}/events").body
    )
    assert b"line 11" in shown
    assert b"secret" not in shown
    assert b"hidden" not in shown
