"""Specs: what the drawn projects want, and how the specs change under the appliers' feet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ftops.core import identity
from ftops.core.account import Account
from ftops.core.desired import Desired, DesiredDataset, DesiredDeployment, DesiredFinetune
from simulation.service import arm_id, rows_of
from tests.executor.wanted import dataset, deployment, finetune

HORIZON_SECONDS = 900.0


@dataclass(frozen=True)
class Edition:
    """The specs as of `at` (seconds after the start)."""

    at: float
    desired: Desired

    @property
    def tokens(self) -> set[tuple[str, str]]:
        return {(one.account, one.token) for one in self.desired.finetunes}


def draw(dice: random.Random, *, until: float) -> tuple[Edition, ...]:
    """One to three trainings, side by side or in chains, some deployed; one project in five is edited meanwhile."""
    accounts = ("main", "west") if dice.random() < 0.15 else ("main",)
    shape = [(dice.choice(accounts), dice.random() < 0.4) for _ in range(dice.choice((1, 1, 2, 3)))]
    served = [dice.random() < 0.4 for _ in shape]
    shared = dice.random() < 0.2
    first = build(shape, served, shared=shared)
    editions = [Edition(0.0, first)]
    if dice.random() < 0.2:
        at = dice.uniform(0, until)
        edited = dice.randrange(len(shape))
        editions.append(Edition(at, build(shape, served, shared=shared, versions={edited: 1})))
        if dice.random() < 0.5:
            editions.append(Edition(dice.uniform(at, until), first))
    return tuple(editions)


def build(
    shape: list[tuple[str, bool]],
    served: list[bool],
    *,
    shared: bool = False,
    versions: dict[int, int] | None = None,
) -> Desired:
    """`shape`: the account of each training, and whether it continues the one before it in that account."""
    versions = versions or {}
    sets: list[DesiredDataset] = []
    trainings: list[DesiredFinetune] = []
    deployments: list[DesiredDeployment] = []
    latest: dict[str, DesiredFinetune] = {}
    for number, ((account, continues), deployed) in enumerate(zip(shape, served, strict=True)):
        content = 0 if shared and not versions else number
        data = dataset(f"d{number}", rows_of(f"d{content}", versions.get(number, 0)), account)
        data = replace(data, keep="until_trained" if number == 2 else "always")
        training = finetune(
            f"v{number}",
            data,
            continues=latest.get(account) if continues else None,
            account=account,
            suffix=f"s{number}",
        )
        sets.append(data)
        trainings.append(training)
        latest[account] = training
        if deployed:
            deployments.append(deployment(f"bot{number}", training, account=account))
    return Desired(
        "bots",
        "default",
        {alias: Account(alias, "s", "g", alias, horizon_seconds=HORIZON_SECONDS) for alias, _ in shape},
        tuple(sets),
        tuple(trainings),
        tuple(deployments),
        specs_digest=identity.digest(
            sorted([str(d.address), d.fingerprint] for d in deployments)
            + [[str(t.address), t.fingerprint] for t in trainings]
        ),
    )


def reference() -> Desired:
    """Two trainings of which the second continues the first, and a deployment of it."""
    return build([("main", False), ("main", True)], [False, True])


ARM_IDS = {alias: arm_id(alias) for alias in ("main", "west")}
