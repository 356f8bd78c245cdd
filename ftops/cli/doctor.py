"""`ftops doctor`: whether this machine, the project and its accounts are fit. Reads, and changes nothing."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from ftops import __version__
from ftops.cli import options
from ftops.cli.options import Invocation
from ftops.cli.project import opened
from ftops.core.account import Account
from ftops.core.errors import FtopsError
from ftops.renderers.palette import Palette, Role
from ftops.renderers.safe import redact, safe

if TYPE_CHECKING:
    from ftops.workspace import Workspace

PACKAGES = (
    "azure-identity",
    "azure-mgmt-cognitiveservices",
    "click",
    "deepdiff",
    "msgspec",
    "openai",
    "pydantic",
    "python-multipart",
    "pyyaml",
    "rich",
)
PYTHON_MINIMUM = (3, 11)

_ROLES: dict[str, Role] = {"ok": "good", "note": "warning", "wrong": "error"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is fit, and what was seen."""

    subject: str
    verdict: Literal["ok", "note", "wrong"]
    seen: str
    hint: str = ""


@options.command("doctor")
def command(invocation: Invocation) -> int:
    """Check this machine, the project and its accounts."""
    console = invocation.console
    findings = list(_findings(invocation))
    wrong = any(finding.verdict == "wrong" for finding in findings)
    if console.json:
        body = [{"subject": f.subject, "verdict": f.verdict, "seen": f.seen, "hint": f.hint} for f in findings]
        console.document("ftops.doctor/1", {"healthy": not wrong, "findings": body})
    else:
        console.result("\n".join(_line(finding, console.palette) for finding in findings))
    return 1 if wrong else 0


def _findings(invocation: Invocation) -> Iterator[Finding]:
    yield Finding("ftops", "ok", __version__)
    yield _python()
    yield from (_package(name) for name in PACKAGES)
    with ExitStack() as stack:
        try:
            workspace = stack.enter_context(opened(invocation))
        except FtopsError as error:
            yield _problem("project", error)
            return
        yield Finding(
            "project",
            "ok",
            f"{workspace.project.name} in {workspace.project.root}, environment {invocation.environment}",
        )
        yield _specs(workspace)
        yield _ledger(workspace)
        for account in workspace.project.accounts.values():
            yield Finding(f"credentials of {account.alias}", "ok", _credentials(account))
            yield _reachable(workspace, account.alias)


def _python() -> Finding:
    fit = sys.version_info[:2] >= PYTHON_MINIMUM
    return Finding("python", "ok" if fit else "wrong", f"{platform.python_version()} on {platform.system()}")


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "wrong", "not installed", "reinstall ftops with its dependencies")


def _specs(workspace: Workspace) -> Finding:
    try:
        desired = workspace.desired()
    except FtopsError as error:
        return Finding("specs", "wrong", error.summary, "`ftops validate` shows the places")
    return Finding("specs", "ok", f"{len({r.address for r in desired.resources})} resources")


def _ledger(workspace: Workspace) -> Finding:
    try:
        recorded = workspace.ledger.open().recorded()
    except FtopsError as error:
        return _problem("ledger", error)
    if not recorded.exists:
        return Finding("ledger", "note", "none yet", "`ftops apply` creates it")
    return Finding("ledger", "ok", f"{recorded.seq} entries, {len(recorded.jobs)} jobs")


def _reachable(workspace: Workspace, alias: str) -> Finding:
    subject = f"account {alias}"
    try:
        observed = workspace.observe((alias,))
    except FtopsError as error:
        return _problem(subject, error)
    if observed.unread:
        first = observed.unread[0]
        return Finding(subject, "wrong", f"{first.what} could not be read: {first.why}", first.hint)
    account = observed.accounts[alias]
    held = f"{len(account.files)} files, {len(account.jobs)} jobs, {len(account.deployments)} deployments"
    return Finding(subject, "ok", f"{account.location}: {held}" if account.location else held)


def _credentials(account: Account) -> str:
    """Which kind is used; never a value."""
    if account.emulator:
        return "emulator: none needed"
    if account.auth == "key":
        return f"key from {account.key_env} for data, Microsoft Entra for ARM"
    return "Microsoft Entra (DefaultAzureCredential)"


def _problem(subject: str, error: FtopsError) -> Finding:
    return Finding(subject, "wrong", error.summary, error.hint)


def _line(finding: Finding, palette: Palette) -> str:
    role = _ROLES[finding.verdict]
    hint = f"\n{'':8}hint: {redact(safe(finding.hint))}" if finding.hint else ""
    return f"{palette.paint(role, f'{finding.verdict:<6}')}  {finding.subject}: {redact(safe(finding.seen))}{hint}"
