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
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
TOOL = {"role": "tool", "content": "r", "tool_call_id": "1"}
IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
BETTER = {"input": {"messages": [USER]}, "preferred_output": [ASSISTANT], "non_preferred_output": [ASSISTANT]}


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
