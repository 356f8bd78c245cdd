"""Which file system a directory is on: those of other machines keep neither locks nor fsync as a local disk does.

In: a path and the kernel's mount table (/proc/self/mountinfo). Out: the name of a network file system, or "". Where
there is no such table, nothing is known and nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
    | {"fuse.blobfuse", "fuse.blobfuse2", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def network_filesystem(directory: Path, mounts: Path = MOUNTS) -> str:
    """The type of the network file system that `directory` is (or will be) on, "" for any other."""
    place = Path(_real(directory))
    found, depth = "", -1
    for point, kind in _mounted(mounts):
        parts = point.parts
        if place.parts[: len(parts)] == parts and len(parts) >= depth:
            found, depth = kind, len(parts)
    return found if found in NETWORK else ""


def _real(directory: Path) -> str:
    try:
        return str(directory.resolve())
    except (OSError, RuntimeError):
        return str(directory.absolute())


def _mounted(mounts: Path) -> Iterator[tuple[Path, str]]:
    """Mount points with their types, in the order of mounting: later ones hide earlier ones."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        before, dash, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if dash and len(fields) > 4 and kinds:
            yield Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4])), kinds[0]
