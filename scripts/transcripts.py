"""Runs the ```console blocks of our Markdown and compares what they print with what the page shows.

In: Markdown files. Out: the differences, or (`--write`) the same pages with what was really printed. A page runs from
top to bottom in one shell, in a throw-away copy of the project it talks about: the folder it lies in when that holds an
ftops.yaml, else this repository's own project; `<!-- console: empty -->` asks for an empty folder. Work on its emulator
takes no time, which shows nowhere.

In a block, `$ ` starts a command and `> ` continues it. In shown output `…` stands for any text within a line, and a
line that is only `…` for any lines. Nothing here may write to the repository except `--write`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ftops.emulator import Emulator

ROOT = Path(__file__).resolve().parent.parent
PAGE_TIMEOUT_SECONDS = 120
ANYTHING = "…"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1eend"
_BROKEN = ("Traceback (most recent call last)", "error[bug]")
AT_ONCE = {
    "file_seconds": 0.0,
    "job_pending_seconds": 0.0,
    "job_running_seconds": 0.0,
    "deployment_seconds": 0.0,
    "deployment_delete_seconds": 0.0,
}
#: What differs from run to run, and what a page shows instead.
_VOLATILE = (
    (re.compile(r"\b(ftjob|file|ftckpt|resp|chatcmpl)-[0-9a-f]{6,}"), rf"\1-{ANYTHING}"),
    (re.compile(r"\.ft-[0-9a-f]{32}"), f".ft-{ANYTHING}"),
    (re.compile(r"127\.0\.0\.1:\d+"), f"127.0.0.1:{ANYTHING}"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?"), ANYTHING),
    (re.compile(r"\b\d+(\.\d+)? ?s\b"), f"{ANYTHING}s"),
    (re.compile(r"\b\d+ seconds?\b"), f"{ANYTHING} seconds"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a page and the output shown under it."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A command that printed something else than the page shows."""

    page: str
    step: Step
    printed: tuple[str, ...]

    def __str__(self) -> str:
        shown, printed = ("\n".join(f"    {line}" for line in lines) for lines in (self.step.shown, self.printed))
        return f"{self.page}: $ {self.step.command}\n  the page shows\n{shown}\n  it prints\n{printed}"


def steps_of(block: str) -> Iterator[Step]:
    """The commands of one block, in order."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *rest = part.rstrip("\n").split("\n")
        command = [first]
        while rest and rest[0].startswith(">"):
            command.append(rest.pop(0)[2:])
        yield Step("\n".join(command), tuple(_trimmed(rest)))


def matches(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether output is what a page shows, ellipses and all."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == ANYTHING else re.escape(line).replace(ANYTHING, ".*?") + r"\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def settled(printed: Sequence[str]) -> tuple[str, ...]:
    """Output with what differs from run to run replaced by ellipses."""
    text = "\n".join(printed)
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return tuple(text.split("\n")) if text else ()


class Shell:
    """One bash for one page: commands see each other's files, variables and background jobs."""

    def __init__(self, directory: Path, home: Path) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=_environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._alarm = threading.Timer(PAGE_TIMEOUT_SECONDS, self.close)
        self._alarm.start()

    def run(self, command: str) -> tuple[str, ...]:
        """The lines a command prints, to stdout and stderr alike. Nothing can be typed in."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        script = f"{{ {command}\n}} </dev/null; __status=$?; printf '\\n{_MARK}\\n'; (exit $__status)\n"
        self._process.stdin.write(script)
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(_MARK):
                return tuple(_trimmed(lines))
            lines.append(line.rstrip())
        raise RuntimeError(f"the shell ended during: {command}\n" + "\n".join(lines))

    def close(self) -> None:
        """Ends the shell and whatever it left running."""
        self._alarm.cancel()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if threading.current_thread() is not self._alarm:
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()


@contextmanager
def shell_for(page: Path) -> Iterator[Shell]:
    """A shell in a throw-away copy of the project a page talks about."""
    with tempfile.TemporaryDirectory(prefix="ftops-page-") as scratch:
        directory = Path(scratch) / "project"
        copy_project(page, directory)
        hurry(directory)
        shell = Shell(directory, Path(scratch))
        try:
            yield shell
        finally:
            shell.close()


def copy_project(page: Path, target: Path) -> None:
    """Copies what a page talks about: its own folder, or this repository's project, or nothing."""
    if "<!-- console: empty -->" in page.read_text(encoding="utf-8"):
        target.mkdir()
    elif (page.parent / "ftops.yaml").exists() and page.parent != ROOT:
        shutil.copytree(page.parent, target, ignore=shutil.ignore_patterns(".ftops", "__pycache__"))
    else:
        target.mkdir()
        shutil.copy(ROOT / "ftops.yaml", target)
        for folder in ("specs", "data"):
            shutil.copytree(ROOT / folder, target / folder)


def hurry(project: Path) -> None:
    """Makes work on a project's embedded emulator end at once, for as long as its store lives."""
    (project / ".ftops").mkdir(mode=0o700, exist_ok=True)
    Emulator(project / ".ftops" / "emulator.db", profile=AT_ONCE).close()


def differences(page: Path) -> Iterator[Difference]:
    """Runs a page and yields every command that printed something else than shown."""
    steps = [step for block in _BLOCK.findall(page.read_text(encoding="utf-8")) for step in steps_of(block)]
    if not steps:
        return
    with shell_for(page) as shell:
        for step in steps:
            printed = shell.run(step.command)
            if not matches(step.shown, printed):
                yield Difference(page.relative_to(ROOT).as_posix(), step, printed)


def write(page: Path) -> bool:
    """Rewrites the blocks of a page with what its commands print now; True when it changed."""
    text = page.read_text(encoding="utf-8")
    with shell_for(page) as shell:
        renewed = _BLOCK.sub(lambda found: _renewed(found.group(1), shell), text)
    if renewed != text:
        page.write_text(renewed, encoding="utf-8")
    return renewed != text


def _renewed(block: str, shell: Shell) -> str:
    lines: list[str] = []
    for step in steps_of(block):
        printed = shell.run(step.command)
        if any(line.startswith(_BROKEN) for line in printed):
            raise SystemExit("\n".join([f"$ {step.command}", *printed, "that is no output to show people"]))
        lines.append("$ " + step.command.replace("\n", "\n> "))
        lines += step.shown if step.shown and matches(step.shown, printed) else settled(printed)
    return "```console\n" + "\n".join(lines) + "\n```"


def pages() -> list[Path]:
    """Every page of ours that may hold console blocks."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


def _trimmed(lines: Sequence[str]) -> list[str]:
    trimmed = list(lines)
    while trimmed and not trimmed[-1].strip():
        trimmed.pop()
    return trimmed


def _environment(home: Path) -> dict[str, str]:
    """A stranger's environment: no login, no settings of this machine's user, ftops on the path."""
    inherited = {
        key: value for key, value in os.environ.items() if key in ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "TMPDIR")
    }
    return {
        **inherited,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(home),
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the console blocks of Markdown pages.")
    parser.add_argument("--write", action="store_true", help="rewrite the pages with what is printed now")
    parser.add_argument("pages", nargs="*", type=Path)
    arguments = parser.parse_args()
    chosen = [path.resolve() for path in arguments.pages] or pages()
    if arguments.write:
        for page in chosen:
            print(f"{page.relative_to(ROOT)}: {'rewritten' if write(page) else 'as it was'}")
        return 0
    found = [difference for page in chosen for difference in differences(page)]
    for difference in found:
        print(difference, end="\n\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
