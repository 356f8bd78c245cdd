"""Workspace: one project on this machine, with everything it needs wired together. It decides nothing.

In: a directory, an environment, variables. Out: desired, recorded and observed values, plans, applied plans. Parts are
imported and started when first used: validating imports no cloud SDK and starts no emulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ftops import __version__
from ftops.core.account import EMBEDDED
from ftops.embedded import LOCAL_DIRECTORY, emulator_store, start_embedded

if TYPE_CHECKING:
    from ftops.azure import AccountClient, Connections
    from ftops.core.address import Address
    from ftops.core.desired import Desired
    from ftops.core.diagnostic import Diagnostic
    from ftops.core.observed import Observed
    from ftops.core.plan import Plan
    from ftops.core.progress import Progress
    from ftops.core.recorded import Recorded
    from ftops.executor import Outcome as Outcome
    from ftops.executor import check_saved as check_saved
    from ftops.ledger import Ledger
    from ftops.loader import Project
    from ftops.loader import json_schema as json_schema
    from ftops.planner import Allow as Allow
    from ftops.planner import Options
    from ftops.planner import takeover as takeover

TOOL = f"ftops {__version__}"


@dataclass(frozen=True, slots=True)
class Review:
    """A plan, what it was made from, and the rules that refuse it."""

    plan: Plan
    refusals: tuple[Diagnostic, ...]
    desired: Desired
    recorded: Recorded
    observed: Observed
    options: Options


class Workspace:
    """See the module. Made by `Workspace.open`; every method raises FtopsError for expected problems."""

    def __init__(self, project: Project, closing: ExitStack) -> None:
        self.project = project
        self._closing = closing
        self._desired: Desired | None = None

    @classmethod
    @contextmanager
    def open(
        cls, directory: Path | str = ".", *, environment: str = "default", variables: Mapping[str, str] | None = None
    ) -> Iterator[Workspace]:
        """Finds ftops.yaml from `directory` upwards. Raises SpecErrors."""
        from ftops.loader import find_project, load_project

        project = load_project(find_project(Path(directory)), environment=environment, variables=variables or {})
        with ExitStack() as closing:
            yield cls(project, closing)

    def desired(self, *, large: bool = False) -> Desired:
        """What the specs ask for, read once. Raises SpecErrors with everything that is wrong."""
        from ftops.loader import load

        if self._desired is None:
            self._desired = load(self.project, large=large)
        return self._desired

    def observe(self, aliases: Iterable[str] | None = None) -> Observed:
        """What Azure holds in these accounts; by default in all that the specs or the ledger name."""
        from ftops.azure import survey

        return survey(self.connections, aliases or self._aliases(self.desired(), self.ledger.open().recorded()))

    def review(
        self,
        *,
        targets: frozenset[Address] = frozenset(),
        destroy: bool = False,
        delete_models: bool = False,
        allow: Allow | None = None,
    ) -> Review:
        """Plans, and asks every rule. Raises SpecErrors, LedgerError; unread things make an incomplete plan."""
        from ftops.executor import confirm
        from ftops.planner import Allow, Options, plan, refusals

        allow = allow or Allow()
        options = Options(destroy, targets, delete_models, allow.lookalike, allow.absent, TOOL)
        desired, recorded = self.desired(), self.ledger.open().recorded()
        aliases = self._aliases(desired, recorded)
        observed = confirm(self.observe(aliases), recorded, self._clients(aliases))
        made = plan(desired, recorded, observed, options)
        found = refusals(made, desired, recorded, observed, allow, destroy=destroy)
        return Review(made, found, desired, recorded, observed, options)

    def apply(
        self,
        review: Review,
        approved: Plan,
        *,
        on_progress: Callable[[Progress], None],
        stoppable: Callable[[Callable[[int], None]], AbstractContextManager[None]],
        wait: Literal["all", "none"] = "all",
        deadline_seconds: float | None = None,
    ) -> Outcome:
        """Acts, inside of `stoppable(request)`: `request(signal number)` ends it. A plan that is not the review's own
        was saved, and must still hold. Raises StalePlan, LedgerError."""
        import secrets

        import ftops.executor as executor
        from ftops.core.progress import Progress
        from ftops.datasets.content import open_content
        from ftops.planner import plan

        aliases = self._aliases(review.desired, review.recorded)
        accounts = [self.project.accounts[alias] for alias in aliases]
        paces = {account.alias: account.pace for account in accounts}
        marked = frozenset(account.alias for account in accounts if account.bom)
        run = executor.Run(
            approved=approved,
            survey=lambda: self.observe(aliases),
            plan=lambda recorded, observed: plan(review.desired, recorded, observed, review.options),
            clients=self._clients(aliases),
            ledger=self.ledger,
            open_content=open_content(self.project.root),
            clock=executor.SystemClock(),
            stop=(stop := executor.StopSignal()),
            on_progress=on_progress,
            nonce=lambda: secrets.token_hex(16),
            options=executor.Options(
                wait, deadline_seconds, paces=paces, bom=marked, absent_tokens=review.options.absent_tokens
            ),
            id=secrets.token_hex(6),
        )
        if self.ledger.caution:
            on_progress(Progress(None, "note", self.ledger.caution))
        with stoppable(stop.request):
            return executor.apply(run, saved=approved is not review.plan)

    @cached_property
    def connections(self) -> Connections:
        """Clients of all accounts; starts the embedded emulator when one of them lives in it."""
        from ftops.azure import connect

        accounts, urls = self.project.accounts, dict[str, str]()
        embedded = {alias: account for alias, account in accounts.items() if account.emulator == EMBEDDED}
        if embedded:
            store = emulator_store(self.project.root)
            store.parent.mkdir(mode=0o700, exist_ok=True)
            places = {account.name: account.location or None for account in embedded.values()}
            emulator = self._closing.enter_context(start_embedded(store, places))
            urls = dict.fromkeys(embedded, emulator.url)
        return self._closing.enter_context(connect(accounts, emulator_urls=urls))

    @cached_property
    def ledger(self) -> Ledger:
        """The project's ledger; nothing is read yet. Raises LedgerError where its backend is not installed."""
        from ftops.ledger import Ledger, open_store

        said, directory = self.project.ledger, self.project.root / LOCAL_DIRECTORY / "ledger"
        horizons = {account.arm_id: account.horizon_seconds for account in self.project.accounts.values()}
        store = open_store(directory, said.backend, said.account_url, said.container, said.blob)
        return Ledger(store, horizons)

    def _clients(self, aliases: Iterable[str]) -> Mapping[str, AccountClient]:
        return {alias: self.connections.client(alias) for alias in aliases}

    def _aliases(self, desired: Desired, recorded: Recorded) -> frozenset[str]:
        """Accounts that the specs use or once used; one nobody ever used here needs no credentials."""
        here = (desired.project, desired.environment)
        held = {entry.arm_id for entry in recorded.entries if (entry.project, entry.environment) == here}
        once = {alias for alias, account in self.project.accounts.items() if account.arm_id in held}
        return frozenset({resource.account for resource in desired.resources} | once | {self.project.default_account})


def __getattr__(name: str) -> Any:
    """What the command line uses of other rooms as it is, imported when asked for."""
    room: Any
    if name == "json_schema":
        import ftops.loader as room
    elif name == "check_saved":
        import ftops.executor as room
    elif name in ("Allow", "takeover"):
        import ftops.planner as room
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(room, name)
