"""Every crash point of a reference project, times every outcome of its first paid request; and every pair of deaths.

Nothing is drawn here: the points are counted out, so that none is missed. A run dies at a seam, the next one (or the
one after that) has to bring the project to rest without paying anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ftops.executor import Options
from simulation.chance import OUTCOMES, Chance, Rates, Script, When
from simulation.history import History, Schedule, Verdict
from simulation.scheduler import Scheduler
from simulation.service import PortService, Service
from simulation.specs import Edition, reference

#: Jobs are listed late, so that the run after a death does not see one at once.
LAG_SECONDS = 20.0
#: Seams where something durable changes. Between two of them every place to die leaves the same world behind.
EFFECTS = frozenset({"ledger.write", "upload_file", "create_job", "put_deployment"})
SIDES: tuple[When, ...] = ("before", "after")


@dataclass(frozen=True)
class Point:
    """The first POST ends as `outcome`; the first run dies at `deaths[0]`, the second at `deaths[1]`."""

    outcome: str
    deaths: tuple[tuple[int, When], ...]

    def __str__(self) -> str:
        return " ".join([self.outcome.replace(" ", "_"), *(f"{seam}:{side}" for seam, side in self.deaths)])

    @classmethod
    def parse(cls, text: str) -> Point:
        """Reads what `str` wrote. Raises ValueError."""
        outcome, *deaths = text.split()
        parts = [death.split(":") for death in deaths]
        found = tuple((int(seam), SIDES[SIDES.index(side)]) for seam, side in parts)
        return cls({name.replace(" ", "_"): name for name in OUTCOMES}[outcome], found)


def seams(outcome: str) -> list[str]:
    """The seams of a run that does not die, in order."""
    return Reference(Point(outcome, ())).survivor().seams


def every_point() -> Iterator[Point]:
    for outcome in OUTCOMES:
        for seam in range(len(seams(outcome))):
            for side in SIDES:
                yield Point(outcome, ((seam, side),))


def every_pair() -> Iterator[Point]:
    """Two deaths in a row, each just before or just after anything durable changes.

    What the second run does depends on where the first one died, so the second death is counted in its own seams.
    """
    for outcome in OUTCOMES:
        for first in _effects(Point(outcome, ())):
            once = Point(outcome, (first,))
            for second in _effects(once):
                yield Point(outcome, (first, second))


def _effects(point: Point) -> list[tuple[int, When]]:
    """Where the run after these deaths can die."""
    reference_of = Reference(point)
    script = reference_of.survivor()
    found = [number for number, seam in enumerate(script.seams) if seam in EFFECTS]
    return [(number, side) for number in found for side in SIDES]


def live_point(point: Point) -> Verdict:
    """The runs that die, then runs until nothing is left to do, judged by the bill."""
    return Reference(point).live()


class Reference(History):
    """The reference project, one machine, no weather but what the point says."""

    def __init__(self, point: Point, *, trace: Callable[[str], None] | None = None) -> None:
        schedule = Schedule(0, (Edition(0.0, reference()),), ((),), Rates(), nothing_in_flight=True)
        super().__init__(schedule, services=_quick_services, trace=trace)
        self.verdict.replay = f'python -m simulation --point "{point}"'
        self._point = point
        self._posts = [OUTCOMES[point.outcome]]
        self.world.chance = Script(lag=LAG_SECONDS)
        self._machines[0].init_ledger()

    def live(self) -> Verdict:
        for death in self._point.deaths:
            self.apply(Script(self._posts, die_at=death, lag=LAG_SECONDS))
        self._calm_down(Script(self._posts, lag=LAG_SECONDS))
        self._judge()
        return self.verdict

    def survivor(self) -> Script:
        """The run that comes after the deaths of this point, not judged: which seams it passes."""
        for death in self._point.deaths:
            self.apply(Script(self._posts, die_at=death, lag=LAG_SECONDS))
        script = Script(self._posts, lag=LAG_SECONDS)
        self.apply(script)
        return script

    def apply(self, script: Script) -> None:
        self._take(self._machines[0].apply(reference(), Options(workers=1), script))


def _quick_services(scheduler: Scheduler, chance: Chance, accounts: frozenset[str]) -> dict[str, Service]:
    return {alias: PortService(alias, scheduler, chance, quick=True) for alias in sorted(accounts)}
