"""Every input/output error at every call: nothing is sent without a durable intent, nothing is lost, nobody crashes.

The real executor and the real local store; the disk under it fails at the nth call, once or for ever.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftops.core.errors import LedgerError
from ftops.core.observed import ObservedJob
from ftops.core.recorded import RecordedEntry
from ftops.ledger.document import fold
from ftops.ledger.guard import FileGuard
from ftops.ledger.local import LocalStore
from ftops.ledger.timekeeper import Sources
from tests.executor.simulated import World, world
from tests.executor.wanted import Applier, dataset, desired, finetune
from tests.ledger.faulty_disk import FaultyDisk

D = dataset("d1")
ONE = desired(D, finetune("v1", D))


class Scene:
    """One world whose ledger is on a disk that may fail, and who watches over every paid request."""

    def __init__(self, directory: Path, disk: FaultyDisk | None = None) -> None:
        self.world: World = world()
        clock = self.world.clock
        sources = Sources(lambda: clock.now, lambda: clock.now, lambda: "boot")
        self.directory = directory / "ledger"
        self.sent_without_intent: list[str] = []
        self.disk = disk or FaultyDisk(self.directory / "ledger.jsonl")
        self.disk.file = self.directory / "ledger.jsonl"
        self.new_store = lambda: LocalStore(self.directory, guard=FileGuard(directory / "user"), sources=sources)
        self.world.store = self.new_store()  # type: ignore[assignment]
        self.world.accounts["main"].faults["create_job"] = [self._watch] * 50
        self.applier = Applier(self.world, ONE)

    def _watch(self, job: ObservedJob) -> ObservedJob:
        known = fold(self.disk.durable).jobs.values() if self.disk.durable else ()
        intents = [intent for intent in known if intent.outcome == "sending"]
        if not any(job.suffix and job.suffix.endswith(intent.token) for intent in intents):
            self.sent_without_intent.append(job.id)
        return job

    def runs(self) -> Iterator[str]:
        """Runs until one ends well: what each of the others ended with."""
        for _ in range(6):
            self.world.store = self.new_store()  # type: ignore[assignment]
            try:
                outcome = self.applier.run()
            except LedgerError as error:
                yield error.summary
            else:
                if outcome.exit_code == 0:
                    assert self.sent_without_intent == []
                    return
                yield f"exit {outcome.exit_code}"
        raise AssertionError("it never ended well")


def calls_of_a_run(tmp_path: Path, *, with_ledger: bool) -> int:
    scene = Scene(tmp_path / "counted")
    if with_ledger:
        scene.applier.settled_ledger()
    with pytest.MonkeyPatch.context() as patch:
        scene.disk.put_in(patch)
        assert list(scene.runs()) == []
    return len(scene.disk.calls)


@pytest.mark.parametrize(("error", "with_ledger"), [(errno.ENOSPC, True), (errno.EIO, True), (errno.EIO, False)])
def test_an_error_once_at_any_call_costs_at_most_another_run(tmp_path: Path, error: int, with_ledger: bool) -> None:
    count = calls_of_a_run(tmp_path, with_ledger=with_ledger)
    failed = 0
    for number in range(1, count + 1):
        scene = Scene(tmp_path / str(number))
        if with_ledger:
            scene.applier.settled_ledger()
        with pytest.MonkeyPatch.context() as patch:
            scene.disk.fails_at, scene.disk.error = number, error
            scene.disk.put_in(patch)
            ended = list(scene.runs())
        failed += bool(ended)
        assert len(scene.world.paid) == 1, (number, scene.disk.calls[number - 1], ended)
        assert fold(scene.disk.file.read_bytes()).cut_bytes == 0

    assert count > 40
    assert failed > 10


@pytest.mark.parametrize("for_ever", [False, True])
def test_a_write_that_ends_half_way_is_never_taken_for_an_intent(tmp_path: Path, for_ever: bool) -> None:
    """For ever: nor can it be taken back, so that what is left is a torn line."""
    scene = Scene(tmp_path / "counted")
    scene.applier.settled_ledger()
    with pytest.MonkeyPatch.context() as patch:
        scene.disk.put_in(patch)
        assert list(scene.runs()) == []
    writes = [number for number, name in enumerate(scene.disk.calls, start=1) if name == "write"]
    torn = 0
    for number in writes:
        scene = Scene(tmp_path / str(number))
        scene.applier.settled_ledger()
        with pytest.MonkeyPatch.context() as patch:
            scene.disk.fails_at, scene.disk.error = number, errno.ENOSPC
            scene.disk.torn, scene.disk.for_ever = True, for_ever
            scene.disk.put_in(patch)
            with contextlib.suppress(LedgerError):
                scene.applier.run()
            torn += fold(scene.disk.file.read_bytes()).cut_bytes > 0
            scene.disk.fails_at = 0
            list(scene.runs())
        assert len(scene.world.paid) == 1, number
        assert fold(scene.disk.file.read_bytes()).cut_bytes == 0

    assert len(writes) > 5
    assert (torn > 0) is for_ever


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_for_ever_stops_everything_and_heals_when_it_is_replaced(tmp_path: Path, error: int) -> None:
    count = calls_of_a_run(tmp_path, with_ledger=True)
    for number in range(1, count + 1):
        scene = Scene(tmp_path / str(number))
        scene.applier.settled_ledger()
        with pytest.MonkeyPatch.context() as patch:
            scene.disk.fails_at, scene.disk.error, scene.disk.for_ever = number, error, True
            scene.disk.put_in(patch)
            with pytest.raises(LedgerError) if number < count - 5 else _whatever():
                scene.applier.run()
            assert len(scene.world.paid) <= 1
            scene.disk.fails_at = 0
            list(scene.runs())
        assert len(scene.world.paid) == 1


def long_history(tmp_path: Path) -> Scene:
    """A ledger that says the same thing often, so that the next write makes it shorter."""
    scene = Scene(tmp_path)
    session = scene.applier.settled_ledger().ledger.open()
    for _ in range(20):
        session.hold(RecordedEntry("bots", "default", "/elsewhere", D.address, file_name="a"))
    return scene


def test_no_error_while_a_ledger_is_compacted_loses_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftops.ledger.session.COMPACT_ABOVE_BYTES", 3_000)
    scene = long_history(tmp_path / "counted")
    with pytest.MonkeyPatch.context() as patch:
        scene.disk.put_in(patch)
        assert list(scene.runs()) == []
    assert b'"type":"compacted"' in scene.disk.file.read_bytes()
    replaces = [number for number, name in enumerate(scene.disk.calls, start=1) if name == "replace"]
    for number in sorted({call + offset for call in replaces for offset in range(-5, 5)}):
        scene = long_history(tmp_path / str(number))
        with pytest.MonkeyPatch.context() as patch:
            scene.disk.fails_at, scene.disk.error = number, errno.EIO
            scene.disk.put_in(patch)
            list(scene.runs())
        assert len(scene.world.paid) == 1, (number, scene.disk.calls[number - 1])


class _whatever:
    """The last calls give the lock back: failing there harms nobody."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, LedgerError)
