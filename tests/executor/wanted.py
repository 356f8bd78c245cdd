"""Desired values written by hand, and one way to apply them to a simulated world."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from ftops.core import identity
from ftops.core.account import Account
from ftops.core.address import Address
from ftops.core.desired import BaseModel, Content, Desired, DesiredDataset, DesiredDeployment, DesiredFinetune
from ftops.core.observed import Observed
from ftops.core.plan import Plan
from ftops.core.progress import Progress
from ftops.core.recorded import Recorded
from ftops.executor import Options, Outcome, Run, StopSignal, apply, confirm
from ftops.ledger import Ledger
from ftops.planner import Options as Planning
from ftops.planner import plan
from tests.executor.simulated import World

HORIZON_SECONDS = 60.0


def content_of(text: str) -> Content:
    data = text.encode()
    return Content(hashlib.sha256(data).hexdigest(), len(data), data.count(b"\n"), text)


def dataset(name: str, text: str = "", account: str = "main") -> DesiredDataset:
    return DesiredDataset(Address("dataset", name), account, content_of(text or f"rows of {name}\n"))


def finetune(
    name: str,
    training: DesiredDataset,
    *,
    continues: DesiredFinetune | None = None,
    account: str = "main",
    **inputs: str,
) -> DesiredFinetune:
    said = {
        **({"parent": continues.fingerprint} if continues else {"model": "gpt-4o-mini-2024-07-18"}),
        "training": training.content.sha256,
        **inputs,
    }
    return DesiredFinetune(
        Address("finetune", name),
        account,
        identity.fingerprint(said),
        said,
        base_model=None if continues else "gpt-4o-mini-2024-07-18",
        parent=continues.address if continues else None,
        training=training.address,
        training_content=training.content,
        suffix=inputs.get("suffix"),
    )


def deployment(
    name: str, served: DesiredFinetune | str, *, account: str = "main", capacity: int = 1
) -> DesiredDeployment:
    base = BaseModel(served, "2024-07-18") if isinstance(served, str) else None
    source = None if isinstance(served, str) else served
    return DesiredDeployment(
        Address("deployment", name),
        account,
        name,
        "Standard",
        identity.digest([served if source is None else source.fingerprint, "Standard"]),
        finetune=source.address if source else None,
        finetune_account=source.account if source else None,
        base_model=base,
        capacity=capacity,
    )


def desired(
    *resources: DesiredDataset | DesiredFinetune | DesiredDeployment, accounts: tuple[str, ...] = ("main",)
) -> Desired:
    return Desired(
        "bots",
        "default",
        {alias: Account(alias, "s", "g", alias, horizon_seconds=HORIZON_SECONDS) for alias in accounts},
        tuple(r for r in resources if isinstance(r, DesiredDataset)),
        tuple(r for r in resources if isinstance(r, DesiredFinetune)),
        tuple(r for r in resources if isinstance(r, DesiredDeployment)),
        specs_digest=identity.digest(sorted(str(r.address) for r in resources)),
    )


def chain(text: str = "") -> Desired:
    """Three datasets, three trainings of which each continues the one before, one deployment of the last."""
    sets = [dataset("d1"), dataset("d2", text), dataset("d3")]
    first = finetune("v1", sets[0])
    second = finetune("v2", sets[1], continues=first)
    third = finetune("v3", sets[2], continues=second)
    return desired(*sets, first, second, third, deployment("bot", third))


@contextmanager
def open_content(content: Content, bom: bool) -> Iterator[BinaryIO]:
    yield io.BytesIO((b"\xef\xbb\xbf" if bom else b"") + content.path.encode())


@dataclass
class Applier:
    """Applies one Desired to one world, as a command would. `news` is everything that was told."""

    world: World
    desired: Desired
    options: Options = field(default_factory=lambda: Options(workers=1))
    planning: Planning = field(default_factory=Planning)
    stop: StopSignal = field(default_factory=StopSignal)
    news: list[Progress] = field(default_factory=list)
    on_news: Callable[[Progress], None] = lambda news: None
    opening: Exception | None = None
    horizons: Mapping[str, float] | None = None
    name: str = "run"

    @property
    def ledger(self) -> Ledger:
        every = {account.arm_id: HORIZON_SECONDS for account in self.world.accounts.values()}
        return Ledger(self.world.store, every if self.horizons is None else self.horizons)

    def plan(self, recorded: Recorded, observed: Observed) -> Plan:
        return plan(self.desired, recorded, observed, self.planning)

    def planned(self) -> Plan:
        """What a person is shown before saying yes."""
        recorded = self.ledger.open().recorded()
        return self.plan(recorded, confirm(self.world.survey(), recorded, self.world.accounts))

    def run(self, approved: Plan | None = None) -> Outcome:
        numbers = itertools.count()
        return apply(
            Run(
                approved=approved or self.planned(),
                survey=self.world.survey,
                plan=self.plan,
                clients=self.world.accounts,
                ledger=self.ledger,
                open_content=self._open,
                clock=self.world.clock,
                stop=self.stop,
                on_progress=self._hear,
                nonce=lambda: f"{self.name}-{self.world.clock.now}-{len(self.world.seams.calls)}-{next(numbers)}",
                options=self.options,
                id=self.name,
            )
        )

    def settled_ledger(self) -> Applier:
        """A ledger of which a human said that nothing is in flight."""
        self.ledger.create(nothing_in_flight=True)
        return self

    def with_options(self, **changes: object) -> Applier:
        return replace(self, options=replace(self.options, **changes))  # type: ignore[arg-type]

    def messages(self) -> list[str]:
        return [news.message for news in self.news]

    def _open(self, content: Content, bom: bool) -> AbstractContextManager[BinaryIO]:
        if self.opening is not None:
            raise self.opening
        return open_content(content, bom)

    def _hear(self, news: Progress) -> None:
        self.news.append(news)
        self.on_news(news)


def outline(plan: Plan) -> list[str]:
    """What a plan still does, one line each."""
    return [f"{c.action.value} {c.address}" for c in plan.changes if c.action.value != "keep"]
