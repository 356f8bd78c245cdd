"""Writes docs/reference/ from the code: commands from click, keys from the JSON Schema, codes from their table.

    python scripts/reference.py            writes the pages
    python scripts/reference.py --check    exits 1 when a page is out of step

Nothing is written by hand in these pages and nothing here knows a command, a key or a code by name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import click

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by scripts/reference.py; change the code, then run `make docs`. -->"
STREAMS = """stdout carries the result, stderr progress and diagnostics. What an exit code means:
[exit codes](../exit-codes.md)."""
STABLE = """Every problem ftops finds in what people wrote carries one of these codes. Codes are stable: scripts may
match on them, texts may improve."""
#: In the schema every value may also be a variable; the page says so once.
VARIABLE = "#/definitions/Variable"

Schema = Mapping[str, Any]


def commands_page() -> str:
    """Every command with its arguments and options; the global ones once."""
    from ftops.cli.app import root

    context = click.Context(root, info_name="ftops")
    everywhere = _shared_options(root, context)
    alone = {name for option in root.params for name in option.opts} - everywhere
    lines = [
        "# Commands",
        NOTE,
        STREAMS,
        "## Every command takes",
        *_options(root, context, skipped=alone),
        "## ftops",
        *_options(root, context, skipped=everywhere),
    ]
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, info_name=name, parent=context), everywhere, depth=2)
    return _joined(lines)


def _shared_options(root: click.Group, context: click.Context) -> set[str]:
    """Options that every command has, as it is or with fewer choices."""
    commands = [root.get_command(context, name) for name in root.list_commands(context)]
    return set.intersection(*({n for p in command.params for n in p.opts} for command in commands if command))


def _command(command: click.Command, context: click.Context, everywhere: set[str], *, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {context.command_path}"
    if command.help:
        yield "\n".join(line.strip() for line in command.help.strip().splitlines())
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _command(
                child, click.Context(child, info_name=name, parent=context), everywhere, depth=depth + 1
            )
        return
    usage = " ".join(p.make_metavar(context) for p in command.params if isinstance(p, click.Argument))
    own = [p for p in command.params if isinstance(p, click.Option) and not set(p.opts) <= everywhere]
    yield f"`{' '.join(filter(None, (context.command_path, '[OPTIONS]' if own else '', usage)))}`"
    yield from _options(command, context, skipped=everywhere)


def _options(command: click.Command, context: click.Context, *, skipped: set[str]) -> list[str]:
    records = [
        record
        for option in command.params
        if isinstance(option, click.Option) and not set(option.opts) <= skipped and not option.hidden
        for record in [option.get_help_record(context)]
        if record is not None
    ]
    if not records:
        return []
    return [
        "\n".join(["| option | |", "|---|---|", *(f"| `{_cell(names)}` | {_cell(text)} |" for names, text in records)])
    ]


def schema_page(which: Literal["spec", "project"], title: str, opening: str) -> str:
    """Every key of one kind of file, section by section."""
    from ftops.loader import json_schema

    schema = json_schema(which)
    lines = [f"# {title}", NOTE, opening]
    for path, section in _sections(schema, schema, "", set()):
        lines.append(f"## {path}" if path else "## Top level")
        if section.get("description") and path:
            lines.append(_cell(section["description"]))
        required = set(section.get("required", ()))
        rows = [
            f"| `{key}` | {_type(value, schema)} | {_default(value, needed=key in required)} | "
            f"{_cell(value.get('description', ''))} |"
            for key, value in section["properties"].items()
        ]
        lines.append("\n".join(["| key | type | default | |", "|---|---|---|---|", *rows]))
    return _joined(lines)


def _sections(schema: Schema, whole: Schema, path: str, seen: set[str]) -> Iterator[tuple[str, Schema]]:
    """(dotted path, object schema) of every mapping with fixed keys that can be reached; each definition once."""
    reference = schema.get("$ref")
    if reference:
        if reference in seen:
            return
        seen.add(reference)
        schema = _definition(whole, reference)
    if "properties" in schema:
        yield path, schema
        for key, value in schema["properties"].items():
            yield from _sections(value, whole, f"{path}.{key}".strip("."), seen)
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _sections(branch, whole, path, seen)
    for member, mark in (("additionalProperties", ".NAME"), ("items", "[]")):
        inner = schema.get(member)
        if isinstance(inner, Mapping):
            yield from _sections(inner, whole, path + mark, seen)


def _definition(whole: Schema, reference: str) -> Schema:
    found: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def _type(value: Schema, whole: Schema) -> str:
    if "$ref" in value:
        return _type(_definition(whole, value["$ref"]), whole)
    if "properties" in value:
        return "mapping"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " \\| ".join(f"`{item}`" for item in value["enum"])
    branches = [b for b in (*value.get("anyOf", ()), *value.get("oneOf", ())) if b.get("$ref") != VARIABLE]
    if branches:
        return " \\| ".join(dict.fromkeys(_type(b, whole) for b in branches if b.get("type") != "null"))
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}), whole)}"
    return {"object": "mapping"}.get(str(value.get("type", "any")), str(value.get("type", "any")))


def _default(value: Schema, *, needed: bool) -> str:
    if needed:
        return "required"
    default = value.get("default")
    if default is None or default == {}:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def diagnostics_page() -> str:
    """Every code that an error or a warning can carry."""
    from ftops.loader.codes import CODES

    rows = [f"| `{code}` | {_cell(meaning)} |" for code, meaning in sorted(CODES.items())]
    return _joined(
        [
            "# Diagnostics",
            NOTE,
            STABLE,
            "\n".join(["| code | meaning |", "|---|---|", *rows]),
        ]
    )


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "commands.md": commands_page(),
        "specs.md": schema_page(
            "spec",
            "Specs",
            "The keys of `specs/**/*.yaml`: what is wanted. Files are merged; a name is defined once. Any value may be "
            "a `${var.NAME}`.",
        ),
        "project.md": schema_page(
            "project",
            "ftops.yaml",
            "The keys of `ftops.yaml`: where things live and how much they may cost.",
        ),
        "diagnostics.md": diagnostics_page(),
    }


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _joined(lines: list[str]) -> str:
    return "\n\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def main() -> int:
    made = pages()
    if "--check" not in sys.argv[1:]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stale = [
        name
        for name, text in made.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        print(f"docs/reference/{name} is out of step with the code: make docs")
    if not stale:
        print("Reference: every page is in step with the code.")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
