"""Files over the wire: what is accepted, what is shown when, what is refused."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest
from openai import AzureOpenAI, BadRequestError, NotFoundError, OpenAI, RateLimitError

from ftops.emulator import API_KEY
from tests.emulator.bench import Bench, chat_rows, multipart


def test_a_dated_upload_answers_201_with_location_and_a_pending_file(bench: Bench) -> None:
    reply = bench.send_form(multipart({"purpose": "fine-tune"}, chat_rows(10)), "/openai/files?api-version=2024-10-21")
    assert reply.status == 201
    file = reply.json
    assert file["status"] == "pending"
    assert file["bytes"] == len(chat_rows(10))
    assert file["id"].startswith("file-")
    assert len(file["id"]) == 37
    assert reply.headers["Location"] == f"{bench.url}/main/openai/files/{file['id']}?api-version=2024-10-21"
    assert reply.headers["x-ms-region"] == "eastus2"


def test_a_v1_upload_answers_200_without_location(bench: Bench) -> None:
    reply = bench.send_form(multipart({"purpose": "fine-tune"}, chat_rows(10)))
    assert reply.status == 200
    assert "Location" not in reply.headers


def test_both_surfaces_show_one_store_and_the_clock_alone_changes_the_status(
    bench: Bench, dated: AzureOpenAI, v1: OpenAI
) -> None:
    file = dated.files.create(file=("a.jsonl", chat_rows(10)), purpose="fine-tune")
    assert v1.files.retrieve(file.id).status == "pending"
    bench.advance(61)
    assert v1.files.retrieve(file.id).status == "processed"
    assert v1.files.content(file.id).read() == chat_rows(10)
    assert dated.files.delete(file.id).deleted is True
    with pytest.raises(NotFoundError) as missing:
        v1.files.retrieve(file.id)
    assert missing.value.code == "notFound"


def test_list_envelopes_differ_and_paging_is_ignored_by_default(bench: Bench) -> None:
    first, second = bench.upload(chat_rows(10)), bench.upload(chat_rows(11))
    dated = bench.data("GET", f"/openai/files?api-version=2024-10-21&after={second}&limit=1").json
    assert set(dated) == {"object", "data"}
    assert [file["id"] for file in dated["data"]] == [second, first]
    v1 = bench.data("GET", "/openai/v1/files").json
    assert (v1["first_id"], v1["last_id"], v1["has_more"]) == (second, first, False)


def test_a_profile_can_honour_paging_of_files(bench: Bench) -> None:
    first, second = bench.upload(chat_rows(10)), bench.upload(chat_rows(11))
    bench.profile(files_after="honoured")
    page = bench.data("GET", "/openai/v1/files?limit=1").json
    assert [file["id"] for file in page["data"]] == [second]
    assert page["has_more"] is True
    assert bench.data("GET", f"/openai/v1/files?after={second}").json["data"][0]["id"] == first
    assert set(bench.data("GET", "/openai/files?api-version=2024-10-21&limit=1").json) == {"object", "data"}


def test_iterating_dated_files_with_the_sdk_never_ends(bench: Bench, dated: AzureOpenAI) -> None:
    bench.upload(chat_rows(10))
    seen = list(itertools.islice(dated.files.list(), 5))
    assert len({file.id for file in seen}) == 1


@pytest.mark.parametrize(
    ("content", "details"),
    [
        (b"", "No valid json line found in file."),
        (b'{"messages": [\n', "Line 1 is not valid json."),
        (b'{"a": 1}\n[1]\n', "Line 2 is not a json object."),
        (b'{"a": "\xff"}\n', "Line 1 is not valid UTF-8."),
    ],
)
def test_what_is_not_json_lines_ends_in_error_without_repeating_it(bench: Bench, content: bytes, details: str) -> None:
    file = bench.data("GET", f"/openai/v1/files/{bench.upload(content)}").json
    assert file["status"] == "error"
    assert file["status_details"] == f"Validation of jsonl file failed: {details}"


def test_a_byte_order_mark_is_accepted_unless_the_profile_demands_one(bench: Bench) -> None:
    marked = b"\xef\xbb\xbf" + chat_rows(10)
    assert bench.data("GET", f"/openai/v1/files/{bench.upload(marked)}").json["status"] == "processed"
    bench.profile(bom_required=True)
    assert bench.data("GET", f"/openai/v1/files/{bench.upload(marked)}").json["status"] == "processed"
    assert bench.data("GET", f"/openai/v1/files/{bench.upload(chat_rows(10))}").json["status"] == "error"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (multipart({"purpose": "poetry"}, b"{}"), "Invalid value for purpose."),
        (multipart({}, b"{}"), "Invalid value for purpose."),
        (multipart({"purpose": "fine-tune"}, None), "The request carries no file."),
        (multipart({"purpose": "fine-tune"}, b"{}", ""), "fileName contains an invalid filename."),
        (
            multipart({"purpose": "fine-tune"}, b"{}", "rows.txt"),
            "fileName contains an invalid filename: wrong suffix.",
        ),
        (multipart({"purpose": "fine-tune"}, b"{}")[:-12], "The multipart request body is malformed."),
        (b"no form at all", "The multipart request body is malformed."),
        (
            multipart({"purpose": "fine-tune"}, b"{}").replace(b"Content-Type: application/octet-stream\r\n", b""),
            "The file has no or an empty content type specified.",
        ),
    ],
)
def test_an_unusable_form_is_refused_and_leaves_nothing(
    bench: Bench, tmp_path: Path, body: bytes, message: str
) -> None:
    reply = bench.send_form(body, "/openai/files?api-version=2024-10-21")
    assert reply.status == 400
    assert reply.json["error"]["code"] == "invalidPayload"
    assert reply.json["error"]["message"] == message
    assert bench.data("GET", "/openai/v1/files").json["data"] == []
    assert list(tmp_path.glob("*.files/*")) == []


def test_a_wrong_content_type_is_refused(bench: Bench) -> None:
    reply = bench.data("POST", "/openai/v1/files", {"purpose": "fine-tune"})
    assert reply.status == 400
    assert reply.json["error"]["type"] == "error"


def test_the_number_and_size_of_files_are_limited(bench: Bench) -> None:
    bench.profile(files_max=1, file_bytes_max=4000)
    too_big = bench.send_form(multipart({"purpose": "fine-tune"}, chat_rows(100)))
    assert (too_big.status, too_big.json["error"]["code"]) == (400, "quotaExceeded")
    bench.upload(chat_rows(10))
    too_many = bench.send_form(multipart({"purpose": "fine-tune"}, chat_rows(10)))
    assert too_many.json["error"]["message"] == "The quota for files is reached. The maximum is 1."


def test_uploads_a_second_are_limited_when_the_profile_says_so(bench: Bench, v1: OpenAI) -> None:
    assert bench.ask("PUT", "/_emulator/clock", {"freeze": True}).status == 200
    bench.profile(uploads_per_second_max=2)
    form = multipart({"purpose": "fine-tune"}, chat_rows(10))
    assert [bench.send_form(form).status for _ in range(2)] == [200, 200]
    refused = bench.send_form(form)
    assert (refused.status, refused.headers["Retry-After"], refused.headers["retry-after-ms"]) == (429, "1", "1000")
    assert refused.json["error"]["code"] == "tooManyRequests"
    with pytest.raises(RateLimitError):
        v1.files.create(file=("a.jsonl", chat_rows(10)), purpose="fine-tune")
    assert bench.send_form(form, account="other").status == 200
    bench.advance(1)
    assert bench.send_form(form).status == 200
    assert len(v1.files.list().data) == 3


def test_a_file_with_an_expiry_vanishes_when_it_passes(bench: Bench) -> None:
    fields = {
        "purpose": "fine-tune",
        "expires_after[anchor]": "created_at",
        "expires_after[seconds]": "1209600",
    }
    file = bench.send_form(multipart(fields, chat_rows(10))).json
    assert file["expires_at"] - file["created_at"] in (1209600, 1209601)
    bench.advance(1209700)
    assert bench.data("GET", f"/openai/v1/files/{file['id']}").status == 404
    assert bench.data("GET", "/openai/v1/files").json["data"] == []


def test_an_expiry_outside_the_window_is_refused(v1: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="1209600 to 2592000"):
        v1.files.create(
            file=("a.jsonl", chat_rows(10)),
            purpose="fine-tune",
            expires_after={"anchor": "created_at", "seconds": 3600},
        )


def test_a_connection_cut_during_upload_leaves_nothing(bench: Bench) -> None:
    body = multipart({"purpose": "fine-tune"}, chat_rows(1000))
    head = (
        f"POST /main/openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: {API_KEY}\r\n"
        f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + body[: len(body) // 2])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert bench.data("GET", "/openai/v1/files").json["data"] == []


def test_a_chunked_upload_is_read(bench: Bench) -> None:
    body = multipart({"purpose": "fine-tune"}, chat_rows(10))
    head = (
        f"POST /main/openai/v1/files HTTP/1.1\r\nHost: x\r\napi-key: {API_KEY}\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", int(bench.url.rpartition(":")[2]))) as connection:
        connection.sendall(head)
        for start in range(0, len(body), 100):
            piece = body[start : start + 100]
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert bench.data("GET", "/openai/v1/files").json["data"][0]["bytes"] == len(chat_rows(10))


def test_a_new_file_can_be_kept_out_of_the_list_for_a_while(bench: Bench) -> None:
    bench.profile(files_list_lag_seconds=100)
    file = bench.upload(chat_rows(10))
    assert bench.data("GET", f"/openai/v1/files/{file}").status == 200
    assert bench.data("GET", "/openai/v1/files").json["data"] == []
    bench.advance(60)
    assert len(bench.data("GET", "/openai/v1/files").json["data"]) == 1
