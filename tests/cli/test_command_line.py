"""The shell around every command: options on both sides, spellings, usage errors, JSON, colours."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from ftops.cli import COMMANDS
from ftops.cli.app import root
from ftops.cli.spellings import rewrite
from tests.cli.conftest import Run

COMMAND_NAMES = (
    "init validate plan apply destroy drift status show output ask adopt cancel "
    "ledger emulator schema doctor completion version"
)
GLOBAL = {"-C", "--env", "--var", "-o", "--output", "-q", "--quiet", "-v", "--verbose", "--color", "--no-input"}


def test_the_commands_are_the_documented_ones_and_each_has_the_name_and_the_help_of_its_line():
    assert [entry.name for entry in COMMANDS] == COMMAND_NAMES.split()
    context = click.Context(root)
    for entry in COMMANDS:
        command = root.get_command(context, entry.name)
        assert command is not None
        assert (command.name, bool(command.help)) == (entry.name, True)


def leaves(group: click.Group) -> list[click.Command]:
    context = click.Context(group)
    found: list[click.Command] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += leaves(command) if isinstance(command, click.Group) else [command]
    return found


def test_every_command_takes_the_global_options_and_none_takes_a_secret():
    for command in leaves(root):
        options = {name for parameter in command.params for name in parameter.opts}
        assert options >= GLOBAL, command.name
        assert not [o for o in options if any(word in o for word in ("key", "token", "secret", "password"))]


@pytest.mark.parametrize("arguments", [("version", "-o", "json"), ("-o", "json", "version"), ("-ojson", "version")])
def test_global_options_are_taken_before_and_after_the_command(run: Run, arguments: tuple[str, ...]):
    assert run(*arguments).document == {"format": "ftops.version/1", "version": "0.1.0"}


def test_variables_given_on_both_sides_add_up(run: Run, project: Path):
    for side in (("--var", "epochs=7"), ()):
        other = ("--var", "epochs=7") if not side else ()
        shown = run(*side, "show", "finetune/support-v1", *other)
        assert "hyperparameter n_epochs  7" in shown.out


@pytest.mark.parametrize("argument", ["--version", "-version"])
def test_the_version_is_told_by_option_too(run: Run, argument: str):
    assert run(argument) == run("version")


def test_terraform_spellings_are_rewritten_and_nothing_else_is():
    assert rewrite(["plan", "-out=x", "-target", "finetune/a", "-destroy", "-detailed-exitcode", "-var", "a=b"]) == [
        "plan", "--out=x", "--target", "finetune/a", "--destroy", "--detailed-exitcode", "--var", "a=b",
    ]  # fmt: skip
    assert rewrite(["apply", "-auto-approve", "--", "-out"]) == ["apply", "--auto-approve", "--", "-out"]
    assert rewrite(["-ojson", "-outer", "-v"]) == ["-ojson", "-outer", "-v"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "--heal"), "No such option '--heal'"),
        (("plan", "--offline"), "No such option '--offline'"),
        (("paln",), "No such command 'paln'. Did you mean `plan`?"),
        (("refresh", "x"), "No such command 'refresh'"),
        (("plan", "-o", "html"), "'html' is not one of 'text', 'json'"),
        (("-o", "dotenv", "plan"), "-o dotenv is not offered here: choose text or json"),
        (("plan", "--var", "epochs"), "'epochs' is not NAME=VALUE"),
        (("apply", "--deadline", "soon"), "'soon' is not a duration: write 30s, 90m, 2h or 1d"),
        (("apply", "--allow", "everything"), "unknown rule 'everything'"),
        (("apply", "--wait", "some"), "'some' is not one of 'all', 'none'"),
        (("apply", "p.json", "--target", "finetune/a"), "--target goes with `ftops plan --out`"),
        (("plan", "--target", "support-v1"), "'support-v1' is not an address: write kind/name"),
        (("ask", "support-bot"), "Missing argument 'PROMPT'"),
        (("completion",), "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
        (("-q",), "Missing command"),
    ],
)
def test_a_usage_error_is_64_and_says_what_there_is(run: Run, project: Path, arguments: tuple[str, ...], said: str):
    result = run(*arguments)

    assert (result.code, result.out) == (64, "")
    assert result.err.startswith("error[usage]: ")
    assert said in result.err


def test_no_arguments_at_all_show_the_help_and_count_as_usage_error(run: Run):
    result = run()

    assert (result.code, result.out) == (64, "")
    assert "Usage: ftops [OPTIONS] COMMAND [ARGS]..." in result.err


def test_with_json_a_usage_error_is_a_document_too(run: Run):
    result = run("plan", "--heal", "-o", "json")

    assert (result.code, result.err) == (64, "")
    assert result.document["format"] == "ftops.error/1"
    assert result.document["exit_code"] == 64
    assert [d["code"] for d in result.document["diagnostics"]] == ["usage"]


def test_spec_errors_are_told_with_place_line_caret_and_hint(run: Run, project: Path):
    spec = project / "specs" / "support.yaml"
    spec.write_text(spec.read_text().replace("    training:", "    trainng:"))

    result = run("validate", "--color", "never")

    assert result.code == 1
    assert "error[spec.unknown-key]: " in result.err
    assert "  --> specs/support.yaml:9:5\n" in result.err
    assert "9 |     trainng: support-train\n  |     ^\n" in result.err
    assert "  hint: did you mean `training`?" in result.err


def test_with_json_spec_errors_carry_their_places(run: Run, project: Path):
    (project / "specs" / "more.yaml").write_text("deployments:\n  x: {finetune: nobody, sku: Standard}\n")

    result = run("-o", "json", "validate")

    assert (result.code, result.err) == (1, "")
    document = result.document
    assert (document["format"], document["exit_code"]) == ("ftops.error/1", 1)
    assert [(d["file"], d["line"]) for d in document["diagnostics"]] == [("specs/more.yaml", 2)]


def test_a_directory_without_a_project_is_told_plainly(run: Run, tmp_path: Path):
    result = run("-C", str(tmp_path), "plan")

    assert result.code == 1
    assert "ftops.yaml" in result.err
    assert "Traceback" not in result.err


def test_an_unknown_environment_is_told_plainly(run: Run, project: Path):
    result = run("plan", "--env", "prodd")

    assert result.code == 1
    assert "prodd" in result.err


def test_an_unexpected_exception_is_called_a_bug_and_shows_no_content(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the training row says hello")

    monkeypatch.setattr("ftops.workspace.Workspace.review", broken)
    quiet = run("plan")
    monkeypatch.setenv("FTOPS_DEBUG", "1")
    loud = run("plan")

    assert (quiet.code, loud.code) == (1, 1)
    assert quiet.err.startswith("error[bug]: ZeroDivisionError at test_command_line.py:")
    assert "this is a bug in ftops" in quiet.err
    assert "Traceback" not in quiet.err
    assert "hello" not in quiet.err
    assert "Traceback (most recent call last):" in loud.err


def test_colours_are_off_in_a_pipe_and_on_when_asked_for(run: Run, project: Path):
    assert "\x1b[" not in run("plan").out
    assert "\x1b[32m+" in run("plan", "--color", "always").out


def test_the_environment_can_force_colours_and_forbid_them(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("validate").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("validate").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("apply", "specs"), "Is a directory"),
        (("apply", "nothing.json"), "reading the plan nothing.json: No such file or directory"),
        (("show", "support-v1"), "an address is kind/name, for example finetune/support-v1"),
        (("show", "ftops.yaml"), "reading ftops.yaml: it is no JSON text"),
        (("plan", "--out", "nowhere/plan.json"), "writing nowhere/plan.json: No such file or directory"),
        (("-C", "nowhere", "validate"), "working in nowhere: there is no such directory"),
        (("-C", "ftops.yaml/sub", "init"), "writing a project into ftops.yaml/sub: "),
        (("show", "deployment/nobody"), "the specs have no such deployment"),
        (("show", "deployment/no body"), "impossible name"),
        (("ask", "suport-bot", "hi"), "did you mean deployment/support-bot?"),
        (("ask", "oracle", "hi"), "known: deployment/support-bot"),
        (("plan", "--target", "finetune/suport-v1"), "did you mean finetune/support-v1?"),
        (("plan", "--target", "finetune/oracle"), "known: finetune/support-v1"),
        (("ask", "support-bot", "hi"), "asking deployment/support-bot: it is not deployed"),
        (("output", "support-bot"), "looking for deployment/support-bot: it is not deployed"),
        (("cancel", "support-v1"), "cancelling finetune/support-v1: it has no job"),
        (("status", "--watch", "-o", "json"), "one document"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(run: Run, project: Path, arguments: tuple[str, ...], said: str):
    result = run(*arguments)

    assert result.code == 1
    assert said in (result.err or result.out)
    assert "bug" not in result.err


def test_a_ledger_is_made_once_and_shown(run: Run, project: Path):
    assert run("ledger", "show").out.startswith("No ledger yet in ")
    assert run("ledger", "init").out.startswith("Created ")
    again = run("ledger", "init")
    assert (again.code, "there is a ledger already" in again.err) == (1, True)
    shown = run("ledger", "show", "-o", "json").document
    assert (shown["exists"], shown["seq"], shown["jobs"]) == (True, 1, [])


def test_a_ledger_that_cannot_be_opened_is_never_replaced_by_a_local_one(run: Run, project: Path):
    config = project / "ftops.yaml"
    shared = 'ledger: {backend: azblob, account_url: "http://x.blob.core.windows.net", container: ledgers}'
    config.write_text(config.read_text().replace("ledger: {backend: local}", shared))

    result = run("apply", "-y")

    assert (result.code, result.out) == (1, "")
    assert "opening the ledger at http://x.blob.core.windows.net: it must be an https address" in result.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_ftops_back(run: Run, shell: str):
    result = run("completion", shell)

    assert result.code == 0
    assert "_FTOPS_COMPLETE" in result.out


def test_the_shell_is_told_the_commands(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("_FTOPS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ftops em")
    monkeypatch.setenv("COMP_CWORD", "1")

    assert run().out == "plain,emulator\n"
