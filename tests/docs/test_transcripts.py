"""What pages show is what is printed; and the tool that says so sees the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.transcripts import ROOT, Shell, Step, differences, matches, pages, settled, steps_of

WITH_CONSOLE = [page for page in pages() if "```console" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", WITH_CONSOLE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_prints_what_the_page_shows(page: Path):
    assert [str(difference) for difference in differences(page)] == []


def test_a_block_is_read_as_commands_with_their_output():
    block = "$ ftops plan\nPlan: nothing.\n\nDone.\n$ sed -i \\\n> s/a/b/ file\n$ echo\n"

    assert [
        Step("ftops plan", ("Plan: nothing.", "", "Done.")),
        Step("sed -i \\\ns/a/b/ file", ()),
        Step("echo", ()),
    ] == list(steps_of(block))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["one", "two"], ["one", "two"], True),
        (["one"], ["one", "two"], False),
        ([], ["one"], False),
        (["job ftjob-… took …s"], ["job ftjob-12ab took 3.1s"], True),
        (["job ftjob-… failed"], ["job ftjob-12ab took 3.1s"], False),
        (["one", "…", "four"], ["one", "two", "three", "four"], True),
        (["one", "…", "four"], ["one", "four"], True),
        (["one", "…", "four"], ["one", "two", "three"], False),
        (["a.c"], ["abc"], False),
    ],
)
def test_an_ellipsis_stands_for_text_in_a_line_or_for_lines(shown: list[str], printed: list[str], same: bool):
    assert matches(shown, printed) is same


def test_ids_times_and_ports_are_recorded_as_ellipses():
    printed = ["ftjob-0123456789abcdef0123456789abcdef at 127.0.0.1:4711 since 2026-11-22T16:00:01Z, 3.2 s"]

    assert settled(printed) == ("ftjob-… at 127.0.0.1:… since …, …s",)


def test_commands_of_a_page_share_one_shell_and_cannot_ask(tmp_path: Path):
    shell = Shell(tmp_path, tmp_path)
    try:
        assert shell.run("export WORD=shared; read -r answer") == ()
        assert shell.run("echo $?") == ("1",)
        assert shell.run("echo $WORD; echo aside >&2") == ("shared", "aside")
    finally:
        shell.close()
