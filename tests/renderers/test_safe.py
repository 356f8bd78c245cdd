"""Text that others wrote, made harmless."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.renderers.safe import redact, safe, safe_json

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Grüße, 你好 → ok", "Grüße, 你好 → ok"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\nc\td\x00", "a\\x0db\\x0ac\\x09d\\x00"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("abc\u202egnp", "abcU+202Egnp"),
        ("zero\u200bwidth\ufeff", "zeroU+200BwidthU+FEFF"),
        ("\u2028line", "U+2028line"),
        ("\ud800", "U+D800"),
        ("\U000e0041", "U+E0041"),
    ],
)
def test_controls_and_invisible_characters_are_spelled_out(text: str, shown: str):
    assert safe(text) == shown


def test_paragraphs_keep_their_line_feeds_and_tabs_only():
    assert safe("one\n\ttwo\x1b\r", lines=True) == "one\n\ttwo\\x1b\\x0d"


@given(st.text(st.characters(codec=None)))
def test_whatever_comes_in_no_control_comes_out(text: str):
    assert not [c for c in safe(text) if ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000]
    assert not [c for c in safe(text, lines=True) if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160]


@given(st.text(st.characters(codec=None)))
def test_json_is_harmless_and_still_means_the_same(text: str):
    printed = safe_json({"text": text})

    assert json.loads(printed) == {"text": text}
    assert not [c for c in printed if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "GET https://x.blob.core.windows.net/c/f?sv=2024&sig=abc%2Fdef&x=1",
            "GET https://x.blob.core.windows.net/c/f?sv=***&sig=***&x=1",
        ),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"),
        ("{'api-key': 'abcdef0123456789'}", "{'api-key': '***'}"),
        ("client_secret=hunter22222", "client_secret=***"),
        (f"token {JWT} refused", "token *** refused"),
        (f"key {'A1b2' * 21} refused", "key *** refused"),
        (f"account key {'A1b/' * 21}Zz== refused", "account key *** refused"),
        (
            "file ftops-" + "0a" * 16 + "-p-n.jsonl of job ftjob-" + "0b" * 16,
            "file ftops-" + "0a" * 16 + "-p-n.jsonl of job ftjob-" + "0b" * 16,
        ),
        ("sha256 " + "ab" * 32, "sha256 " + "ab" * 32),
    ],
)
def test_what_looks_like_a_credential_is_taken_out_and_ids_stay(text: str, shown: str):
    assert redact(text) == shown


def test_known_secrets_are_taken_out_wherever_they_stand():
    assert redact("refused: s3cr3t-value!", frozenset({"s3cr3t-value", "short"})) == "refused: ***!"
