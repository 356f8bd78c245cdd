"""Deploy: one deployment is put, replaced or deleted, and watched until ARM has settled it.

A PUT is idempotent and named by us, so an answer that was lost, or an operation that cannot be followed, is no
verdict: the deployment itself is read until its provisioning has ended. Callers make the writes of one account one
after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ftops.core.change import Change, DeleteDeployment, DeploymentBody, PutDeployment, ReplaceDeployment
from ftops.core.errors import RemoteError
from ftops.core.identity import TAG_FINGERPRINT
from ftops.core.observed import DEPLOYMENT_SETTLED, ObservedDeployment
from ftops.executor.retry import DEPLOYMENT_SECONDS, pause_after
from ftops.executor.turn import Result, Stopped, Turn

#: How many pauses a deployment may be absent after its PUT (ARM answers 404 for a while), or stay after its DELETE.
ABSENT_PAUSES = 6
#: How often a PUT is sent while nothing appears under its name.
PUT_TRIES = 3


def put(turn: Turn, change: Change, act: PutDeployment) -> Result:
    """Creates or changes in place. Raises RemoteError when ARM refuses, Stopped."""
    turn.tell(change.node, "started", "deploying")
    why = _make(turn, change, act.name, act.body)
    if why is not None:
        return Result("failed", why)
    _hold(turn, change, act)
    return Result("done", "deployed")


def replace(turn: Turn, change: Change, act: ReplaceDeployment) -> Result:
    """Deletes, then creates under the same name; puts the old body back when the create fails."""
    turn.tell(change.node, "started", "replacing: deleting the old deployment")
    try:
        if not _remove(turn, change, act.name):
            return Result("again", "whether the old deployment was deleted is unknown", turn.pace(change).first_seconds)
        turn.tell(change.node, "moved", "replacing: the old deployment is gone, making the new one")
        why = _tried(turn, change, act.name, act.body)
        if why is not None:
            turn.tell(change.node, "moved", f"{why}: putting the old model back")
            return Result("failed", f"{why}; {_put_back(turn, change, act)}")
    except Stopped:
        turn.tell(change.node, "note", f"{act.name} may be deleted and not made again yet: the next apply makes it")
        raise
    _hold(turn, change, act)
    return Result("done", "replaced")


def delete(turn: Turn, change: Change, act: DeleteDeployment) -> Result:
    """Deletes and waits until it is gone."""
    turn.tell(change.node, "started", "deleting")
    if not _remove(turn, change, act.name):
        return Result("again", "whether it was deleted is unknown", turn.pace(change).first_seconds)
    if not change.subject:  # the old ARM name of an entry that lives on under another is not what the entry holds
        turn.record(lambda session: session.forget(turn.entry(change)))
    return Result("done", "deleted")


def _hold(turn: Turn, change: Change, act: PutDeployment | ReplaceDeployment) -> None:
    """Records what serves now, with its fingerprint: an expired deployment can then be told from an edited one."""
    served = turn.entry(change, name=act.name, token=act.body.tags.get(TAG_FINGERPRINT, ""))
    turn.record(lambda session: session.hold(served))


def _put_back(turn: Turn, change: Change, act: ReplaceDeployment) -> str:
    """What became of the old deployment, for people."""
    try:
        gone = _remove(turn, change, act.name)
    except RemoteError as error:
        return f"clearing the name for the old model: {error.summary}: nothing serves under {act.name}"
    why = _tried(turn, change, act.name, act.before) if gone else "the name could not be cleared"
    if why is not None:
        return f"putting the old model back: {why}: nothing serves under {act.name}"
    return f"the old model {act.before.model_name} serves again"


def _tried(turn: Turn, change: Change, name: str, body: DeploymentBody) -> str | None:
    """`_make` with every refusal as words."""
    try:
        return _make(turn, change, name, body)
    except RemoteError as error:
        return error.summary


def _make(turn: Turn, change: Change, name: str, body: DeploymentBody) -> str | None:
    """PUT and watch; None when it serves, else why not. Raises RemoteError when ARM refuses the PUT."""
    client = turn.client(change)
    for _ in range(PUT_TRIES):
        _accept(turn, change, lambda: client.put_deployment(name, body))
        settled = _watch(turn, change, name)
        if settled is not None:
            if settled.provisioning == "Succeeded":
                return None
            return f"provisioning ended {settled.provisioning}" + (f": {settled.detail}" if settled.detail else "")
    return f"it was sent {PUT_TRIES} times and never appeared"


def _remove(turn: Turn, change: Change, name: str) -> bool:
    """DELETE and wait; False when it still stands and nobody knows whether ARM heard. Raises RemoteError on refusal."""
    client = turn.client(change)
    if client.observe_deployment(name) is None:
        return True
    heard = _accept(turn, change, lambda: client.delete_deployment(name))
    return _gone(turn, change, name, heard=heard)


def _accept(turn: Turn, change: Change, send: Callable[[], None]) -> bool:
    """Sends one ARM write, again while the account is busy. False when its outcome is unknown: look at the thing."""
    give_up_at = turn.run.clock.boot_seconds() + DEPLOYMENT_SECONDS
    attempt = 0
    while True:
        attempt += 1
        try:
            send()
            return True
        except RemoteError as error:
            if error.kind == "unknown":
                return False
            seconds = pause_after(error, attempt, turn.pace(change))
            if seconds is None or turn.run.clock.boot_seconds() + seconds > give_up_at:
                raise _final(error) from error
            turn.tell(change.node, "waiting", f"{error.summary}: trying again")
        turn.pause(seconds)


def _final(error: RemoteError) -> RemoteError:
    """The same answer, as one that nobody tries again: here it was waited for already."""
    return RemoteError(
        "rejected", error.summary, code=error.code, status=error.status, request_id=error.request_id, hint=error.hint
    )


def _watch(turn: Turn, change: Change, name: str) -> ObservedDeployment | None:
    """Reads until provisioning has ended; None when it does not appear. Raises RemoteError when it never ends."""
    absences, told = 0, ""
    for found in _looks(turn, change, name):
        if found is None:
            absences += 1
            if absences > ABSENT_PAUSES:
                return None
            continue
        if found.provisioning in DEPLOYMENT_SETTLED:
            return found
        if found.provisioning != told:
            told = found.provisioning
            turn.tell(change.node, "waiting", told)
    raise RemoteError(
        "rejected",
        f"{name} has been {told or 'absent'} for {DEPLOYMENT_SECONDS / 60:.0f} minutes",
        hint="the next apply goes on watching it",
    )


def _gone(turn: Turn, change: Change, name: str, *, heard: bool) -> bool:
    """Reads until it is gone. Raises RemoteError when that never happens although ARM accepted it."""
    for looks, found in enumerate(_looks(turn, change, name)):
        if found is None:
            return True
        if not heard and looks > ABSENT_PAUSES and found.provisioning in DEPLOYMENT_SETTLED:
            return False
    raise RemoteError("rejected", f"{name} has been deleting for {DEPLOYMENT_SECONDS / 60:.0f} minutes")


def _looks(turn: Turn, change: Change, name: str) -> Iterator[ObservedDeployment | None]:
    """The deployment, read at growing intervals for as long as the run watches one."""
    client, pace = turn.client(change), turn.pace(change)
    give_up_at = turn.run.clock.boot_seconds() + DEPLOYMENT_SECONDS
    number = 0
    while turn.run.clock.boot_seconds() < give_up_at:
        yield client.observe_deployment(name)
        turn.pause(pace.interval(number, factor=1.5))
        number += 1
