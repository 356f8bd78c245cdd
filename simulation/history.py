"""One history: a schedule drawn from an integer, lived through on virtual time, and judged by the service's bill.

First the storm: machines apply as a cron job would, while things go wrong. Then the faults end, people undo what
strangers did, and machines go on applying until nothing is left to do. The judge looks at bills only.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from unittest import mock

from ftops.core.desired import DesiredFinetune
from ftops.executor import Options
from ftops.executor import steps as executor_steps
from ftops.ledger import document
from simulation.applier import Ending, Machine
from simulation.chance import CALM, Chance, Dice, Rates
from simulation.ledger_home import Place, decoded
from simulation.process import START, World
from simulation.scheduler import Pool, Scheduler
from simulation.service import PortService, Service, stranger_job
from simulation.specs import Edition, draw

#: The span in which stormy runs begin; how many fault-free runs may be needed until nothing is left to do.
STORM_SECONDS = 10_800.0
QUIET_RUNS = 10
QUIET_PAUSE_SECONDS = 600.0

MakeServices = Callable[[Scheduler, Chance, frozenset[str]], dict[str, Service]]


@dataclass(frozen=True)
class Damage:
    """The ledger is lost, or an earlier copy is put back: `at` a time, or that long after request number `post`."""

    at: float
    kind: str
    post: int = 0


@dataclass(frozen=True)
class Schedule:
    """Everything that is drawn before time starts. Times in seconds after the start."""

    seed: int
    editions: tuple[Edition, ...]
    runs: tuple[tuple[float, ...], ...]
    rates: Rates
    damages: tuple[Damage, ...] = ()
    strangers: tuple[tuple[float, str, int], ...] = ()
    nothing_in_flight: bool = False
    workers: int = 1
    skew_seconds: float = 0.0
    stale_seconds: float = 0.0
    shared_ledger: bool = True

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(one.account for edition in self.editions for one in edition.desired.finetunes)


@dataclass
class Verdict:
    """`problems` by kind. `counts`: what happened, for the report. `replay`: how to live it again, without --trace."""

    seed: int
    replay: str = ""
    problems: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.problems}


def drawn(seed: int, *, pause_before_send: float = 0.0, shared_ledger: bool = True) -> Schedule:
    """The schedule that this integer is."""
    dice = random.Random(f"ftops schedule {seed}")
    machines = dice.choice((1, 2, 2))
    runs = tuple(tuple(_starts(dice)) for _ in range(machines))
    storm = dice.random() < 0.5
    rates = Rates(
        post=0.6 if storm else 0.25,
        listing=0.3 if storm else 0.1,
        write=dice.choice((0.0, 0.1)),
        crash=dice.choice((0.0, 0.003, 0.01, 0.03)),
        pause=dice.choice((0.0, 0.003, 0.01, 0.02)),
        store=0.2 if storm else dice.choice((0.0, 0.05)),
        lock=dice.choice((0.0, 0.0, 0.3)),
        pause_before_send=pause_before_send,
    )
    return Schedule(
        seed,
        draw(dice, until=STORM_SECONDS),
        runs,
        rates,
        damages=_damages(dice, machines),
        strangers=_strangers(dice),
        nothing_in_flight=dice.random() < 0.7,
        workers=dice.choice((1, 1, 1, 8)),
        skew_seconds=dice.choice((0.0, dice.uniform(-1800, 1800))),
        stale_seconds=dice.choice((0.0, 0.0, 600.0)),
        shared_ledger=shared_ledger,
    )


def _starts(dice: random.Random) -> list[float]:
    """Runs begin at these times, or when the one before has ended: some at once, some a good while later."""
    at, starts = dice.uniform(0, 60), list[float]()
    for _ in range(dice.choice((2, 3, 4, 5))):
        starts.append(at)
        at = min(STORM_SECONDS, at + dice.uniform(0, dice.choice((60.0, 900.0, 3600.0))))
    return starts


def _damages(dice: random.Random, machines: int) -> tuple[Damage, ...]:
    """A copy put back is noticed by the machine that had seen more, so with two machines the ledger is only lost."""
    if dice.random() >= 0.2:
        return ()
    kinds = ("lost", "put back") if machines == 1 else ("lost",)
    found = []
    for _ in range(dice.choice((1, 2))):
        post = dice.choice((0, 1, 1, 2, 3))
        found.append(Damage(dice.uniform(0, 120.0 if post else STORM_SECONDS), dice.choice(kinds), post))
    return tuple(found)


def _strangers(dice: random.Random) -> tuple[tuple[float, str, int], ...]:
    if dice.random() >= 0.1:
        return ()
    return ((dice.choice((0.0, dice.uniform(0, STORM_SECONDS / 4))), dice.choice(("copy", "twin")), dice.randrange(3)),)


class History:
    """Lives a schedule. `verdict` afterwards."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        services: MakeServices | None = None,
        trace: Callable[[str], None] | None = None,
        horizons: dict[str, float] | None = None,
    ) -> None:
        self.schedule = schedule
        self.verdict = Verdict(schedule.seed, f"python -m simulation --seed {schedule.seed}")
        self._dice = Dice(random.Random(f"ftops history {schedule.seed}"), schedule.rates)
        self._scheduler = Scheduler(START)
        make = services or port_services
        services_made = make(self._scheduler, self._dice, schedule.accounts)
        self.world = World(self._scheduler, self._dice, services_made, trace=trace)
        ledgers = 1 if schedule.shared_ledger else len(schedule.runs)
        places = [Place(self.world.intents, schedule.skew_seconds) for _ in range(ledgers)]
        self._places = places
        offsets = random.Random(f"ftops clocks {schedule.seed}")
        self._machines = [
            Machine(f"machine{number}", self.world, places[number % len(places)], offsets.uniform(0, 10**6), horizons)
            for number, _ in enumerate(schedule.runs)
        ]
        self._strange: set[tuple[str, str]] = set()
        self._strangers_gone = False

    def live(self) -> Verdict:
        with _virtual_threads(self._scheduler):
            if self.schedule.nothing_in_flight:
                for machine in self._machines:
                    machine.init_ledger()
            self.world.on_post.append(self._harm_after_post)
            for at, event in self._events():
                self._scheduler.at(START + at, event)
            self._scheduler.run([self._storm_of(machine, n) for n, machine in enumerate(self._machines)])
            self._scheduler.sleep(QUIET_PAUSE_SECONDS)
            self._undo_strangers()
            self._calm_down(Dice(self._dice.random, CALM))
        self._judge()
        return self.verdict

    def _events(self) -> Iterator[tuple[float, Callable[[], None]]]:
        for damage in self.schedule.damages:
            if not damage.post:
                yield damage.at, partial(self._harm, damage)
        for at, kind, number in self.schedule.strangers:
            yield at, partial(self._intrude, kind, number)

    # The storm

    def _storm_of(self, machine: Machine, number: int) -> Callable[[], None]:
        def storm() -> None:
            for at in self.schedule.runs[number]:
                self._scheduler.sleep(max(0.0, START + at - self._scheduler.now))
                options = Options(
                    wait="none" if self._dice.random.random() < 0.2 else "all",
                    deadline_seconds=self._dice.random.choice((None, 5400.0)),
                    workers=self.schedule.workers,
                )
                stale = self.schedule.stale_seconds if number == 1 else 0.0
                self._take(machine.apply(self._edition(stale).desired, options, self._dice))

        return storm

    def _edition(self, stale_seconds: float = 0.0) -> Edition:
        now = self._scheduler.now - START - stale_seconds
        return next((e for e in reversed(self.schedule.editions) if e.at <= now), self.schedule.editions[0])

    def _harm(self, damage: Damage) -> None:
        place = self._dice.random.choice(self._places)
        self.world.say("ledger", damage.kind)
        self.verdict.counts[f"ledger {damage.kind}"] += 1
        if damage.kind == "lost":
            place.keep(None)
        elif place.earlier:
            place.keep(self._dice.random.choice(place.earlier))

    def _harm_after_post(self, number: int) -> None:
        for damage in self.schedule.damages:
            if damage.post == number:
                self._scheduler.at(self._scheduler.now + damage.at, partial(self._harm, damage))

    def _intrude(self, kind: str, number: int) -> None:
        """Somebody makes a job by hand: with our suffix copied, or with our file and no suffix at all."""
        trainings: tuple[DesiredFinetune, ...] = self.schedule.editions[0].desired.finetunes
        training = trainings[number % len(trainings)]
        service = self.world.services[training.account]
        if self._strangers_gone:
            return
        train = stranger_job(service, training, kind)
        if train is not None:
            job = service.submit(train)
            self._strange.add((training.account, job.id))
            self.verdict.counts["strangers"] += 1
            self.world.say("stranger", f"makes {job.id[-4:]} ({kind})")

    # The quiet after it

    def _undo_strangers(self) -> None:
        self._strangers_gone = True
        for account, job_id in sorted(self._strange):
            self.world.services[account].delete_job(job_id)

    def _calm_down(self, calm: Chance) -> None:
        self.world.say("world", "is quiet")
        desired = self.schedule.editions[-1].desired
        for number in range(QUIET_RUNS):
            machine = self._machines[number % len(self._machines)]
            ending = machine.apply(desired, Options(workers=self.schedule.workers), calm)
            self._take(ending)
            if ending.quiet:
                self.verdict.counts["quiet runs"] += number + 1
                return
            self._scheduler.sleep(QUIET_PAUSE_SECONDS)
        self.verdict.problems.append(("stuck", f"not quiet after {QUIET_RUNS} runs without faults: {ending.words}"))

    def _take(self, ending: Ending) -> None:
        self.verdict.counts["runs"] += 1
        self.verdict.counts[ending.kind] += 1
        self.verdict.problems += ending.problems

    # The judge

    def _judge(self) -> None:
        billed = [entry for service in self.world.services.values() for entry in service.bill()]
        ours = [entry for entry in billed if (entry.account, entry.job_id) not in self._strange]
        paid = Counter((entry.account, entry.token) for entry in ours if entry.paid)
        made = Counter((entry.account, entry.token) for entry in ours)
        self.verdict.counts["jobs made"] = sum(made.values())
        self.verdict.counts["jobs made twice"] = sum(count - 1 for count in made.values())
        self.verdict.counts["jobs paid twice"] = sum(count - 1 for count in paid.values() if count > 1)
        self.verdict.counts["trainings"] = len(made)
        self.verdict.counts.update({f"POST {name}": count for name, count in self.world.outcomes.items()})
        self.verdict.problems += [("invariant", words) for words in self.world.violations]
        for key, count in sorted(paid.items()):
            if count > 1:
                self.verdict.problems.append(("paid twice", f"training {key[1]} in {key[0]} was paid {count} times"))
        for key, count in sorted(made.items()):
            if count > 1:
                self.verdict.problems.append(("made twice", f"training {key[1]} in {key[0]} was made {count} times"))
        for account, token in sorted(self.schedule.editions[-1].tokens):
            if not paid[account, token]:
                self.verdict.problems.append(("lost", f"training {token} in {account} was never made"))
        self.verdict.counts["jobs lost"] = sum(kind == "lost" for kind, _ in self.verdict.problems)


def port_services(scheduler: Scheduler, chance: Chance, accounts: frozenset[str]) -> dict[str, Service]:
    return {alias: PortService(alias, scheduler, chance) for alias in sorted(accounts)}


@contextmanager
def _virtual_threads(scheduler: Scheduler) -> Iterator[None]:
    """The executor's workers become tasks of the scheduler, so that they interleave by the seed alone.

    Reading a line of the ledger is a pure function, so what it gave is kept: a history reads the same lines often.
    """
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(executor_steps, "ThreadPoolExecutor", partial(Pool, scheduler)))
        patches.enter_context(mock.patch.object(executor_steps, "wait", return_value=None))
        patches.enter_context(mock.patch.object(document, "decode", decoded))
        yield
