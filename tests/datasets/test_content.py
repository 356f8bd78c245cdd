"""Content: canonical bytes, measured once at load and proven again at upload."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from io import BufferedReader, BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.core.desired import Content
from ftops.core.errors import SpecErrors
from ftops.datasets import canonical
from ftops.datasets.canonical import CanonicalStream, canonical_chunks
from ftops.datasets.confinement import Confinement, DatasetProblem
from ftops.datasets.content import measure, open_content

ROWS = b'{"a": 1}\n{"a": "\xc3\xa9"}\n'


def measured(folder: Path, raw: bytes) -> Content:
    (folder / "t.jsonl").write_bytes(raw)
    return measure(folder / "t.jsonl", relative_path="t.jsonl")


def findings(folder: Path, raw: bytes) -> list[tuple[str, int, int]]:
    with pytest.raises(DatasetProblem) as raised:
        measured(folder, raw)
    return [(finding.code, finding.line, finding.column) for finding in raised.value.findings]


@pytest.mark.parametrize(
    "raw",
    [
        ROWS,
        ROWS[:-1],
        ROWS + b"\n\n\n",
        b"\xef\xbb\xbf" + ROWS,
        ROWS.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + ROWS.replace(b"\n", b"\r\n") + b"\r\n\r\n",
    ],
)
def test_twins_have_one_content(raw: bytes, tmp_path: Path) -> None:
    assert measured(tmp_path, raw) == Content(hashlib.sha256(ROWS).hexdigest(), len(ROWS), 2)


def plainly(raw: bytes) -> bytes:
    """The definition, in the simplest way there is."""
    body = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").rstrip(b"\n")
    return body + b"\n" if body else b""


pieces = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\xef\xbb\xbf", b"bc"]), max_size=12).map(b"".join)


@given(pieces, st.integers(1, 5))
def test_canonical_bytes_do_not_depend_on_where_chunks_end(raw: bytes, size: int) -> None:
    class Reading(BytesIO):
        started = False

        def read(self, count: int | None = -1) -> bytes:
            del count
            first, self.started = not self.started, True
            return super().read(max(size, 3) if first else size)

    assert b"".join(canonical_chunks(Reading(raw))) == plainly(raw)


@given(pieces, st.booleans(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5))
def test_a_stream_can_be_read_from_anywhere(raw: bytes, bom: bool, reads: list[tuple[int, int]]) -> None:
    whole = (b"\xef\xbb\xbf" if bom else b"") + plainly(raw)
    stream = BufferedReader(CanonicalStream(BytesIO(raw), size_bytes=len(plainly(raw)), bom=bom))
    assert stream.seek(0, os.SEEK_END) == len(whole)
    for position, count in reads:
        stream.seek(position)
        assert stream.read(count) == whole[position : position + count]


@pytest.mark.parametrize("bom", [False, True])
def test_what_is_opened_is_what_was_measured(bom: bool, tmp_path: Path) -> None:
    content = measured(tmp_path, b"\xef\xbb\xbf" + ROWS.replace(b"\n", b"\r\n"))
    with open_content(tmp_path)(content, bom) as stream:
        assert stream.seekable()
        assert stream.seek(0, os.SEEK_END) == len(ROWS) + (3 if bom else 0)
        stream.seek(0)
        assert stream.read() == (b"\xef\xbb\xbf" if bom else b"") + ROWS
        stream.seek(0)
        assert stream.read(5) == ((b"\xef\xbb\xbf" if bom else b"") + ROWS)[:5]
    assert stream.closed


def test_a_file_that_changed_is_never_opened(tmp_path: Path) -> None:
    content = measured(tmp_path, ROWS)
    (tmp_path / "t.jsonl").write_bytes(ROWS.replace(b"1", b"2"))
    with pytest.raises(SpecErrors) as raised, open_content(tmp_path)(content, False):
        pass
    assert [d.code for d in raised.value.diagnostics] == ["dataset.changed"]


def test_a_file_that_went_away_is_never_opened(tmp_path: Path) -> None:
    content = measured(tmp_path, ROWS)
    (tmp_path / "t.jsonl").unlink()
    with pytest.raises(SpecErrors), open_content(tmp_path)(content, False):
        pass


def test_a_file_that_became_a_link_is_never_opened(tmp_path: Path) -> None:
    content = measured(tmp_path, ROWS)
    (tmp_path / "t.jsonl").rename(tmp_path / "other.jsonl")
    (tmp_path / "t.jsonl").symlink_to("other.jsonl")
    with pytest.raises(SpecErrors), open_content(tmp_path)(content, False):
        pass


def test_a_file_that_changes_while_it_is_read_never_completes(tmp_path: Path) -> None:
    big = b'{"a": "' + b"x" * 1000 + b'"}\n'
    content = measured(tmp_path, big * 5000)
    with open_content(tmp_path)(content, False) as stream:
        stream.read(10)
        with open(tmp_path / "t.jsonl", "r+b") as file:
            file.seek(4_000_000)
            file.write(b"changed")
        with pytest.raises(SpecErrors) as raised:
            stream.read()
    assert raised.value.diagnostics[0].summary == "t.jsonl: its content changed while it was uploaded"


def test_measuring_and_opening_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes((b'{"a": "' + b"x" * 990 + b'"}\n') * 60_000)
    tracemalloc.start()
    content = measure(tmp_path / "t.jsonl", relative_path="t.jsonl")
    with open_content(tmp_path)(content, False) as stream:
        while stream.read(1 << 16):
            pass
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (content.size_bytes, content.rows) == (60_000_000, 60_000)
    assert peak_bytes < 12_000_000


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", [("dataset.empty", 0, 0)]),
        (b"\xef\xbb\xbf", [("dataset.empty", 0, 0)]),
        (b"\n\n\r\n", [("dataset.empty", 0, 0)]),
        (b"\n{}\n", [("dataset.empty-line", 1, 1)]),
        (b"{}\n\n{}\n", [("dataset.empty-line", 2, 1)]),
        (b"{}\n   \n{}\n", [("dataset.empty-line", 2, 1)]),
        (b"[]\n", [("dataset.not-an-object", 1, 1)]),
        (b'"a"\n', [("dataset.not-an-object", 1, 1)]),
        (b"{}\n{} {}\n", [("dataset.not-json", 2, 4)]),
        (b'{"a": 1,}\n', [("dataset.not-json", 1, 9)]),
        (b'{"a": 1\n', [("dataset.not-json", 1, 8)]),
        (b'{"a": NaN}\n', [("dataset.not-json", 1, 7)]),
        (b"{'a': 1}\n", [("dataset.not-json", 1, 2)]),
        ('{"é": x}\n'.encode(), [("dataset.not-json", 1, 7)]),
        (b'{"a": "\\ud800"}\n', [("dataset.not-json", 1, 1)]),
        (b'{"a": "\xff"}\n', [("dataset.not-utf8", 1, 8)]),
        (b'{"a": ' + b"[" * 100_000 + b"\n", [("dataset.not-json", 1, 1)]),
        (b"{\n}\n", [("dataset.not-json", 1, 2), ("dataset.not-json", 2, 1)]),
    ],
)
def test_what_is_not_json_lines_is_told_with_its_place(
    raw: bytes, expected: list[tuple[str, int, int]], tmp_path: Path
) -> None:
    assert findings(tmp_path, raw) == expected


def test_at_most_ten_bad_rows_are_told(tmp_path: Path) -> None:
    assert findings(tmp_path, b"x\n" * 1000) == [("dataset.not-json", line, 1) for line in range(1, 11)]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftops.datasets.rows.LINE_BYTES_MAX", 1 << 20)
    monkeypatch.setattr(canonical, "CHUNK_BYTES", 1 << 16)
    assert findings(tmp_path, b"{}\n" + b"x" * (3 << 20))[0] == ("dataset.line-too-long", 2, 1)


def test_a_pretty_printed_file_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(DatasetProblem) as raised:
        measured(tmp_path, b'{\n  "a": 1\n}\n')
    assert "pretty-printed" in raised.value.findings[0].hint


def test_a_pointer_of_git_lfs_is_recognised(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
    with pytest.raises(DatasetProblem) as raised:
        measured(tmp_path, pointer)
    assert raised.value.findings[0].hint == "this is a Git LFS pointer: run `git lfs pull`"


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=60))
def test_no_finding_ever_holds_a_row(raw: bytes) -> None:
    import tempfile

    secret = b"5ecret"
    with tempfile.TemporaryDirectory() as folder:
        try:
            measured(Path(folder), b'{"a": "' + secret + b'"' + raw + secret + b"\n" + secret + b"\n")
        except DatasetProblem as problem:
            told = repr([(finding.summary, finding.hint) for finding in problem.findings])
        else:
            told = ""
    assert "5ecret" not in told


@pytest.mark.parametrize(
    ("folder", "written", "relative"),
    [
        ("specs", "../data/t.jsonl", "data/t.jsonl"),
        ("specs/deep", "../../data/t.jsonl", "data/t.jsonl"),
        ("", "data/./x/../t.jsonl", "data/t.jsonl"),
        ("specs", "..hidden", "specs/..hidden"),
    ],
)
def test_a_path_is_relative_to_the_file_that_wrote_it(folder: str, written: str, relative: str, tmp_path: Path) -> None:
    assert Confinement(tmp_path).locate(folder, written) == relative


@pytest.mark.parametrize("written", ["../x", "../../x", "/x", "~/x", "data/../../x", ".."])
def test_no_path_leads_out_of_the_project(written: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetProblem) as raised:
        Confinement(tmp_path).locate("", written)
    assert raised.value.findings[0].code == "dataset.outside-project"
