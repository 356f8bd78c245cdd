"""A campaign: many schedules over several processes, and the report of what they came to."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from simulation.history import History, Verdict, drawn
from simulation.over_emulator import emulator_services
from simulation.points import Point, live_point

#: Every so many schedules, one is lived over the emulator's own code as well.
EMULATOR_EVERY = 100
_CHUNK = 20
T = TypeVar("T")
Progress = Callable[[int], None]


@dataclass
class Report:
    """What a campaign came to."""

    schedules: int = 0
    red: list[Verdict] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def take(self, verdict: Verdict) -> None:
        self.schedules += 1
        self.counts.update(verdict.counts)
        if verdict.problems:
            self.red.append(verdict)

    def with_problem(self, kind: str) -> int:
        return sum(kind in verdict.kinds for verdict in self.red)


def live_seed(seed: int) -> Verdict:
    return History(drawn(seed)).live()


def live_on_emulator(seed: int) -> Verdict:
    """The same schedule without strangers, over the emulator."""
    with emulator_services() as services:
        verdict = History(replace(drawn(seed), strangers=()), services=services).live()
    verdict.replay += " --emulator"
    return verdict


def live_with_pause(seed: int) -> Verdict:
    """With what no client can see: a pause after the last check and before the first byte."""
    return History(drawn(seed, pause_before_send=0.02)).live()


def live_unshared(seed: int) -> Verdict:
    """With a ledger of its own on every machine."""
    return History(drawn(seed, shared_ledger=False)).live()


def campaign(live: Callable[[int], Verdict], seeds: Iterable[int], processes: int, told: Progress) -> Report:
    """Lives every schedule; the order of the report does not depend on who was quicker."""
    return _run(live, list(seeds), processes, told)


def campaign_of_points(points: Sequence[Point], processes: int, told: Progress) -> Report:
    return _run(live_point, list(points), processes, told)


def _run(live: Callable[[T], Verdict], work: Sequence[T], processes: int, told: Progress) -> Report:
    report, began, busy = Report(), time.monotonic(), _cpu_seconds()
    with _mapped(live, work, processes) as verdicts:
        for verdict in verdicts:
            report.take(verdict)
            told(report.schedules)
    report.seconds, report.cpu_seconds = time.monotonic() - began, _cpu_seconds() - busy
    return report


@contextmanager
def _mapped(live: Callable[[T], Verdict], work: Sequence[T], processes: int) -> Iterator[Iterator[Verdict]]:
    if processes <= 1:
        yield map(live, work)
        return
    with multiprocessing.get_context("fork").Pool(processes, gc.freeze) as pool:
        yield pool.imap(live, work, chunksize=_CHUNK)
        pool.close()
        pool.join()


def _cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    return sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
