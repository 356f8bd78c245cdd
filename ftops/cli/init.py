"""`ftops init`: a working project in an empty place. Writes files, touches nothing that is there, opens no socket."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.core.errors import FtopsError

_STARTER = Path(__file__).parent / "starter"
#: Written under another name than they have here, where they would act on this repository.
_HIDDEN = {"gitignore": ".gitignore", "gitattributes": ".gitattributes"}


@options.command("init")
def command(invocation: Invocation) -> int:
    """Write a working project to start from.

    It holds ftops.yaml on the embedded emulator, one spec file, small training data, the ignore and attribute rules for
    git and the schemas for editors. Nothing that exists is overwritten.
    """
    directory = invocation.directory
    files = _files(_project_name(directory.resolve().name))
    there = sorted(name for name in files if os.path.lexists(directory / name) and name not in _HIDDEN.values())
    if there:
        raise FtopsError(
            f"writing a project into {directory}: {', '.join(there)} exists already",
            hint="choose an empty directory with -C DIR; nothing was written",
        )
    try:
        written = [name for name, text in files.items() if _written(directory / name, text)]
    except OSError as error:
        raise FtopsError(f"writing a project into {directory}: {error.filename}: {error.strerror}") from error
    console = invocation.console
    if console.json:
        console.document("ftops.init/1", {"directory": str(directory), "files": written})
        return 0
    console.result("\n".join(f"  wrote {name}" for name in written))
    console.talk("\nNext: `ftops plan` shows what would happen, `ftops apply` does it, all on the embedded emulator.")
    return 0


def _files(project: str) -> Mapping[str, str]:
    from ftops.workspace import json_schema

    files = {}
    for source in sorted(path for path in _STARTER.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        name = source.relative_to(_STARTER).as_posix()
        files[_HIDDEN.get(name, name)] = source.read_text(encoding="utf-8").replace("__PROJECT__", project)
    for schema, name in ((json_schema("spec"), "spec"), (json_schema("project"), "project")):
        files[f"schema/{name}.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return dict(sorted(files.items(), key=lambda item: ("/" in item[0], item[0])))


def _written(path: Path, text: str) -> bool:
    """Writes a new file. Rules for git that exist are completed: only lines they lack are added, at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        return True
    except FileExistsError:
        if path.name not in _HIDDEN.values():
            raise
    existing = path.read_text(encoding="utf-8")
    missing = [line for line in text.splitlines() if line not in existing.splitlines()]
    if not missing:
        return False
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write("" if existing.endswith("\n") or not existing else "\n")
        file.write("\n".join(missing) + "\n")
    return True


def _project_name(directory: str) -> str:
    """The directory's name as a project name: [a-z0-9][a-z0-9-]{0,31}."""
    return re.sub(r"[^a-z0-9]+", "-", directory.lower()).strip("-")[:32].rstrip("-") or "support-bots"
