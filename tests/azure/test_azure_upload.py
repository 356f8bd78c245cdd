"""Uploads: streamed from a seekable stream, counted, sent once, and named as asked."""

from __future__ import annotations

import io
import subprocess
import sys
from email import message_from_bytes

import pytest

from ftops.core.errors import RemoteError, SpecErrors
from tests.azure.wire import Service, answer, connected

FILES = "/main/openai/v1/files"


def test_an_upload_carries_purpose_name_and_bytes(service: Service):
    service.on(f"POST {FILES}", answer(200, {"id": "file-1", "filename": "a.jsonl", "status": "pending", "bytes": 3}))
    sent: list[int] = []

    with connected(service) as connections:
        observed = connections.client("main").upload_file("a.jsonl", io.BytesIO(b"{}\n"), sent.append)

    (request,) = service.sent("POST", FILES)
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    purpose, file = message_from_bytes(head + request.body).get_payload()
    assert (purpose["Content-Disposition"], purpose.get_payload()) == ('form-data; name="purpose"', "fine-tune")
    assert file["Content-Disposition"] == 'form-data; name="file"; filename="a.jsonl"'
    assert file.get_payload(decode=True) == b"{}\n"
    assert (observed.id, observed.status, observed.size_bytes) == ("file-1", "pending", 3)
    assert sent == [3]


def test_progress_grows_to_the_size_of_the_file(service: Service):
    service.on(f"POST {FILES}", answer(201, {"id": "file-1"}))
    content = bytes(range(256)) * 1024
    sent: list[int] = []

    with connected(service) as connections:
        connections.client("main").upload_file("a.jsonl", io.BytesIO(content), sent.append)

    assert sent == sorted(set(sent))
    assert sent[-1] == len(content)
    (request,) = service.sent("POST", FILES)
    assert request.body.count(content) == 1


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": None}])
def test_an_upload_that_names_no_file_is_unknown(service: Service, body: dict[str, object]):
    service.on(f"POST {FILES}", answer(201, body))

    with connected(service) as connections, pytest.raises(RemoteError) as caught:
        connections.client("main").upload_file("a.jsonl", io.BytesIO(b"{}\n"), lambda _: None)

    assert caught.value.kind == "unknown"


class Changed(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise SpecErrors([])


def test_a_file_that_changed_under_the_upload_is_told_as_it_is(service: Service):
    with connected(service) as connections, pytest.raises(SpecErrors):
        connections.client("main").upload_file("a.jsonl", Changed(b"{}\n"), lambda _: None)


MEASURE = """
import io, resource, socket, sys, threading
from ftops.azure import connect
from ftops.core.account import Account

SIZE = 100 * 1024 * 1024
got = []

class Rows(io.RawIOBase):
    at = 0
    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at
    def seek(self, offset, whence=0):
        self.at = {0: offset, 1: self.at + offset, 2: SIZE + offset}[whence]
        return self.at
    def read(self, size=-1):
        size = min(SIZE - self.at, SIZE if size < 0 else size)
        self.at += size
        return b"x" * size

def serve(listener):
    while True:
        connection, _ = listener.accept()
        stream = connection.makefile("rb")
        first = stream.readline()
        length = 0
        while (line := stream.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        got.append(length)
        while length > 0:
            length -= len(stream.read(min(length, 65536)))
        body = b'{"id": "file-1", "access_token": "t", "expires_on": "4102444800"}'
        head = "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
        connection.sendall(head.encode() + body)
        connection.close()

listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
url = "http://127.0.0.1:%d" % listener.getsockname()[1]
client = connect({"a": Account("a", "s", "g", "n", emulator=url, endpoint=url)}).client("a")
client.upload_file("warm.jsonl", io.BytesIO(b"{}"), lambda sent: None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
client.upload_file("large.jsonl", Rows(), lambda sent: None)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert got[-1] > SIZE, got
print((after - before) // 1024)
"""


def test_an_upload_of_100_mb_adds_less_than_20_mb_to_the_process():
    # A process begins with the peak of the one that forked it: the shell between keeps pytest's out of the figure.
    shell = ["sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, MEASURE]
    done = subprocess.run(shell, capture_output=True, text=True, check=True)

    assert int(done.stdout) < 20
