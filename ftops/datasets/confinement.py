"""Confinement: a path a spec wrote becomes an open descriptor inside the project, or a DatasetProblem.

Specs may come from an unreviewed pull request. Every component is resolved, the result must lie inside the project, and
it is opened component by component without following links, so that nothing can be swapped in between.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path


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


def locate(root: Path, folder: str, written: str) -> str:
    """The path, relative to `root`, that `written` means in a file of `folder` (also relative to `root`).

    Links are followed as long as they stay inside. Raises DatasetProblem for absolute paths and for whatever ends up
    outside of the project; the file need not exist.
    """
    if os.path.isabs(written) or written.startswith("~"):
        raise DatasetProblem(
            Finding(
                "dataset.outside-project",
                "the path is absolute; datasets are named relative to the spec file",
                "write a path like ../data/train.jsonl",
            )
        )
    real_root = os.path.realpath(root)
    try:
        real = os.path.realpath(os.path.join(real_root, folder, written))
    except (OSError, ValueError) as error:
        raise DatasetProblem(Finding("dataset.unreadable", "the path cannot be resolved")) from error
    relative = os.path.relpath(real, real_root)
    if relative == ".." or relative.startswith("../"):
        raise DatasetProblem(
            Finding(
                "dataset.outside-project",
                "the path leads out of the project, by `..` or through a symbolic link",
                "move the file into the project (the folder that holds ftops.yaml)",
            )
        )
    return relative


def open_confined(root: Path, relative: str) -> int:
    """Opens a regular file inside `root` for reading and returns its descriptor; the caller closes it.

    Raises DatasetProblem when it is missing, unreadable, a link, or anything but a regular file.
    """
    try:
        descriptor = _walk(os.path.realpath(root), relative.split("/"))
    except FileNotFoundError as error:
        raise DatasetProblem(
            Finding("dataset.missing", "the file does not exist", f"it was looked for at {relative} in the project")
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "impossible path"
        raise DatasetProblem(Finding("dataset.unreadable", f"the file cannot be opened: {reason}")) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise DatasetProblem(
            Finding(
                "dataset.not-a-file",
                f"the path names {_kind_of(mode)}, not a regular file",
                "name one .jsonl file",
            )
        )
    return descriptor


def _walk(root: str, parts: list[str]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: opening a named pipe must not wait for a writer.
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a device or socket"
