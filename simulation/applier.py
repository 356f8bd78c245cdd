"""A machine and its applies: what the command does, with every seam simulated and nothing of ftops replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ftops.core.change import Action, Cause, Change, DeleteDeployment, DeleteFile, DeleteModel
from ftops.core.desired import Desired
from ftops.core.errors import FtopsError
from ftops.core.observed import Observed
from ftops.core.plan import Plan
from ftops.core.progress import Progress
from ftops.core.recorded import Recorded
from ftops.executor import Options, Run, StopSignal, apply, confirm
from ftops.ledger import Ledger, Session
from ftops.planner import plan
from simulation.chance import Chance, Script
from simulation.ledger_home import Place, ProcessStore
from simulation.network import Client, survey
from simulation.process import Killed, Process, World
from simulation.scheduler import Turnstile
from simulation.specs import ARM_IDS, HORIZON_SECONDS
from tests.executor.simulated import MemoryGuard
from tests.executor.wanted import open_content

#: The hazard that tells of the one delete which an upload brings with it.
TOLD_BEFORE = "deleted-after-training"
_MAKING = frozenset({Action.CREATE, Action.REPLACE})


@dataclass(frozen=True)
class Ending:
    """How one apply ended: `killed`, `refused` (an error for people) or `ended`. `quiet`: nothing was left to do."""

    kind: str
    words: str = ""
    quiet: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class VirtualLedger(Ledger):
    """Sessions whose lock lets time pass: workers of one run share them."""

    process: Process | None = None

    def open(self) -> Session:
        return self._virtual(super().open())

    def create(self, *, nothing_in_flight: bool = False) -> Session:
        return self._virtual(super().create(nothing_in_flight=nothing_in_flight))

    def _virtual(self, session: Session) -> Session:
        assert self.process is not None
        session._turn = Turnstile(self.process.world.scheduler)  # type: ignore[assignment]
        return session


class Machine:
    """One computer with a cron job: a boot clock, a rollback guard, and one process after another."""

    def __init__(
        self, name: str, world: World, place: Place, boot_offset: float, horizons: Mapping[str, float] | None
    ) -> None:
        self.name = name
        self._world = world
        self._place = place
        self._boot_offset = boot_offset
        self._guard = MemoryGuard()
        self._horizons = horizons or dict.fromkeys(ARM_IDS.values(), HORIZON_SECONDS)
        self._runs = 0

    def init_ledger(self) -> None:
        """`ftops ledger init --nothing-in-flight`, by a person who knows."""
        if self._place.data is None:
            self._ledger(self._process(Script())).create(nothing_in_flight=True)

    def apply(self, desired: Desired, options: Options, chance: Chance) -> Ending:
        """Plans, says yes, applies."""
        process = self._process(chance)
        process.say("starts")
        applied = _Apply(process, self._ledger(process), desired, options)
        try:
            ending = applied.go()
        except Killed:
            return Ending("killed", problems=applied.unplanned_deletes())
        process.say(f"{ending.kind}: {ending.words}")
        return ending

    def _process(self, chance: Chance) -> Process:
        self._runs += 1
        name = f"{self.name}.{self._runs}"
        return Process(self._world, chance, name, boot_offset=self._boot_offset, guard=self._guard)

    def _ledger(self, process: Process) -> Ledger:
        return VirtualLedger(ProcessStore(process, self._place), self._horizons, process)


class _Apply:
    def __init__(self, process: Process, ledger: Ledger, desired: Desired, options: Options) -> None:
        self._process = process
        self._ledger = ledger
        self._desired = desired
        self._options = options
        self._clients = {alias: Client(process, service) for alias, service in process.world.services.items()}
        self._approved: Plan | None = None
        self._removals: dict[tuple[str, str], Change] = {}
        self._nonces = 0

    def go(self) -> Ending:
        try:
            recorded = self._ledger.open().recorded()
            observed = confirm(survey(self._clients), recorded, self._clients)
            self._approved = self._plan(recorded, observed)
            if not self._approved.complete:
                return Ending("refused", "something could not be read")
            outcome = apply(self._run(self._approved))
        except FtopsError as error:
            return Ending("refused", f"{type(error).__name__}: {error.summary}", problems=self.unplanned_deletes())
        except Exception as error:
            problem = ("error", f"{type(error).__name__}: {error}")
            return Ending("broken", problem[1], problems=[problem])
        left = [f"{c.action.value} {c.address}" for c in outcome.plan.changes if c.action is not Action.KEEP]
        quiet = not left and outcome.plan.complete and not outcome.failed
        words = f"exit {outcome.exit_code}; left: {', '.join(left) or 'nothing'}"
        if outcome.failed:
            words += "; failed: " + ", ".join(f"{node.address} ({why})" for node, why in outcome.failed.items())
        return Ending("ended", words, quiet, self.unplanned_deletes())

    def unplanned_deletes(self) -> list[tuple[str, str]]:
        """Whatever was deleted must have been shown: as a delete or replace, or as what making it leaves behind."""
        deleted = [(alias, target) for alias, client in self._clients.items() for target in client.deleted]
        return [
            ("delete", f"{target} in {alias} was deleted unseen")
            for alias, target in deleted
            if not self._shown(alias, target)
        ]

    def _shown(self, alias: str, target: str) -> bool:
        approved = self._approved.changes if self._approved else ()
        change = self._removals.get((alias, target))
        if change is None:
            return False
        same = [c for c in approved if c.node == change.node and c.subject in (change.subject, "")]
        if any(c.action in (Action.DELETE, Action.REPLACE) for c in same):
            return True
        debris = change.cause is Cause.DRIFT and any(c.action in _MAKING for c in same)
        return debris or any(TOLD_BEFORE in c.hazards for c in same)

    def _run(self, approved: Plan) -> Run:
        return Run(
            approved=approved,
            survey=lambda: survey(self._clients),
            plan=self._plan,
            clients=self._clients,
            ledger=self._ledger,
            open_content=open_content,
            clock=self._process,
            stop=StopSignal(),
            on_progress=self._hear,
            nonce=self._nonce,
            options=self._options,
            id=self._process.name,
        )

    def _plan(self, recorded: Recorded, observed: Observed) -> Plan:
        made = plan(self._desired, recorded, observed)
        for change in made.changes:
            for target in _targets(change):
                self._removals[change.account, target] = change
        return made

    def _nonce(self) -> str:
        self._nonces += 1
        return f"{self._process.name}-{self._nonces}"

    def _hear(self, news: Progress) -> None:
        if self._process.world.trace is not None:
            self._process.say(f"  {news.node or ''} {news.status}: {news.message}")


def _targets(change: Change) -> Iterable[str]:
    """What a change would delete."""
    match change.act:
        case DeleteFile(file_id):
            yield file_id
        case DeleteModel(model_id):
            yield model_id
        case DeleteDeployment(name):
            yield name
        case _ if change.action is Action.REPLACE and change.address.kind == "deployment":
            yield getattr(change.act, "name", change.address.name)
