"""The local store: private files, a lock the kernel frees, time that only goes forwards."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ftops.core.errors import LedgerError, LedgerLocked, LedgerMoved
from ftops.ledger.local import LocalStore
from ftops.ledger.session import Session, create
from ftops.ledger.store import Holder
from ftops.ledger.timekeeper import boot_id
from tests.ledger.machine import ARM, Machine, intend

HOLDER = Holder("r1", "host", 4711, "2026-01-02T03:04:05Z")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_every_file_is_private_whatever_the_umask(machine: Machine, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = machine.store()
        session = create(store)
        with store.lock(HOLDER):
            intend(session)
        store.leave_note("job ftjob-1")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in machine.directory.iterdir()}
    finally:
        os.umask(before)

    assert stat.S_IMODE(machine.directory.stat().st_mode) == 0o700
    assert modes == {
        "ledger.jsonl": 0o600,
        "ledger.lock": 0o600,
        "ledger.clock": 0o600,
        "ledger.unsettled.txt": 0o600,
    }


def test_a_directory_and_a_ledger_left_open_to_others_are_closed_at_the_next_write(machine: Machine) -> None:
    machine.directory.mkdir(mode=0o755)
    session = create(machine.store())
    machine.file.chmod(0o644)
    intend(session)

    assert stat.S_IMODE(machine.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(machine.file.stat().st_mode) == 0o600


def test_a_write_appends_only_what_is_new(machine: Machine) -> None:
    session = create(machine.store())
    inode, first = machine.file.stat().st_ino, machine.file.read_bytes()
    intend(session)

    assert machine.file.stat().st_ino == inode
    assert machine.file.read_bytes().startswith(first)
    assert machine.file.read_bytes().count(b"\n") == 2


def test_content_that_is_no_continuation_replaces_the_file_whole(machine: Machine) -> None:
    store = machine.store()
    etag = store.write_if("", b"one\n")
    inode = machine.file.stat().st_ino
    later = store.write_if(etag, b"two\n")

    assert machine.file.read_bytes() == b"two\n"
    assert machine.file.stat().st_ino != inode
    assert store.read() == (b"two\n", later)
    with pytest.raises(LedgerMoved):
        store.write_if(etag, b"three\n")


def test_an_edit_from_outside_voids_the_etag(machine: Machine) -> None:
    store = machine.store()
    etag = store.write_if("", b"one\n")
    machine.file.write_bytes(b"ONE\n+")
    with pytest.raises(LedgerMoved):
        store.write_if(etag, b"one\ntwo\n")
    machine.file.unlink()
    with pytest.raises(LedgerMoved, match="it is gone"):
        store.write_if(etag, b"one\ntwo\n")


def test_a_ledger_that_vanishes_while_its_lock_is_waited_for_has_moved(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = machine.store()
    etag = store.write_if("", b"one\n")

    def vanishes(handle: int, how: int) -> None:
        machine.file.unlink()

    monkeypatch.setattr("fcntl.flock", vanishes)
    with pytest.raises(LedgerMoved, match="another ftops wrote it in between"):
        store.write_if(etag, b"one\ntwo\n")


def test_a_symbolic_link_is_not_followed(machine: Machine, tmp_path: Path) -> None:
    create(machine.store())
    machine.file.rename(tmp_path / "elsewhere")
    machine.file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="it is a symbolic link"):
        Session.open(machine.store())


def test_folders_made_on_the_way_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        create(LocalStore(tmp_path / ".ftops" / "ledger"))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / ".ftops").stat().st_mode) == 0o700


def test_a_directory_behind_a_symbolic_link_is_refused(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    machine.directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="it is a symbolic link"):
        create(machine.store())
    with pytest.raises(LedgerError, match="it is a symbolic link"), machine.store().lock(HOLDER):
        pass

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_lock_file_behind_a_symbolic_link_is_refused(machine: Machine, tmp_path: Path) -> None:
    create(machine.store())
    (tmp_path / "precious").write_text("x")
    (machine.directory / "ledger.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(LedgerError, match="locking"), machine.store().lock(HOLDER):
        pass
    with pytest.raises(LedgerError, match="reading"):
        machine.store().holder()

    assert (tmp_path / "precious").read_text() == "x"


def test_who_holds_the_lock_can_be_asked_and_only_their_end_frees_it(machine: Machine) -> None:
    store = machine.store()
    assert store.holder() is None
    with store.lock(HOLDER):
        assert (machine.store().holder(), store.lock_lost()) == (HOLDER, False)
        with pytest.raises(LedgerError, match="for a living process") as caught:
            machine.store().unlock()
        assert caught.value.hint == "it is released when that process ends: wait for it, or end it"
    assert store.holder() is None


@pytest.mark.parametrize("step", ["flock", "fchmod", "pwrite"])
def test_a_lock_that_the_file_system_cannot_give_is_an_error_for_people(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_arguments: object) -> None:
        raise OSError(37, "No locks available")

    create(machine.store())
    with machine.store().lock(HOLDER):
        pass
    monkeypatch.setattr("fcntl.flock" if step == "flock" else f"os.{step}", broken)
    with pytest.raises(LedgerError, match="No locks available"), machine.store().lock(HOLDER):
        pass
    if step == "flock":
        with pytest.raises(LedgerError, match="No locks available"):
            machine.store().holder()


def test_a_file_that_cannot_be_looked_at_is_an_error_for_people(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(5, "Input/output error")

    create(machine.store())
    for call in ("fstat", "pread", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(f"os.{call}", broken)
            with pytest.raises(LedgerError, match="Input/output error"):
                machine.store().read()
    monkeypatch.setattr("os.rename", broken)
    with pytest.raises(LedgerError, match=r"setting aside .*: Input/output error"):
        machine.store().set_aside()


def test_a_directory_or_a_pipe_in_its_place_is_an_error_for_people(machine: Machine) -> None:
    machine.directory.mkdir()
    machine.file.mkdir()
    with pytest.raises(LedgerError, match="not a file of the user"):
        machine.store().read()
    machine.file.rmdir()
    os.mkfifo(machine.file)
    with pytest.raises(LedgerError, match="not a file of the user"):
        machine.store().read()


def test_a_ledger_of_another_user_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    create(machine.store())
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(LedgerError, match="not a file of the user"):
        machine.store().read()
    with pytest.raises(LedgerError, match="belongs to another user"):
        create(machine.store())


def test_a_full_disk_leaves_the_ledger_as_it_was(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    session = create(machine.store())
    before = machine.file.read_bytes()
    write = os.write

    def short_then_full(handle: int, data: bytes) -> int:
        if len(data) <= 5:
            raise OSError(28, "No space left on device")
        return write(handle, data[: len(data) - 5])

    monkeypatch.setattr("os.write", short_then_full)
    with pytest.raises(LedgerError, match="No space left on device"):
        intend(session)

    assert machine.file.read_bytes() == before


def test_an_unwritable_directory_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalStore(tmp_path / "file" / "ledger")
    with pytest.raises(LedgerError, match="Not a directory"):
        create(store)
    with pytest.raises(LedgerError, match="Not a directory"), store.lock(HOLDER):
        pass
    with pytest.raises(LedgerError, match="Not a directory"):
        store.leave_note("x")


def test_the_second_holder_is_told_who_holds_the_lock(machine: Machine) -> None:
    with machine.store().lock(HOLDER), pytest.raises(LedgerLocked) as caught, machine.store().lock(HOLDER):
        pass

    assert str(caught.value) == (
        f"locking {machine.file}: held by process 4711 on host since 2026-01-02T03:04:05Z (run r1)"
    )
    with machine.store().lock(HOLDER):
        pass


LOCKING_CHILD = """
import pathlib, sys, time
from ftops.ledger import Holder, LocalStore
with LocalStore(pathlib.Path(sys.argv[1])).lock(Holder("child", "host", 1, "now")):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_a_process_that_is_killed_frees_its_lock(machine: Machine) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", LOCKING_CHILD, str(machine.directory)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        with pytest.raises(LedgerLocked, match="run child"), machine.store().lock(HOLDER):
            pass
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    with machine.store().lock(HOLDER):
        pass


def test_a_lock_file_with_anything_in_it_still_locks(machine: Machine) -> None:
    machine.directory.mkdir()
    (machine.directory / "ledger.lock").write_bytes(b"\xff[1]")
    with machine.store().lock(HOLDER):
        (machine.directory / "ledger.lock").write_bytes(b"\xff[1]")
        with pytest.raises(LedgerLocked, match="has not said who it is"), machine.store().lock(HOLDER):
            pass


@pytest.mark.parametrize("skew", [86_400.0, -86_400.0])
def test_setting_the_wall_clock_does_not_age_the_ledger(machine: Machine, skew: float) -> None:
    create(machine.store())
    machine.pass_time(10.0)
    machine.wall += skew

    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 20.0


def test_after_a_reboot_the_wall_clock_counts_and_never_backwards(machine: Machine) -> None:
    create(machine.store())
    machine.pass_time(10.0)
    machine.boot, machine.boot_id = 1.0, "second-boot"
    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 20.0
    machine.wall -= 86_400.0

    assert Session.open(machine.store(), {ARM: 30.0}).young_seconds_left(ARM) == 30.0


@pytest.mark.parametrize("kept", [b"", b"{}", b'{"boot_id": "first-boot", "boot_seconds": "x", "at": 1}', b"[]"])
def test_an_unreadable_clock_file_falls_back_to_the_wall_clock(machine: Machine, kept: bytes) -> None:
    machine.directory.mkdir()
    (machine.directory / "ledger.clock").write_bytes(kept)

    assert machine.store().now() == 1_000_000.0


def test_a_kernel_without_boot_ids_has_none(tmp_path: Path) -> None:
    assert boot_id(tmp_path / "none") == ""
    assert boot_id() == boot_id()


def test_a_guard_whose_file_cannot_be_replaced_leaves_nothing_behind(machine: Machine) -> None:
    session = create(machine.store())
    note = machine.user / f"{session.document.lineage}.json"
    note.unlink()
    note.mkdir()
    intend(session)

    assert [path.name for path in machine.user.iterdir() if path.name.startswith(".note-")] == []


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"seq": "1", "crc": "x"}', b'{"seq": 1}'])
def test_an_unreadable_guard_is_no_guard(machine: Machine, kept: bytes) -> None:
    session = create(machine.store())
    (machine.user / f"{session.document.lineage}.json").write_bytes(kept)

    assert Session.open(machine.store()).heal() == ""


def test_a_guard_that_cannot_be_written_changes_nothing_else(machine: Machine) -> None:
    machine.user.write_text("in the way")
    intend(create(machine.store()))

    assert Session.open(machine.store()).document.seq == 2
