"""Resolution: entries become Desired. Accounts, contents and identities are settled along the chains of finetunes.

What an error elsewhere makes impossible to settle is left out silently: that error has been told already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from ftops.core import identity
from ftops.core.desired import (
    BaseModel,
    Content,
    Desired,
    DesiredDataset,
    DesiredDeployment,
    DesiredFinetune,
    Limits,
)
from ftops.core.diagnostic import Diagnostic
from ftops.kinds.dataset import DatasetSpec
from ftops.kinds.deployment import DeploymentSpec
from ftops.kinds.finetune import FinetuneSpec
from ftops.kinds.rules import default_on_expiry
from ftops.loader.contents import TRAINING_ROWS_MIN, too_few_rows
from ftops.loader.entries import Entries, Entry
from ftops.loader.project import Project
from ftops.loader.training import existing_identity, training_inputs

#: What a real account may do at most, unless ftops.yaml says otherwise.
DEFAULT_LIMITS = Limits(max_new_jobs_per_day=5, max_deletes=3)
FINGERPRINT_LENGTH = 32


class Resolver:
    """Settles all entries of one project; `problems` holds what only shows when they are seen together."""

    def __init__(self, project: Project, entries: Entries, contents: Mapping[str, Content]) -> None:
        self._project = project
        self._entries = entries
        self._contents = contents
        self._finetunes: dict[str, DesiredFinetune] = {}
        self._accounts: dict[str, str] = {}
        self._ordered = self._in_chain_order()
        self.problems: list[Diagnostic] = []

    def resolve(self) -> Desired:
        """Desired, as far as it can be settled; to be used only when there is no error."""
        self._accounts = self._settle_accounts()
        for name in self._ordered:
            self._settle_finetune(self._entries.finetunes[name])
        self._same_trainings()
        datasets = sorted(self._datasets(), key=lambda item: (item.address.name, item.account))
        finetunes = sorted(self._finetunes.values(), key=_name)
        deployments = sorted(self._deployments(), key=_name)
        self._same_deployments(deployments)
        project = self._project
        used = {item.account for item in finetunes} | {item.account for item in deployments}
        desired = Desired(
            project=project.name,
            environment=project.environment,
            accounts=project.accounts,
            datasets=tuple(datasets),
            finetunes=tuple(finetunes),
            deployments=tuple(deployments),
            limits=_limits(project, used | {project.default_account}),
            train=project.train,
            delete_models=project.delete_models,
            emptied=not any(True for _ in self._entries),
        )
        return replace(desired, specs_digest=specs_digest(desired))

    def _in_chain_order(self) -> list[str]:
        """Names of finetunes, parents before children; members of circles are left out."""
        finetunes = self._entries.finetunes
        children: dict[str, list[str]] = {}
        ordered: list[str] = []
        for name, entry in finetunes.items():
            parent = entry.text("continues")
            if parent is None:
                ordered.append(name)
            elif parent in finetunes:
                children.setdefault(parent, []).append(name)
        for name in ordered:  # grows while it is walked
            ordered.extend(children.get(name, ()))
        return ordered

    def _settle_accounts(self) -> dict[str, str]:
        accounts: dict[str, str] = {}
        for name in self._ordered:
            entry = self._entries.finetunes[name]
            own, parent = entry.text("account"), entry.text("continues")
            inherited = accounts.get(parent) if parent else self._project.default_account
            if parent and own and inherited and own != inherited and own in self._project.accounts:
                summary = f"finetune/{parent} lives in account `{inherited}`, so what continues it must too"
                self.problems.append(
                    entry.problem("spec.other-account", summary, ("account",), hint="remove `account`")
                )
            account = own or inherited
            if account:
                accounts[name] = account
        return accounts

    def _settle_finetune(self, entry: Entry) -> None:
        spec, name = entry.spec, entry.address.name
        account = self._accounts.get(name, "")
        if not isinstance(spec, FinetuneSpec) or account not in self._project.accounts:
            return
        if spec.existing is not None:
            self._finetunes[name] = _existing(entry, spec, account)
            return
        parent = self._finetunes.get(spec.continues) if spec.continues else None
        training = self._contents.get(spec.training or "")
        validation = self._contents.get(spec.validation) if spec.validation else None
        if training is None or (spec.validation and validation is None) or (spec.continues and parent is None):
            return
        inputs = training_inputs(
            spec, parent=_identity(parent) if parent else None, training=training, validation=validation
        )
        datasets = self._entries.datasets
        self._finetunes[name] = DesiredFinetune(
            address=entry.address,
            account=account,
            fingerprint=identity.fingerprint(inputs),
            inputs=inputs,
            base_model=spec.model,
            parent=parent.address if parent else None,
            checkpoint=spec.checkpoint,
            training=datasets[spec.training or ""].address,
            validation=datasets[spec.validation].address if spec.validation else None,
            training_content=training,
            validation_content=validation,
            suffix=spec.suffix,
            method=spec.method,
            hyperparameters=inputs.get("hyperparameters", {}),
            training_tier=spec.training_tier,
            author_seed=spec.seed,
            hold=spec.hold,
            protect=spec.protect,
            ignore_changes=tuple(spec.ignore_changes),
            position=entry.position,
        )

    def _same_trainings(self) -> None:
        first_of: dict[tuple[str, str], DesiredFinetune] = {}
        for name in self._entries.finetunes:
            finetune = self._finetunes.get(name)
            if finetune is None or finetune.existing:
                continue
            first = first_of.setdefault((finetune.account, finetune.fingerprint), finetune)
            if first is not finetune:
                summary = f"{finetune.address} would be the same training as {first.address} ({first.position})"
                hint = "remove one of them, or set `rerun: 1` on this one to pay for it twice"
                entry = self._entries.finetunes[name]
                self.problems.append(entry.problem("spec.same-training", summary, key=True, hint=hint))

    def _datasets(self) -> Iterator[DesiredDataset]:
        users: dict[str, set[str]] = {}
        trained: set[str] = set()
        for name, entry in self._entries.finetunes.items():
            for key in ("training", "validation"):
                dataset = entry.text(key)
                if dataset is not None:
                    users.setdefault(dataset, set()).add(self._accounts.get(name, ""))
                    trained.update([dataset] if key == "training" else ())
        for name, entry in self._entries.datasets.items():
            content, spec = self._contents.get(name), entry.spec
            if name not in users:
                summary = f"no finetune uses {entry.address}: it stays on this machine"
                warning = entry.problem("dataset.unused", summary, key=True)
                self.problems.append(replace(warning, severity="warning"))
            if content is None or not isinstance(spec, DatasetSpec):
                continue
            if name in trained and content.rows < TRAINING_ROWS_MIN:
                self.problems.append(too_few_rows(entry, content))
            for account in users.get(name, ()):
                yield DesiredDataset(entry.address, account, content, spec.keep, spec.protect, entry.position)

    def _deployments(self) -> Iterator[DesiredDeployment]:
        for entry in self._entries.deployments.values():
            spec = entry.spec
            if not isinstance(spec, DeploymentSpec):
                continue
            finetune = self._finetunes.get(spec.finetune) if spec.finetune else None
            account = spec.account or (finetune.account if finetune else self._project.default_account)
            if (spec.finetune and finetune is None) or account not in self._project.accounts:
                continue
            yield _deployment(entry, spec, account, finetune)

    def _same_deployments(self, deployments: list[DesiredDeployment]) -> None:
        first_of: dict[tuple[str, str], DesiredDeployment] = {}
        for deployment in deployments:
            first = first_of.setdefault((deployment.account, deployment.name.lower()), deployment)
            if first is not deployment:
                entry = self._entries.deployments[deployment.address.name]
                summary = f"{deployment.address} and {first.address} have one name in account `{deployment.account}`"
                key = ("name",) if "name" in entry.data else ()
                hint = "set another `name`"
                self.problems.append(entry.problem("spec.same-deployment", summary, key, key=not key, hint=hint))


def _name(resource: DesiredFinetune | DesiredDeployment) -> str:
    return resource.address.name  # of one kind, so this is the order of addresses


def _identity(parent: DesiredFinetune) -> str:
    return str(parent.inputs["existing"]) if parent.existing else parent.fingerprint


def _existing(entry: Entry, spec: FinetuneSpec, account: str) -> DesiredFinetune:
    assert spec.existing is not None
    inputs = {"existing": existing_identity(spec.existing)}
    return DesiredFinetune(
        address=entry.address,
        account=account,
        fingerprint=identity.fingerprint(inputs),
        inputs=inputs,
        existing_job=spec.existing.job,
        existing_model=spec.existing.model,
        protect=spec.protect,
        ignore_changes=tuple(spec.ignore_changes),
        position=entry.position,
    )


def _deployment(
    entry: Entry, spec: DeploymentSpec, account: str, finetune: DesiredFinetune | None
) -> DesiredDeployment:
    model = BaseModel(spec.model.name, spec.model.version, spec.model.format) if spec.model else None
    pinned = model is not None and model.version is not None
    upgrade = spec.upgrade or ("NoAutoUpgrade" if pinned else None)
    return DesiredDeployment(
        address=entry.address,
        account=account,
        name=spec.name or entry.address.name,
        sku=spec.sku,
        fingerprint=_fingerprint(spec, finetune, upgrade, pinned=pinned),
        finetune=finetune.address if finetune else None,
        finetune_account=finetune.account if finetune else None,
        checkpoint=spec.checkpoint,
        base_model=model,
        capacity=spec.capacity,
        content_policy=spec.content_policy,
        upgrade=upgrade,
        tags=spec.tags,
        rollout=spec.rollout,
        on_expiry=default_on_expiry(spec.sku) if spec.on_expiry is None else spec.on_expiry,  # type: ignore[arg-type]
        protect=spec.protect,
        ignore_changes=tuple(spec.ignore_changes),
        position=entry.position,
    )


def _fingerprint(spec: DeploymentSpec, finetune: DesiredFinetune | None, upgrade: str | None, *, pinned: bool) -> str:
    """Over the managed fields that differ from what leaving them out would mean."""
    managed: dict[str, Any] = {"sku": spec.sku}
    if finetune is not None:
        managed["finetune"] = _identity(finetune)
    if spec.model is not None:
        managed["model"] = spec.model.name.lower()
        if spec.model.version is not None:
            managed["version"] = spec.model.version
        if spec.model.format != "OpenAI":
            managed["format"] = spec.model.format
    usual_upgrade = "NoAutoUpgrade" if pinned else "OnceNewDefaultVersionAvailable"
    if spec.checkpoint != "last":
        managed["checkpoint"] = spec.checkpoint
    if spec.capacity not in (None, 1):
        managed["capacity"] = spec.capacity
    if spec.content_policy is not None:
        managed["content_policy"] = spec.content_policy
    if upgrade not in (None, usual_upgrade):
        managed["upgrade"] = upgrade
    if spec.tags:
        managed["tags"] = spec.tags
    if spec.protect:  # kept in a tag: without this, writing it would look like somebody's edit in Azure
        managed["protect"] = True
    return identity.digest(managed)[:FINGERPRINT_LENGTH]


def _limits(project: Project, used: set[str]) -> Limits:
    """The written limits, and where a real account is used the default ones. null in ftops.yaml lifts a default."""
    if all(project.accounts[alias].emulator for alias in used if alias in project.accounts):
        return project.limits
    written = asdict(project.limits)
    defaults = asdict(DEFAULT_LIMITS)
    return Limits(
        **{
            key: defaults[key] if value is None and key not in project.lifted else value
            for key, value in written.items()
        }
    )


def specs_digest(desired: Desired) -> str:
    """A digest of what the specs mean: not of file names, order, comments, descriptions, endpoints or ports."""
    rows: list[Any] = [
        [desired.project, desired.environment, desired.train, desired.delete_models, asdict(desired.limits)],
        sorted((alias, account.arm_id) for alias, account in desired.accounts.items()),
    ]
    rows += [[str(d.address), d.account, d.content.sha256, d.keep, d.protect] for d in desired.datasets]
    rows += [[str(f.address), f.account, f.fingerprint, f.hold, f.protect, f.ignore_changes] for f in desired.finetunes]
    rows += [
        [str(d.address), d.account, d.name, d.fingerprint, d.capacity, d.upgrade, d.rollout, d.on_expiry, d.protect]
        for d in desired.deployments
    ]
    rows += [[str(d.address), d.ignore_changes] for d in desired.deployments if d.ignore_changes]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
