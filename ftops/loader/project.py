"""Project: ftops.yaml with one environment merged in, checked and resolved. YAML in, a frozen Project out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ftops.core.account import EMBEDDED, EMULATOR_RESOURCE_GROUP, EMULATOR_SUBSCRIPTION, Account, Pace
from ftops.core.address import ALIAS_PATTERN
from ftops.core.desired import Limits
from ftops.core.diagnostic import Diagnostic
from ftops.core.errors import SpecErrors
from ftops.kinds.project import FIXED, AzureAccountSpec, EmulatorAccountSpec, ProjectSpec
from ftops.kinds.rules import not_yet_supported
from ftops.kinds.unsupported import unsupported_in
from ftops.loader.documents import Document, diagnostic
from ftops.loader.files import PROJECT_FILE, missing_specs, read_document
from ftops.loader.scalars import NumberTooLarge, resolve
from ftops.loader.suggestions import Suggester
from ftops.loader.validation import Shape, empty_value, explain, forgotten
from ftops.loader.variables import refuse_variables, valid_name, without_consequences

DEFAULT_ENVIRONMENT = "default"
#: An emulator answers at once, so an unanswered create is settled soon; Azure may show a job minutes later.
#: Work on the emulator is short, so waiting for it is too.
_EMULATOR_HORIZON_SECONDS = 2.0
_EMULATOR_PACE = Pace(first_seconds=0.05, most_seconds=0.5, obeyed_seconds=0.5)
_DEFAULT_BLOB = "ftops-ledger.jsonl"

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where the ledger lives. The last three are empty for the local one."""

    backend: str = "local"
    account_url: str = ""
    container: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """ftops.yaml, resolved for one environment.

    `limits` are those that were written; `load` adds the defaults of real accounts. `variables` holds every variable
    that has a value, `declared` the names of all. `lifted` are the limits that were written as null.
    """

    root: Path
    name: str
    environment: str
    accounts: Mapping[str, Account]
    default_account: str
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    limits: Limits = field(default_factory=Limits)
    train: bool = True
    delete_models: bool = False
    specs: tuple[str, ...] = ("specs",)
    variables: Mapping[str, Any] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()


def load_project(
    root: Path, *, environment: str = DEFAULT_ENVIRONMENT, variables: Mapping[str, str] | None = None
) -> Project:
    """Reads ftops.yaml in `root` for one environment; `variables` are the texts of `--var NAME=TEXT`.

    Raises SpecErrors with everything that is wrong, in every environment. No network, no environment variables.
    """
    document = read_document(root, PROJECT_FILE)
    problems = [*document.problems, *refuse_variables(document)]
    if not isinstance(document.data, dict):
        raise SpecErrors([*problems, document.problem("spec.type", "ftops.yaml must be a mapping")])
    specs: dict[str, ProjectSpec] = {}
    merged = {}
    for name in (DEFAULT_ENVIRONMENT, *_environments(document)):
        merged[name] = _merged(document, name)
        spec, found = _checked(merged[name])
        problems += found
        if spec is not None:
            specs[name] = spec
    if environment not in merged:
        problems.append(_unknown_environment(document, environment))
    values: dict[str, Any] = {}
    if environment in specs:
        values, found = _variables(specs[environment], variables or {})
        problems += found
        problems += _specs_rules(merged[environment], root, specs[environment])
    if problems:
        raise SpecErrors(_unique(problems))
    return _project(root, environment, specs[environment], values)


def _environments(document: Document) -> list[str]:
    written = document.data.get("environments")
    return [name for name in written if name != DEFAULT_ENVIRONMENT] if isinstance(written, dict) else []


def _unknown_environment(document: Document, environment: str) -> Diagnostic:
    known = [DEFAULT_ENVIRONMENT, *_environments(document)]
    return document.problem(
        "project.unknown-environment",
        f"ftops.yaml has no environment `{environment}`",
        ("environments",),
        key=True,
        hint=Suggester().hint(environment, known),
    )


def _merged(document: Document, environment: str) -> Document:
    """The document as it reads in one environment; places go along, so errors point to the line that counts."""
    environments = document.data.get("environments")
    changes = environments.get(environment) if isinstance(environments, dict) else None
    if not isinstance(changes, dict):
        return document
    mark, children = document.places
    places = children["environments"][1][1][environment][1]
    data, merged = _merge(document.data, children, changes, places[1])
    return replace(document, data=data, places=(mark, merged))


def _merge(
    data: dict[str, Any], places: dict[str, Any], changes: dict[str, Any], changed_places: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    data, places = dict(data), dict(places)
    for key, value in changes.items():
        place = changed_places[key]
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            key_mark, (mark, inner_places) = places[key]
            data[key], inner = _merge(data[key], inner_places, value, place[1][1])
            places[key] = (key_mark, (mark, inner))
        else:
            data[key], places[key] = value, place
    return data, places


def _naming(path: Path_) -> tuple[None, int]:
    return None, 0


def _checked(document: Document) -> tuple[ProjectSpec | None, list[Diagnostic]]:
    """The spec of one merged document, or None; and what is wrong with it."""
    data = document.data
    problems = list(_forgotten(document))
    problems += _environment_rules(document)
    spec = None
    try:
        spec = ProjectSpec.model_validate(data)
    except ValidationError as error:
        problems += explain(error, Shape(document, (), ProjectSpec, _naming, Suggester())).problems
    for row in unsupported_in("project", data):
        told = not_yet_supported(row, data)
        problems.append(document.problem(told.code, told.summary, told.path, key=True, hint=told.hint))
    if spec is not None:
        problems += _rules(document, spec)
    assert spec is not None or problems, "what cannot be used must have an error"
    return spec, problems


def _forgotten(document: Document) -> Iterator[Diagnostic]:
    for path in forgotten((), document.data):
        lifted = path[0] == "limits" and len(path) == 2  # null takes a limit away
        told_when_merged = path[0] == "environments" and len(path) > 2
        if not lifted and not told_when_merged:
            yield empty_value(document, path, _naming)


def _environment_rules(document: Document) -> Iterator[Diagnostic]:
    environments = document.data.get("environments")
    for name, changes in environments.items() if isinstance(environments, dict) else ():
        path = ("environments", name)
        if not ALIAS_PATTERN.fullmatch(name):
            summary = "an environment's name is made of letters, digits, `.`, `_` and `-`, at most 64"
            yield document.problem("spec.bad-name", summary, path, key=True)
        for key in FIXED if isinstance(changes, dict) else ():
            if key in changes:
                summary = f"an environment cannot change `{key}`"
                yield document.problem("spec.no-effect", summary, (*path, key), key=True)


def _rules(document: Document, spec: ProjectSpec) -> Iterator[Diagnostic]:
    owners: dict[str, str] = {}
    for alias, account in spec.accounts.items():
        path = ("accounts", alias)
        if not ALIAS_PATTERN.fullmatch(alias):
            summary = "an account's alias is made of letters, digits, `.`, `_` and `-`, at most 64"
            yield document.problem("spec.bad-name", summary, path, key=True)
            continue
        owner = owners.setdefault(_account(alias, account).arm_id, alias)
        if owner != alias:
            summary = f"`{owner}` and `{alias}` are the same Azure account"
            yield document.problem("project.same-account", summary, path, key=True, hint="keep one alias")
        if account.auth == "key" and account.key_env is None:
            summary = f"`accounts.{alias}.key_env` is missing: `auth: key` needs it"
            yield document.problem("project.incomplete", summary, path)
        if account.auth == "entra" and account.key_env is not None:
            summary = f"`accounts.{alias}.key_env` has no effect without `auth: key`"
            yield document.problem("spec.no-effect", summary, (*path, "key_env"), key=True)
    yield from _default_account_rules(document, spec)
    yield from _ledger_rules(document, spec)
    for name in spec.variables:
        if not valid_name(name):
            summary = "a variable's name is made of letters, digits, `_` and `-`, and starts with a letter or `_`"
            yield document.problem("spec.bad-name", summary, ("variables", name), key=True)


def _default_account_rules(document: Document, spec: ProjectSpec) -> Iterator[Diagnostic]:
    if spec.default_account is None:
        if len(spec.accounts) > 1:
            summary = "`default_account` is missing: there are several accounts"
            yield document.problem("project.incomplete", summary, ("accounts",), key=True)
    elif spec.default_account not in spec.accounts:
        hint = Suggester().hint(spec.default_account, spec.accounts)
        summary = f"there is no account `{spec.default_account}`"
        yield document.problem("project.unknown-account", summary, ("default_account",), hint=hint)


def _ledger_rules(document: Document, spec: ProjectSpec) -> Iterator[Diagnostic]:
    keys = ("account_url", "container", "blob")
    written = [key for key in keys if getattr(spec.ledger, key) is not None]
    if spec.ledger.backend == "local":
        for key in written:
            summary = f"`ledger.{key}` has no effect with `backend: local`"
            yield document.problem("spec.no-effect", summary, ("ledger", key), key=True)
    else:
        for key in ("account_url", "container"):
            if key not in written:
                yield document.problem("project.incomplete", f"`ledger.{key}` is missing: azblob needs it", ("ledger",))


def _specs_rules(document: Document, root: Path, spec: ProjectSpec) -> Iterator[Diagnostic]:
    for index, written in enumerate(spec.specs):
        problem = missing_specs(root, written)
        if problem is not None:
            code, summary, hint = problem
            yield document.problem(code, summary, ("specs", index), hint=hint)


def _variables(spec: ProjectSpec, given: Mapping[str, str]) -> tuple[dict[str, Any], list[Diagnostic]]:
    values = {
        name: variable.default for name, variable in spec.variables.items() if "default" in variable.model_fields_set
    }
    problems: list[Diagnostic] = []
    for name, text in given.items():
        if name not in spec.variables:
            hint = Suggester().hint(name, spec.variables) or "declare it under `variables` in ftops.yaml"
            summary = f"--var sets `{name}`, which ftops.yaml does not declare"
            problems.append(diagnostic("variable.undeclared", summary, hint=hint))
            continue
        try:
            values[name] = resolve(text)
        except NumberTooLarge:
            summary = f"--var {name}: the number does not fit into 64 bits"
            problems.append(diagnostic("yaml.number-too-large", summary))
    return values, problems


def _project(root: Path, environment: str, spec: ProjectSpec, variables: Mapping[str, Any]) -> Project:
    accounts = {alias: _account(alias, account) for alias, account in spec.accounts.items()}
    limits = spec.limits
    azblob = spec.ledger.backend == "azblob"
    return Project(
        root=root,
        name=spec.project,
        environment=environment,
        accounts=accounts,
        default_account=spec.default_account or next(iter(accounts)),
        ledger=LedgerSettings(
            spec.ledger.backend,
            spec.ledger.account_url or "",
            spec.ledger.container or "",
            (spec.ledger.blob or _DEFAULT_BLOB) if azblob else "",
        ),
        limits=Limits(limits.max_cost_usd, limits.max_new_jobs, limits.max_new_jobs_per_day, limits.max_deletes),
        train=spec.train,
        delete_models=spec.delete_models,
        specs=tuple(spec.specs),
        variables=variables,
        declared=frozenset(spec.variables),
        lifted=frozenset(key for key in limits.model_fields_set if getattr(limits, key) is None),
    )


def _account(alias: str, spec: EmulatorAccountSpec | AzureAccountSpec) -> Account:
    if isinstance(spec, EmulatorAccountSpec):
        return Account(
            alias=alias,
            subscription=EMULATOR_SUBSCRIPTION,
            resource_group=EMULATOR_RESOURCE_GROUP,
            name=alias,
            emulator=EMBEDDED if spec.emulator is True else spec.emulator.rstrip("/"),
            location=spec.location or "",
            auth=spec.auth,
            key_env=spec.key_env or "",
            api=spec.api,
            bom=spec.bom,
            horizon_seconds=_EMULATOR_HORIZON_SECONDS,
            pace=_EMULATOR_PACE,
        )
    return Account(
        alias=alias,
        subscription=spec.subscription,
        resource_group=spec.resource_group,
        name=spec.name,
        location=spec.location or "",
        endpoint=(spec.endpoint or "").rstrip("/"),
        auth=spec.auth,
        key_env=spec.key_env or "",
        api=spec.api,
        bom=spec.bom,
    )


def _unique(problems: list[Diagnostic]) -> list[Diagnostic]:
    """Sorted, and once each: what is wrong in the common part is wrong in every environment."""
    return sorted(dict.fromkeys(without_consequences(problems)), key=Diagnostic.sort_key)
