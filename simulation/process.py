"""A process: one life of an applier. Every call it makes to the outside is a seam where it may be paused or killed.

What a process reaches (the network, the ledger's home) is built on `Process.call`; what outlives it is the World.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ftops.core import identity
from ftops.core.change import Train
from ftops.core.errors import RemoteError
from ftops.core.observed import ObservedJob
from ftops.executor import StopSignal
from simulation.chance import Chance, When
from simulation.scheduler import Scheduler
from simulation.service import Service
from tests.executor.simulated import MemoryGuard

T = TypeVar("T")
#: When every simulation starts, in unix seconds.
START = 1_800_000_000.0


class Killed(BaseException):
    """The process died here; nothing of it runs any more."""


@dataclass
class World:
    """Everything that outlives a process.

    `intents`: every one that was ever durable, as (ARM id, token, nonce). `visible_at`: when a listing first shows a
    job. `posts`: requests sent so far. `down_until`: outages by route. `violations`: what an onlooker saw go wrong.
    """

    scheduler: Scheduler
    chance: Chance
    services: dict[str, Service]
    intents: set[tuple[str, str, str]] = field(default_factory=set)
    trace: Callable[[str], None] | None = None
    violations: list[str] = field(default_factory=list)
    visible_at: dict[tuple[str, str], float] = field(default_factory=dict)
    posts: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    down_until: dict[str, float] = field(default_factory=dict)
    on_post: list[Callable[[int], None]] = field(default_factory=list)

    def say(self, who: str, what: str) -> None:
        if self.trace is not None:
            self.trace(f"{self.scheduler.now - START:10.1f}  {who:10}  {what}")

    def submit(self, service: Service, train: Train) -> ObservedJob | RemoteError:
        """The request has arrived: the service makes the job, or says why not."""
        try:
            job = service.submit(train)
        except RemoteError as refused:
            self.say(service.alias, f"refuses {train.suffix}: {refused.summary}")
            return refused
        self.visible_at[service.alias, job.id] = self.scheduler.now + self.chance.lag_seconds()
        self.say(service.alias, f"makes {job.id[-4:]} for {train.suffix}")
        return job

    def note_post(self) -> None:
        for listener in self.on_post:
            listener(sum(self.outcomes.values()))

    def count_post(self, service: Service, train: Train) -> None:
        """Each request must have had a durable intent of its own (I1, I2)."""
        key = (service.arm_id, identity.token_of(train.suffix) or "")
        self.posts[key] += 1
        intents = sum(intent[:2] == key for intent in self.intents)
        if self.posts[key] > intents:
            self.violations.append(f"{self.posts[key]} requests for {key[1]} and {intents} intents (I1, I2)")


class Process:
    """`boot_offset`: this machine's boot clock differs from everybody else's."""

    def __init__(self, world: World, chance: Chance, name: str, *, boot_offset: float, guard: MemoryGuard) -> None:
        self.world = world
        self.chance = chance
        self.name = name
        self.guard = guard
        self.died_at: float | None = None
        self._boot_offset = boot_offset
        self._paused: tuple[float, float] | None = None

    def say(self, what: str) -> None:
        self.world.say(self.name, what)

    # Time

    def boot_seconds(self) -> float:
        self.pause_perhaps("clock")
        return self.world.scheduler.now + self._boot_offset

    def wall_seconds(self) -> float:
        return self.world.scheduler.now

    def sleep(self, seconds: float, stop: StopSignal) -> None:
        self.seam("sleep", "before")
        self.spend(seconds)

    def spend(self, seconds: float) -> None:
        """Lets time pass for this process; more of it when it is paused meanwhile."""
        self.world.scheduler.sleep(seconds)
        while self._paused is not None and self.world.scheduler.now < self._paused[1]:
            self.world.scheduler.sleep(self._paused[1] - self.world.scheduler.now)
        if self.died_at is not None:
            raise Killed

    # Seams

    def call(self, seam: str, effect: Callable[[], T]) -> T:
        """One call to the outside and its answer."""
        self.seam(seam, "before")
        self.spend(self.chance.latency_seconds())
        result = effect()
        self.seam(seam, "after")
        return result

    def seam(self, seam: str, when: When) -> None:
        self.die_perhaps(seam, when)
        self.pause_perhaps(seam)

    def die_perhaps(self, seam: str, when: When) -> None:
        if self.died_at is not None:
            raise Killed
        if self.chance.crash(seam, when):
            self.died_at = self.world.scheduler.now
            self.say(f"dies {when} {seam}")
            raise Killed

    def pause_perhaps(self, seam: str) -> None:
        self.pause(self.chance.pause_seconds(seam), seam)

    def pause(self, seconds: float, seam: str) -> None:
        if seconds > 0:
            now = self.world.scheduler.now
            self.say(f"is paused for {seconds:.0f} s at {seam}")
            self._paused = (now, now + seconds)
            self.spend(seconds)

    @property
    def silent_since(self) -> float | None:
        """Since when this process renews no lease; None while it does."""
        if self.died_at is not None:
            return self.died_at
        paused = self._paused is not None and self.world.scheduler.now < self._paused[1]
        return self._paused[0] if paused and self._paused else None
