"""World: specs that can be edited, a ledger, and the small Azure, with the rounds of an apply on top.

world = chain().applied()              # everything trained, deployed and recorded
world.dataset("data-2", content="new") # an edit
assert outline(world.plan()) == [...]
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ftops.core import identity
from ftops.core.account import Account
from ftops.core.address import Address
from ftops.core.change import Action, AdoptJob, Change, PutDeployment, ReplaceDeployment, Train, Upload
from ftops.core.desired import (
    BaseModel,
    Content,
    Desired,
    DesiredDataset,
    DesiredDeployment,
    DesiredFinetune,
    Limits,
)
from ftops.core.observed import ObservedDeployment, ObservedFile, ObservedJob
from ftops.core.plan import Plan
from ftops.core.recorded import Recorded, RecordedEntry, RecordedJob
from ftops.planner import Options, plan
from tests.planner.support.azure import AccountAzure, Azure, sha_of

BASE = "gpt-4o-mini-2024-07-18"
ROUNDS_MAX = 40


class World:
    """One project and environment over any number of accounts; `main` is where things live unless said."""

    def __init__(self, *accounts: str, project: str = "bots", environment: str = "default", **settings: Any) -> None:
        aliases = accounts or ("main",)
        self.project, self.environment, self.settings = project, environment, settings
        self.accounts = {alias: Account(alias, "sub", "rg", f"aoai-{alias}") for alias in aliases}
        self.azure = Azure({alias: account.arm_id for alias, account in self.accounts.items()})
        self.specs: dict[Address, dict[str, Any]] = {}
        self.jobs: dict[tuple[str, str], RecordedJob] = {}
        self.entries: dict[tuple[str, str, str, Address], RecordedEntry] = {}
        self.ledger = True
        self.jobs_today = 0

    # Specs

    def dataset(self, name: str, content: str | None = None, **settings: Any) -> World:
        return self._spec("dataset", name, {"content": content or name, **settings})

    def finetune(self, name: str, **settings: Any) -> World:
        return self._spec("finetune", name, settings)

    def deployment(self, name: str, **settings: Any) -> World:
        return self._spec("deployment", name, settings)

    def _spec(self, kind: str, name: str, settings: dict[str, Any]) -> World:
        self.specs[Address(kind, name)] = settings  # type: ignore[arg-type]
        return self

    def edit(self, address: str, **settings: Any) -> World:
        self.specs[Address.parse(address)].update(settings)
        return self

    def remove(self, *addresses: str) -> World:
        for address in addresses:
            del self.specs[Address.parse(address)]
        return self

    def rename(self, before: str, after: str) -> World:
        self.specs[Address.parse(after)] = self.specs.pop(Address.parse(before))
        return self

    def another(self, *, environment: str = "", project: str = "") -> World:
        """The same Azure and the same ledger seen from another environment or project, with no specs yet."""
        other = copy.copy(self)
        other.project, other.environment = project or self.project, environment or self.environment
        other.specs, other.settings = {}, {}
        return other

    # Desired

    def content(self, dataset: str) -> Content:
        spec = self.specs[Address("dataset", dataset)]
        rows = spec.get("rows", 10)
        return Content(sha_of(spec["content"]), 100 * rows, rows, f"data/{dataset}.jsonl")

    def tuned(self, name: str) -> DesiredFinetune:
        spec = self.specs[Address("finetune", name)]
        parent = self.tuned(spec["continues"]) if "continues" in spec else None
        account = spec.get("account") or (parent.account if parent else "main")
        address = Address("finetune", name)
        if "job" in spec or "existing_model" in spec:
            inputs = {"existing": spec.get("job") or spec["existing_model"]}
            return DesiredFinetune(
                address,
                account,
                identity.fingerprint(inputs),
                inputs,
                existing_job=spec.get("job"),
                existing_model=spec.get("existing_model"),
            )
        training = self.content(spec["training"])
        validation = self.content(spec["validation"]) if "validation" in spec else None
        inputs = self._inputs(spec, parent, training, validation)
        return DesiredFinetune(
            address,
            account,
            identity.fingerprint(inputs),
            inputs,
            base_model=None if parent else spec.get("model", BASE),
            parent=parent.address if parent else None,
            checkpoint=spec.get("checkpoint", "last"),
            training=Address("dataset", spec["training"]),
            validation=Address("dataset", spec["validation"]) if validation else None,
            training_content=training,
            validation_content=validation,
            suffix=spec.get("suffix"),
            hyperparameters=spec.get("hyperparameters", {}),
            hold=spec.get("hold", False),
            protect=spec.get("protect", False),
        )

    @staticmethod
    def _inputs(
        spec: Mapping[str, Any], parent: DesiredFinetune | None, training: Content, validation: Content | None
    ) -> dict[str, Any]:
        inputs: dict[str, Any] = {"training": training.sha256}
        inputs |= {"parent": parent.fingerprint} if parent else {"model": spec.get("model", BASE)}
        inputs |= {"validation": validation.sha256} if validation else {}
        return inputs | {
            key: spec[key] for key in ("suffix", "hyperparameters", "rerun", "checkpoint", "seed") if key in spec
        }

    def _deployed(self, name: str) -> DesiredDeployment:
        spec = self.specs[Address("deployment", name)]
        finetune = self.tuned(spec["finetune"]) if "finetune" in spec else None
        account = spec.get("account") or (finetune.account if finetune else "main")
        base = BaseModel(**spec["model"]) if "model" in spec else None
        compared = [finetune.fingerprint if finetune else spec["model"]]
        compared += [spec.get(key) for key in ("sku", "capacity", "tags", "content_policy", "upgrade")]
        return DesiredDeployment(
            Address("deployment", name),
            account,
            spec.get("name", name),
            spec.get("sku", "Standard"),
            identity.digest(compared)[:16],
            finetune=finetune.address if finetune else None,
            finetune_account=finetune.account if finetune else None,
            checkpoint=spec.get("checkpoint", "last"),
            base_model=base,
            capacity=spec.get("capacity"),
            content_policy=spec.get("content_policy"),
            upgrade=spec.get("upgrade"),
            tags=spec.get("tags", {}),
            on_expiry=spec.get("on_expiry", "recreate"),
            protect=spec.get("protect", False),
            ignore_changes=spec.get("ignore_changes", ()),
        )

    def desired(self) -> Desired:
        finetunes = [self.tuned(a.name) for a in self.specs if a.kind == "finetune"]
        users = {
            (address, finetune.account)
            for finetune in finetunes
            for address in (finetune.training, finetune.validation)
            if address is not None
        }
        datasets = [
            DesiredDataset(
                address,
                account,
                self.content(address.name),
                self.specs[address].get("keep", "always"),
                self.specs[address].get("protect", False),
            )
            for address, account in sorted(users)
        ]
        deployments = [self._deployed(a.name) for a in self.specs if a.kind == "deployment"]
        return Desired(
            self.project,
            self.environment,
            self.accounts,
            tuple(datasets),
            tuple(finetunes),
            tuple(deployments),
            limits=self.settings.get("limits", Limits()),
            train=self.settings.get("train", True),
            delete_models=self.settings.get("delete_models", False),
            specs_digest=identity.digest(sorted([str(a), repr(s)] for a, s in self.specs.items())),
            emptied=not self.specs,
        )

    # Recorded

    def recorded(self) -> Recorded:
        if not self.ledger:
            return Recorded()
        return Recorded(
            True, "lineage", len(self.entries), self.jobs, tuple(self.entries.values()), jobs_today=self.jobs_today
        )

    def lose_ledger(self) -> World:
        self.jobs, self.entries, self.ledger = {}, {}, False
        return self

    def record_job(self, finetune: str, outcome: str, *, seconds_left: float = 0.0, at: float = 0.0) -> World:
        """Writes what became of a submission, without any job in Azure."""
        tuned = self.tuned(finetune)
        key = (self.accounts[tuned.account].arm_id, tuned.token)
        self.jobs[key] = RecordedJob(
            *key,
            outcome,
            "n",
            at,
            tuned.address,
            "ftjob-lost",
            tuned.inputs,
            seconds_left,  # type: ignore[arg-type]
        )
        return self

    def _hold(self, change: Change, **holds: str) -> None:
        arm_id = self.accounts[change.account].arm_id
        key = (self.project, self.environment, arm_id, change.address)
        self.entries[key] = RecordedEntry(self.project, self.environment, arm_id, change.address, **holds)
        self.ledger = True

    def _done(self, change: Change, act: Train | AdoptJob, job_id: str) -> None:
        key = (self.accounts[change.account].arm_id, act.token)
        self.jobs[key] = RecordedJob(*key, "done", "n", 0.0, change.address, job_id, act.inputs)
        self._hold(change, token=act.token)

    # Observed

    def home(self, account: str = "main") -> AccountAzure:
        return self.azure.accounts[account]

    def job_of(self, finetune: str) -> ObservedJob:
        tuned = self.tuned(finetune)
        jobs = self.home(tuned.account).jobs.values()
        return next(job for job in jobs if identity.token_of(job.suffix) == tuned.token)

    def file_of(self, dataset: str, account: str = "main") -> ObservedFile:
        carried = self.content(dataset).sha256[:32]
        return next(f for f in self.home(account).files.values() if identity.content_hex_of(f.name) == carried)

    def drift(self, deployment: str, account: str = "main", **fields: Any) -> ObservedDeployment:
        """Somebody changes a deployment in the portal."""
        changed = replace(self.home(account).deployments[deployment], **fields)
        self.home(account).deployments[deployment] = changed
        return changed

    # Plan and apply

    def plan(self, **options: Any) -> Plan:
        return plan(self.desired(), self.recorded(), self.azure.observed(), Options(**options))

    def round(self, **options: Any) -> Plan:
        """One round of an apply: plans, then does everything that may be done now."""
        made = self.plan(**options)
        for change in made.changes:
            if change.act is not None:
                self._act(change)
            elif change.action is Action.FORGET:
                self.entries.pop((self.project, self.environment, self.accounts[change.account].arm_id, change.address))
        return made

    def _act(self, change: Change) -> None:
        act = change.act
        assert act is not None
        job = self.azure.act(change.account, act)
        if isinstance(act, Train):
            assert job is not None
            self._done(change, act, job.id)
        elif isinstance(act, AdoptJob):
            self._done(change, act, act.job_id)
        elif isinstance(act, Upload):
            self._hold(change, file_name=act.file_name)
        elif isinstance(act, PutDeployment | ReplaceDeployment):
            self._hold(change, name=act.name)

    def finish_jobs(self) -> None:
        for alias, account in self.azure.accounts.items():
            for job in list(account.jobs.values()):
                if job.status in ("pending", "running"):
                    self.azure.finish(alias, job.id)

    def applied(self, **options: Any) -> World:
        """Rounds until nothing is left to do; jobs finish between rounds."""
        for _ in range(ROUNDS_MAX):
            made = self.round(**options)
            if not made.pending and not made.waiting:
                return self
            self.finish_jobs()
        raise AssertionError(f"still not converged: {outline(self.plan(**options))}")


def chain(*accounts: str) -> World:
    """Three finetunes, each continuing the one before, and a deployment of the last."""
    world = World(*accounts)
    for number in (1, 2, 3):
        world.dataset(f"data-{number}")
    world.finetune("v1", training="data-1")
    world.finetune("v2", training="data-2", continues="v1")
    world.finetune("v3", training="data-3", continues="v2")
    return world.deployment("bot", finetune="v3", capacity=10)


def outline(made: Plan, *, keep: bool = False) -> list[tuple[str, ...]]:
    """(address, action, cause[, subject]) of each change; what is kept is left out unless asked for."""
    return [
        tuple(text for text in (str(c.address), c.action.value, c.cause.value if c.cause else "-", c.subject) if text)
        for c in made.changes
        if keep or c.action is not Action.KEEP
    ]


def change(made: Plan, address: str, *, account: str = "main", subject: str = "") -> Change:
    """The one change of an address; fails when there is none."""
    return next(c for c in made.changes if (str(c.address), c.account, c.subject) == (address, account, subject))
