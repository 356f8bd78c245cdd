"""News while something is being done, and tables afterwards."""

from __future__ import annotations

import io

from ftops.core.progress import Progress
from ftops.renderers.live import progress_view
from ftops.renderers.palette import Palette
from ftops.renderers.tables import render_pairs, render_table
from tests.renderers.plans import node

NEWS = [
    Progress(None, "note", "made a new ledger"),
    Progress(node("dataset/a"), "started", "uploading"),
    Progress(node("dataset/a"), "moved", "uploading", done_bytes=10, total_bytes=20),
    Progress(node("dataset/a"), "moved", "uploading", done_bytes=20, total_bytes=20),
    Progress(node("dataset/a"), "done", "uploaded"),
    Progress(node("finetune/b"), "waiting", "running", fraction=0.2),
    Progress(node("finetune/b"), "waiting", "running", fraction=0.9),
    Progress(node("finetune/c"), "waiting", "succeeded", fraction=1.0),
    Progress(node("finetune/b"), "failed", "failed: \x1b[2Jbad rows"),
]


def told(*, live: bool = False, accounts: bool = False, palette: Palette | None = None) -> str:
    stream = io.StringIO()
    with progress_view(stream, palette or Palette(), live=live, accounts=accounts) as tell:
        for news in NEWS:
            tell(news)
    return stream.getvalue()


def test_in_a_log_everything_is_said_once_and_without_numbers_that_change():
    assert told() == (
        "made a new ledger\n"
        "dataset/a: uploading\n"
        "dataset/a: uploaded\n"
        "finetune/b: running\n"
        "finetune/c: succeeded\n"
        "finetune/b: failed: failed: \\x1b[2Jbad rows\n"
    )


def test_accounts_are_named_when_there_are_several():
    assert "dataset/a@main: uploaded\n" in told(accounts=True)


def test_the_live_view_leaves_the_same_settled_lines_behind():
    text = told(live=True)

    for line in (
        "made a new ledger",
        "dataset/a: uploaded",
        "finetune/c: succeeded",
        "finetune/b: failed: failed: \\x1b[2Jbad rows",
    ):
        assert line in text
    assert "\x1b[2Jbad" not in text


def test_tables_align_wide_characters_and_never_cut():
    assert render_table(("name", "status"), [("名前", "ok"), ("a-long-name", None)]) == (
        "NAME         STATUS\n名前         ok\na-long-name  -"
    )


def test_pairs_leave_out_what_is_not_known():
    assert render_pairs([("a", 1), ("missing", None), ("longer", "x\ny")]) == "a       1\nlonger  x\\x0ay"
