"""A ledger on another machine's disk is warned of; which disk a directory is on is read as the kernel tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.ledger import LocalStore
from ftops.ledger.filesystem import network_filesystem
from ftops.ledger.guard import FileGuard

TABLE = """\
24 30 0:22 / /proc rw,nosuid - proc proc rw
30 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
41 30 0:40 / /mnt rw,relatime shared:22 master:1 - nfs4 server:/home rw
42 41 259:3 / /mnt/me/fast rw - xfs /dev/nvme rw
43 30 0:44 / /mnt/with\\040space rw - fuse.sshfs host:/ rw
44 30 0:45 / /over rw - cifs //host/share rw
45 30 259:9 / /over rw - ext4 /dev/sdb rw
not a line
46 30 0:46 / /cut rw -
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    return table


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/mnt/me/project/.ftops/ledger", "nfs4"),
        ("/homework", ""),
        ("/mnt/me/fast/project", ""),
        ("/mnt/with space/project", "fuse.sshfs"),
        ("/over/project", ""),
        ("/cut/project", ""),
        ("/srv", ""),
    ],
)
def test_the_nearest_mount_above_decides(mounts: Path, directory: str, kind: str) -> None:
    assert network_filesystem(Path(directory), mounts) == kind


def test_where_there_is_no_mount_table_nothing_is_said(tmp_path: Path) -> None:
    assert network_filesystem(tmp_path, tmp_path / "none") == ""


def test_a_path_that_cannot_be_resolved_is_taken_as_it_is_written(mounts: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    assert network_filesystem(loop / "x", mounts) == ""


def test_a_store_on_a_network_file_system_says_so(mounts: Path, tmp_path: Path) -> None:
    store = LocalStore(Path("/mnt/me/project/.ftops/ledger"), guard=FileGuard(tmp_path), mounts=mounts)

    assert store.caution == (
        "/mnt/me/project/.ftops/ledger is on a network file system (nfs4), where a lock may not hold: "
        "keep the project on a disk of this machine, or use `ledger: {backend: azblob}`"
    )
    assert LocalStore(Path("/srv/ledger"), guard=FileGuard(tmp_path), mounts=mounts).caution == ""
