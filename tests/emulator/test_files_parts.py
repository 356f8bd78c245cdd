"""Uploads in parts, and what deleting answers on which api-version."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from openai import AzureOpenAI, BadRequestError, NotFoundError, OpenAI

from tests.emulator.bench import Bench, chat_rows

ROWS = chat_rows(12)


def start(dated: AzureOpenAI, **fields: Any) -> str:
    asked = {"bytes": len(ROWS), "filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"}
    return dated.uploads.create(**{**asked, **fields}).id


def test_parts_join_in_the_order_given_and_make_a_file(bench: Bench, dated: AzureOpenAI, tmp_path: Path) -> None:
    upload = dated.uploads.create(bytes=len(ROWS), filename="rows.jsonl", mime_type="text/jsonl", purpose="fine-tune")
    assert (upload.object, upload.status, upload.file) == ("upload", "pending", None)
    assert upload.expires_at - upload.created_at in (7200, 7201)
    last = dated.uploads.parts.create(upload.id, data=ROWS[100:])
    first = dated.uploads.parts.create(upload.id, data=ROWS[:100])
    assert (first.object, first.upload_id) == ("upload.part", upload.id)
    md5 = hashlib.md5(ROWS).hexdigest()
    done = dated.uploads.complete(upload.id, part_ids=[first.id, last.id], md5=md5)
    assert done.status == "completed"
    assert done.file is not None
    assert (done.file.filename, done.file.bytes, done.file.status) == ("rows.jsonl", len(ROWS), "pending")
    bench.advance(61)
    assert dated.files.retrieve(done.file.id).status == "processed"
    assert dated.files.content(done.file.id).read() == ROWS
    assert [path.name for path in tmp_path.glob("*.files/*")] == [done.file.id]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"md5": "0" * 32}, "md5"),
        ({"part_ids": []}, None),
        ({"part_ids": ["part_unknown"]}, "part_ids"),
        ({"colour": "red"}, None),
    ],
)
def test_a_completion_that_does_not_fit_is_refused_and_the_upload_stays(
    bench: Bench, dated: AzureOpenAI, changes: dict[str, object], param: str | None
) -> None:
    upload = start(dated)
    part = dated.uploads.parts.create(upload, data=ROWS).id
    path = f"/openai/uploads/{upload}/complete?api-version=2024-10-21"
    refused = bench.data("POST", path, {"part_ids": [part], **changes})
    assert refused.status == 400
    assert refused.json["error"].get("target") == param
    assert dated.uploads.complete(upload, part_ids=[part]).status == "completed"


def test_parts_must_have_the_size_announced(dated: AzureOpenAI) -> None:
    upload = start(dated, bytes=len(ROWS) + 1)
    part = dated.uploads.parts.create(upload, data=ROWS).id
    with pytest.raises(BadRequestError, match="the size the upload was started with"):
        dated.uploads.complete(upload, part_ids=[part])


def test_after_two_hours_an_upload_is_expired(bench: Bench, dated: AzureOpenAI, tmp_path: Path) -> None:
    upload = start(dated)
    dated.uploads.parts.create(upload, data=ROWS)
    bench.advance(7201)
    for act in (
        lambda: dated.uploads.parts.create(upload, data=ROWS),
        lambda: dated.uploads.complete(upload, part_ids=["x"]),
        lambda: dated.uploads.cancel(upload),
    ):
        with pytest.raises(BadRequestError, match="in status expired"):
            act()
    start(dated)
    assert list(tmp_path.glob("*.files/*")) == []


def test_a_cancelled_upload_takes_no_parts_and_keeps_none(dated: AzureOpenAI, tmp_path: Path) -> None:
    upload = start(dated)
    dated.uploads.parts.create(upload, data=ROWS)
    assert dated.uploads.cancel(upload).status == "cancelled"
    assert list(tmp_path.glob("*.files/*")) == []
    with pytest.raises(BadRequestError) as refusal:
        dated.uploads.parts.create(upload, data=ROWS)
    assert refusal.value.code == "unexpectedEntityState"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 10 * 1024**3}, None),
        ({"filename": "rows.txt"}, "filename"),
        ({"mime_type": ""}, "mime_type"),
        ({"purpose": "poetry"}, "purpose"),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(bench: Bench, fields: dict[str, object], param: str | None) -> None:
    body = {"bytes": 10, "filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune", **fields}
    reply = bench.data("POST", "/openai/uploads?api-version=2024-10-21", body)
    assert reply.status == 400
    assert reply.json["error"].get("target") == param


def test_uploads_in_parts_exist_on_recent_dated_routes_only(bench: Bench, v1: OpenAI) -> None:
    body = {"bytes": 10, "filename": "rows.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"}
    assert bench.data("POST", "/openai/uploads?api-version=2024-02-01", body).status == 404
    with pytest.raises(NotFoundError):
        v1.uploads.create(bytes=10, filename="rows.jsonl", mime_type="text/jsonl", purpose="fine-tune")


def test_a_part_is_no_file_and_a_file_no_part(bench: Bench, dated: AzureOpenAI) -> None:
    upload = start(dated)
    body = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--edge--\r\n'
    path = f"/openai/uploads/{upload}/parts?api-version=2024-10-21"
    assert bench.send_form(body, path).json["error"]["message"] == "The request carries no data."
    purpose = b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    refused = bench.send_form(purpose + body.replace(b'name="file"', b'name="data"'))
    assert refused.json["error"]["message"] == "The request carries no file."


@pytest.mark.parametrize(
    ("version", "status", "body"),
    [
        ("2023-12-01-preview", 204, b""),
        ("2024-02-01", 204, b""),
        ("2024-10-21", 200, b'"deleted":true'),
        ("2025-04-01-preview", 200, b'"deleted":true'),
    ],
)
def test_deleting_a_file_answers_as_each_version_documents(
    bench: Bench, version: str, status: int, body: bytes
) -> None:
    file = bench.upload(ROWS)
    reply = bench.data("DELETE", f"/openai/files/{file}?api-version={version}")
    assert reply.status == status
    assert body in reply.body
    assert bench.data("GET", f"/openai/v1/files/{file}").status == 404


def test_an_empty_list_on_v1_has_ends_that_are_strings(bench: Bench) -> None:
    assert bench.data("GET", "/openai/v1/files").json == {
        "object": "list",
        "data": [],
        "first_id": "",
        "last_id": "",
        "has_more": False,
    }
