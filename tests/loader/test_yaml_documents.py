"""YAML as ftops reads it: what scalars mean, where things are, and that both of PyYAML's parsers agree."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ftops.core.errors import SpecErrors
from ftops.loader.scalars import resolve
from ftops.loader.yaml_documents import read_yaml


def data(text: str) -> Any:
    return read_yaml("a.yaml", text.encode()).data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-12", -12),
        ("9223372036854775807", 9223372036854775807),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E-3", -0.0015),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("tRUE", "tRUE"),
        ("014", "014"),
        ("00", "00"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0b1", "0b1"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30:00", "12:30:00"),
        ("190:20:30", "190:20:30"),
        ("2024-07-18", "2024-07-18"),
        ("2024-07-18T10:00:00Z", "2024-07-18T10:00:00Z"),
        ("=", "="),
        ("<<", "<<"),
        ("1.2.3", "1.2.3"),
        ("١٢", "١٢"),
        ("1e", "1e"),
        (".", "."),
        ("-", "-"),
        ("+", "+"),
    ],
)
def test_a_plain_scalar_means_what_the_author_typed(written: str, value: Any) -> None:
    assert (type(value), value) == (type(resolve(written)), resolve(written))


@pytest.mark.parametrize("word", ["true", "null", "3", "1.5", "", "~", "no"])
def test_a_quoted_scalar_is_always_text(word: str) -> None:
    assert data(f"a: '{word}'\nb: \"{word}\"\n") == {"a": word, "b": word}


seen_text = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]))


@given(seen_text)
@example("a: b # c")
@example("${x}")
def test_any_visible_text_survives_quoting(text: str) -> None:
    double = json.dumps(text, ensure_ascii=False)
    single = "'" + text.replace("'", "''") + "'"
    assert data(f"a: {double}\nb: {single}\n") == {"a": text, "b": text}


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_integer_of_64_bits_survives(number: int) -> None:
    assert data(f"a: {number}\n") == {"a": number}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives(number: float) -> None:
    assert data(f"a: {number!r}\n") == {"a": number}


keys = st.text("abcdefghijklmnop_-", min_size=1, max_size=8).filter(lambda key: key[0].isalpha())
values = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.floats(-10, 10) | seen_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(keys, values, max_size=5), st.sampled_from([None, 1, 3]))
def test_json_is_yaml(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    read = read_yaml("a.yaml", text.encode())
    slow = read_yaml("a.yaml", text.encode(), event_source=yaml.SafeLoader)
    assert json.dumps(read.data) == json.dumps(slow.data) == json.dumps(value)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [inner for key, item in items for inner in [(*path, key), *paths(item, (*path, key))]]


@given(st.dictionaries(keys, values, min_size=1, max_size=5), st.booleans())
def test_at_the_place_of_every_value_stands_that_value(value: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, width=10_000)
    read = read_yaml("a.yaml", text.encode())
    slow = read_yaml("a.yaml", text.encode(), event_source=yaml.SafeLoader)
    lines = text.split("\n")
    for path in paths(read.data):
        for on_key in (False, True):
            assert read.position(path, key=on_key) == slow.position(path, key=on_key)
        _, line, column = read.position(path, key=True)
        if isinstance(path[-1], str):
            assert lines[line - 1][column - 1 :].lstrip("'").startswith(path[-1])
        _, line, column = read.position(path)
        item = read.data
        for part in path:
            item = item[part]
        if type(item) is int:
            assert lines[line - 1][column - 1 :].startswith(str(item))


def test_columns_count_characters_not_bytes() -> None:
    document = read_yaml("a.yaml", "a: {é: '😀', b: 1}\n".encode())
    assert document.position(("a", "b"), key=True) == ("a.yaml", 1, 13)
    assert document.position(("a", "b")) == ("a.yaml", 1, 16)


def test_windows_line_ends_count_as_one_line() -> None:
    document = read_yaml("a.yaml", b"a: 1\r\nb:\r\n  c: 2\r\n")
    assert document.position(("b", "c")) == ("a.yaml", 3, 6)
    assert document.excerpt(3) == "  c: 2"


def test_a_path_that_is_not_there_is_placed_as_far_as_it_goes() -> None:
    document = read_yaml("a.yaml", b"a:\n  b: {c: 1}\n")
    assert document.position(("a", "b", "nowhere", "deeper")) == ("a.yaml", 2, 6)


def test_an_empty_file_is_nothing() -> None:
    assert [data(text) for text in ("", "\n\n", "# only a comment\n", "---\n", "---\n...\n")] == [None] * 5


def test_a_long_line_is_not_shown() -> None:
    document = read_yaml("a.yaml", b"a: " + b"x" * 300)
    assert document.excerpt(1) == ""


def test_several_duplicates_are_all_problems() -> None:
    document = read_yaml("a.yaml", b"a: 1\nb: 1\na: 2\nb: 2\n")
    assert [(str(p.position), p.code) for p in document.problems] == [
        ("a.yaml:3:1", "yaml.duplicate-key"),
        ("a.yaml:4:1", "yaml.duplicate-key"),
    ]


@given(st.text(st.sampled_from("ab:-[]{}, \n\t'\"#&*!|>%@`?~01\\"), max_size=40))
def test_any_text_is_read_or_refused_alike_by_both_parsers(text: str) -> None:
    def outcome(source: Any) -> Any:
        try:
            return read_yaml("a.yaml", text.encode(), event_source=source).data
        except SpecErrors:
            return SpecErrors

    fast = outcome(yaml.CSafeLoader)
    slow = outcome(yaml.SafeLoader)
    assert fast == slow or SpecErrors in (fast, slow)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_one_placed_error(raw: bytes) -> None:
    def refusals() -> list[object]:
        try:
            read_yaml("a.yaml", raw)
        except SpecErrors as errors:
            return [problem.position for problem in errors.diagnostics]
        return ["read"]

    [outcome] = refusals()
    assert outcome is not None


def test_the_garbage_collector_is_as_it_was_after_a_load(tmp_path: Any) -> None:
    from tests.loader.building import build, desired

    root = build(tmp_path, {})
    assert gc.isenabled()
    desired(root)
    assert gc.isenabled()
    gc.disable()
    try:
        desired(root)
        assert not gc.isenabled()
    finally:
        gc.enable()
