"""The reference is in step with the code, and every command, option, key and code can be looked up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click

from ftops.cli.app import root
from ftops.core import errors
from scripts import reference
from tests.architecture.source import ROOT, modules

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
}


def commands(group: click.Group, prefix: str = "ftops") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")


def diagnostic_codes() -> set[str]:
    """Every literal that is given as `code` to a diagnostic anywhere in the planner, workspace, executor or cli."""
    return {
        keyword.value.value
        for tree in modules().values()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Diagnostic"
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }


def test_every_generated_page_is_in_step_with_the_code():
    on_disk = {name: (reference.FOLDER / name).read_text(encoding="utf-8") for name in reference.pages()}

    assert on_disk == reference.pages()


def test_every_command_is_in_the_reference():
    page = PAGES["docs/reference/commands.md"]
    missing = [name for name, _ in commands(root) if not re.search(rf"^##+ {name}$", page, re.MULTILINE)]

    assert missing == []


def test_every_option_is_in_the_reference():
    page = PAGES["docs/reference/commands.md"]
    options = {
        (name, option)
        for name, command in commands(root)
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts
    }

    assert [(name, option) for name, option in sorted(options) if option not in page] == []


def test_every_diagnostic_code_in_the_code_can_be_looked_up():
    page = PAGES["docs/reference/diagnostics.md"]

    assert [code for code in sorted(diagnostic_codes()) if f"`{code}`" not in page] == []


def test_every_exit_code_of_the_exception_tree_is_explained():
    page = PAGES["docs/exit-codes.md"]
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.FtopsError)
    }

    assert [code for code in sorted(codes) if not re.search(rf"^\| {code}(,| \|)", page, re.MULTILINE)] == []


def test_every_link_between_pages_leads_somewhere():
    broken = [
        (name, target)
        for name, text in PAGES.items()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        if not (ROOT / name).parent.joinpath(target).exists()
    ]

    assert broken == []


def test_every_page_of_the_docs_is_linked_from_another():
    linked = {
        (ROOT / name).parent.joinpath(target).resolve()
        for name, text in PAGES.items()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text)
    }
    alone = [name for name in PAGES if name.startswith("docs/") and (ROOT / name).resolve() not in linked]

    assert [name for name in alone if name != "docs/index.md"] == []


def test_no_command_is_shown_that_does_not_exist():
    known = {name for name, _ in commands(root)}
    shown = {
        (page, match) for page, text in PAGES.items() for match in re.findall(r"^\$ (ftops [a-z]+)", text, re.MULTILINE)
    }

    assert [(page, command) for page, command in sorted(shown) if command not in known] == []
