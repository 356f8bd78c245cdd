"""Confinement: a path a spec wrote becomes an open descriptor inside the project, or a DatasetProblem.

Specs may come from an unreviewed pull request. Every component is resolved, the result must lie inside the project, and
it is opened component by component without following links, so that nothing can be swapped in between.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a dataset file. `line` 0 means the file as a whole; columns count characters from 1."""

    code: str
    summary: str
    hint: str = ""
    line: int = 0
    column: int = 0


class DatasetProblem(ValueError):
    """What is wrong with a dataset file; never holds any of its content."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.summary for finding in findings))
        self.findings = findings

    @property
    def line(self) -> int:
        """Line of the first finding, 0 when it concerns the file as a whole."""
        return self.findings[0].line


class Confinement:
    """The folder of one project, and the way into it. Short-lived: it remembers how folders were resolved and holds
    the one it opened last, until it is closed. Not for several threads."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._inside = self._root.rstrip("/") + "/"
        self._folders: dict[tuple[str, str], str] = {}
        self._held: tuple[str, int] | None = None

    def __enter__(self) -> Confinement:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._let_go()

    def locate(self, folder: str, written: str) -> str:
        """The path, relative to the project, that `written` means in a file of `folder` (also relative to it).

        Links are followed as long as they stay inside. Raises DatasetProblem for absolute paths and for whatever ends
        up outside of the project; the file need not exist.
        """
        if written.startswith(("/", "~")):
            raise DatasetProblem(_ABSOLUTE)
        try:
            real = self._resolve(folder, written)
        except (OSError, ValueError) as error:
            raise DatasetProblem(Finding("dataset.unreadable", "the path cannot be resolved")) from error
        if real == self._root:
            return "."
        if not real.startswith(self._inside):
            raise DatasetProblem(_OUTSIDE)
        return real[len(self._inside) :]

    def open(self, relative: str) -> int:
        """Opens a regular file for reading and returns its descriptor; the caller closes it.

        Raises DatasetProblem when it is missing, unreadable, a link, or anything but a regular file.
        """
        try:
            folder, _, name = relative.rpartition("/")
            # O_NONBLOCK: opening a named pipe must not wait for a writer.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=self._opened(folder))
        except FileNotFoundError as error:
            hint = f"it was looked for at {relative} in the project"
            raise DatasetProblem(Finding("dataset.missing", "the file does not exist", hint)) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "impossible path"
            raise DatasetProblem(Finding("dataset.unreadable", f"the file cannot be opened: {reason}")) from error
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            summary = f"the path names {_kind_of(mode)}, not a regular file"
            raise DatasetProblem(Finding("dataset.not-a-file", summary, "name one .jsonl file"))
        return descriptor

    def _opened(self, folder: str) -> int:
        """A descriptor of `folder`, which stays ours; the ten thousand files of one folder need it once."""
        if self._held is None or self._held[0] != folder:
            self._let_go()
            self._held = (folder, _walk(self._root, folder.split("/") if folder else []))
        return self._held[1]

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held[1])
            self._held = None

    def _resolve(self, folder: str, written: str) -> str:
        head, _, name = written.rpartition("/")
        if name in ("", ".", ".."):
            return os.path.realpath(os.path.join(self._root, folder, written))
        resolved = self._folders.get((folder, head))
        if resolved is None:
            resolved = self._folders[folder, head] = os.path.realpath(os.path.join(self._root, folder, head))
        path = f"{resolved}/{name}"
        return os.path.realpath(path) if os.path.islink(path) else path


_ABSOLUTE = Finding(
    "dataset.outside-project",
    "the path is absolute; datasets are named relative to the spec file",
    "write a path like ../data/train.jsonl",
)
_OUTSIDE = Finding(
    "dataset.outside-project",
    "the path leads out of the project, by `..` or through a symbolic link",
    "move the file into the project (the folder that holds ftops.yaml)",
)


def _walk(root: str, parts: list[str]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a device or socket"
