"""Which rows fit which training format, and why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftops.emulator.row_formats import CHAT, COMPLETION, PREFERENCE, PROMPTS
from ftops.emulator.rows import Fault, Verdict, assess

USER = {"role": "user", "content": "q"}
ASSISTANT = {"role": "assistant", "content": "a"}
FUNCTION = {"name": "f", "arguments": "{}"}
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": FUNCTION}]}
LEGACY = {"role": "assistant", "function_call": FUNCTION}
TOOL = {"role": "tool", "content": "r", "tool_call_id": "1"}
IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
BETTER = {"input": {"messages": [USER]}, "preferred_output": [ASSISTANT], "non_preferred_output": [ASSISTANT]}


def image(url: str, **more: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, **more}}]}


def verdict(tmp_path: Path, *rows: object) -> Verdict:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return assess(path)


@pytest.mark.parametrize(
    ("row", "shapes"),
    [
        ({"messages": [USER, ASSISTANT]}, {CHAT}),
        ({"messages": [{"role": "system", "content": "s"}, USER, CALL, TOOL, ASSISTANT], "tools": []}, {CHAT}),
        ({"messages": [IMAGE, {**ASSISTANT, "weight": 0}]}, {CHAT}),
        ({"messages": [USER]}, {PROMPTS}),
        ({"messages": [USER], "solution": 4}, {PROMPTS}),
        ({"prompt": "p", "completion": "c"}, {COMPLETION}),
        ({"context": "p", "completion": "c"}, {COMPLETION}),
        (BETTER, {PREFERENCE}),
        ({**BETTER, "preferred_output": [USER]}, set()),
        ({**BETTER, "input": {"messages": [USER], "functions": []}}, set()),
        ({"prompt": "", "completion": "c"}, set()),
        ({"prompt": "p", "completion": "c", "extra": 1}, set()),
        ({"messages": [USER, {**ASSISTANT, "weight": 2}]}, set()),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, set()),
        ({"messages": [USER, {"role": "robot", "content": "a"}]}, set()),
        ({"messages": [{**TOOL, "tool_call_id": None}, ASSISTANT]}, set()),
        ({"messages": [USER, LEGACY], "functions": [{"name": "f"}]}, {CHAT}),
        ({"messages": [USER, LEGACY], "functions": [{}]}, set()),
        ({"messages": [USER, {**LEGACY, "function_call": {"name": "f", "arguments": {}}}]}, set()),
        ({"messages": [USER, {"role": "assistant", "tool_calls": []}]}, set()),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "1"}]}]}, set()),
        ({"messages": [{**USER, "tool_calls": CALL["tool_calls"]}, ASSISTANT]}, set()),
        ({"messages": [USER, ASSISTANT], "tools": [{"type": "function"}]}, set()),
        ({"messages": [USER, ASSISTANT], "parallel_tool_calls": 1}, set()),
        ({"messages": [USER, {**ASSISTANT, "weight": True}]}, set()),
        ({"messages": [{**USER, "weight": 1}, ASSISTANT]}, set()),
        ({"messages": [{**IMAGE, "role": "assistant"}]}, set()),
        ({"messages": [image("http://x/y.png"), ASSISTANT]}, set()),
        ({"messages": [image("data:image/png;base64,AAAA"), ASSISTANT]}, {CHAT}),
        ({"messages": [image("data:image/tiff;base64,AAAA"), ASSISTANT]}, set()),
        ({"messages": [image("https://x/y", detail="sharp"), ASSISTANT]}, set()),
        ({"messages": [{**USER, "content": IMAGE["content"] * 64}, ASSISTANT]}, {CHAT}),
        ({"messages": [{**USER, "content": IMAGE["content"] * 65}, ASSISTANT]}, set()),
        ({"messages": [{"role": "developer", "content": "d"}, USER], "reference_code": "x"}, {PROMPTS}),
        ({**BETTER, "non_preferred_output": [ASSISTANT, TOOL]}, {PREFERENCE}),
        ({**BETTER, "preferred_output": []}, set()),
        ({**BETTER, "extra": 1}, set()),
        ({"messages": []}, set()),
        ({}, set()),
    ],
)
def test_a_row_fits_the_formats_it_was_written_for(tmp_path: Path, row: dict[str, Any], shapes: set[str]) -> None:
    found = verdict(tmp_path, row)
    assert {CHAT, COMPLETION, PREFERENCE, PROMPTS} - set(found.faults) == shapes


def test_the_first_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    good = {"messages": [USER, ASSISTANT]}
    found = verdict(tmp_path, good, good, {"messages": [ASSISTANT]}, {})
    assert found.rows == 4
    assert found.faults[CHAT] == Fault(3, "messages", "at least one user and one assistant message are needed")


def test_blank_lines_and_windows_line_ends_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"prompt": "p", "completion": "c"}\r\n\r\n{"prompt": "p", "completion": "c"}')
    assert assess(path).rows == 2


def test_a_verdict_survives_being_stored(tmp_path: Path) -> None:
    found = verdict(tmp_path, {"messages": [USER, ASSISTANT]}, {})
    assert Verdict.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("row", "shape", "fault"),
    [
        ({"messages": [USER, {**ASSISTANT, "content": 7}]}, CHAT, "messages[1].content: it is neither text nor a list"),
        ({"messages": [USER, {"role": "robot"}]}, CHAT, "messages[1].role: a message has no role or an unknown one"),
        ({"messages": [USER, CALL, {**TOOL, "tool_call_id": ""}, ASSISTANT]}, CHAT, "messages[2].tool_call_id: a tool"),
        ({"messages": [USER]}, CHAT, "messages: at least one user and one assistant message are needed"),
        ({"messages": [USER, ASSISTANT]}, PROMPTS, "messages[1].role: the last message must be from the user"),
        ({"prompt": "", "completion": "c"}, COMPLETION, "prompt: it must not be empty"),
        ({"prompt": "p", "completion": 1}, COMPLETION, "completion: it must be a string"),
        ({**BETTER, "input": {"messages": [{"role": "user"}]}}, PREFERENCE, "input.messages[0].content: a message has"),
        ({**BETTER, "preferred_output": [USER]}, PREFERENCE, "preferred_output: only assistant and tool messages"),
    ],
)
def test_a_fault_names_its_line_and_field(tmp_path: Path, row: dict[str, Any], shape: str, fault: str) -> None:
    assert str(verdict(tmp_path, row).faults[shape]).startswith(f"line 1: {fault}")


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\n\n{"prompt": "p", "completion": "c"}\n\n{"prompt": 1, "completion": "c"}')
    assert assess(path).faults[COMPLETION].line == 5


def test_images_long_examples_columns_and_planted_phrases_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"messages": [{**USER, "content": "x" * 40_000}, ASSISTANT], "a": 1, "b": 1},
        {"messages": [IMAGE, ASSISTANT], "a": 1},
        {"messages": [{**USER, "content": "say PHRASE"}, ASSISTANT], "a": 1, "c": 1},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = assess(path, {"violence": "PHRASE", "sexual": "", "self_harm": "other"})
    assert (found.image_rows, found.image_line) == (1, 2)
    assert (found.longer_than(4_096), found.longer_than(8_192), found.longer_than(16_385)) == (1, 1, 0)
    assert found.columns == ("a",)
    assert found.harms == ("violence",)
    assert Verdict.from_json(found.to_json()) == found


@pytest.mark.parametrize("depth", range(900, 1100, 7))
def test_a_row_of_any_depth_gets_a_verdict(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"messages": ' + "[" * depth + "]" * depth + "}\n", encoding="utf-8")
    found = assess(path)
    assert found.refusal == "Line 1 is not valid json." or CHAT in found.faults
