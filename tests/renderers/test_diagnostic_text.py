"""Problems as people see them."""

from __future__ import annotations

import pytest

from ftops.core.address import Address
from ftops.core.diagnostic import Diagnostic, Position
from ftops.core.errors import FtopsError, LedgerLocked, Refused, RemoteError, StalePlan
from ftops.renderers.diagnostics import diagnostic_document, diagnostics_of, render_diagnostic, render_diagnostics
from ftops.renderers.palette import Palette

UNKNOWN_KEY = Diagnostic(
    "error",
    "spec.unknown-key",
    "unknown key `trainng`",
    detail="A fine-tune has no such key.\nIts keys are in docs/reference.",
    hint="did you mean `training`?",
    position=Position("specs/a.yaml", 12, 5),
    excerpt="    trainng: support-train",
)
TEXT = """\
error[spec.unknown-key]: unknown key `trainng`
  --> specs/a.yaml:12:5
   |
12 |     trainng: support-train
   |     ^
  A fine-tune has no such key.
  Its keys are in docs/reference.
  hint: did you mean `training`?"""


def test_a_problem_shows_its_place_line_caret_and_way_out():
    assert render_diagnostic(UNKNOWN_KEY) == TEXT


def test_colours_mark_the_same_words():
    painted = render_diagnostic(UNKNOWN_KEY, Palette(enabled=True))

    assert painted.startswith("\x1b[1;31merror[spec.unknown-key]\x1b[0m: \x1b[1munknown key `trainng`\x1b[0m")


def test_problems_come_in_the_order_of_their_places():
    later = Diagnostic("warning", "spec.unused", "unused", position=Position("specs/b.yaml", 1, 1))
    placeless = Diagnostic("error", "refused.empty", "nothing is left", address=Address("dataset", "a"))

    text = render_diagnostics([later, UNKNOWN_KEY, placeless])

    assert [line for line in text.splitlines() if "-->" in line] == [
        "  --> dataset/a",
        "  --> specs/a.yaml:12:5",
        "  --> specs/b.yaml:1:1",
    ]


@pytest.mark.parametrize(
    ("excerpt", "column", "pointed"),
    [
        ("a: b", 1, "1 | a: b\n  | ^"),
        ("名前: x", 5, "1 | 名前: x\n  |       ^"),
        ("\ta: b", 2, "1 |     a: b\n  |     ^"),
        ("x: \x1b[2J", 4, "1 | x: \\x1b[2J\n  |    ^"),
        ("k: " + "v" * 300, 250, "1 | …" + "v" * 134 + "\n  | " + " " * 81 + "^"),
    ],
)
def test_the_caret_stands_under_the_column_whatever_the_line_holds(excerpt: str, column: int, pointed: str):
    diagnostic = Diagnostic("error", "x", "y", position=Position("a.yaml", 1, column), excerpt=excerpt)

    assert pointed in render_diagnostic(diagnostic)


def test_secrets_and_escapes_in_texts_of_others_do_not_pass():
    diagnostic = Diagnostic(
        "error", "x", "bad\x1b[2J", detail="url ?sig=abcdef", hint="Bearer abcdefgh1234", position=Position("\r", 1, 1),
        excerpt="url: https://h/?sig=abcdef",
    )  # fmt: skip

    text = render_diagnostic(diagnostic)

    assert not set("\x1b\r") & set(text)
    assert "abcdef" not in text
    assert "abcdef" not in str(diagnostic_document(diagnostic))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FtopsError("reading x: why", hint="do y"), "error: reading x: why\n  hint: do y"),
        (StalePlan("it moved"), "error[stale-plan]: it moved"),
        (LedgerLocked("held"), "error[ledger-locked]: held"),
        (
            RemoteError("denied", "listing files: no", status=403, code="Forbidden", request_id="r-1"),
            "error[remote.denied]: listing files: no\n  status 403, code Forbidden, request id r-1",
        ),
    ],
)
def test_every_error_is_a_problem_with_a_code_of_its_own(error: FtopsError, told: str):
    assert render_diagnostics(diagnostics_of(error)) == told


def test_an_error_of_many_problems_tells_each():
    assert diagnostics_of(Refused([UNKNOWN_KEY])) == (UNKNOWN_KEY,)
