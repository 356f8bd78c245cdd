"""Remove: files and models that nothing needs any more, and entries that left the specs.

Deletes what the plan showed and nothing else; what is gone already counts as deleted.
"""

from __future__ import annotations

from ftops.core.change import Change, DeleteFile, DeleteModel
from ftops.core.errors import RemoteError
from ftops.core.recorded import RecordedEntry
from ftops.executor.ports import NO_MODEL_ROUTE
from ftops.executor.turn import Result, Turn


def delete_file(turn: Turn, change: Change, act: DeleteFile) -> Result:
    """Deletes it; the ledger forgets it if it was what the entry had. Raises RemoteError."""
    turn.tell(change.node, "started", "deleting")
    turn.client(change).delete_file(act.file_id)
    names = {file.name for file in turn.observed.accounts[change.account].files if file.id == act.file_id}
    entry = turn.entry(change)
    if any(held.file_name in names and _same_entry(held, entry) for held in turn.recorded.entries):
        turn.record(lambda session: session.forget(entry))
    return Result("done", f"deleted {act.file_id}")


def delete_model(turn: Turn, change: Change, act: DeleteModel) -> Result:
    """Tries once; where the service has no way to delete models that is said, and is no failure. Raises RemoteError."""
    turn.tell(change.node, "started", "deleting")
    try:
        turn.client(change).delete_model(act.model_id)
    except RemoteError as error:
        if error.code != NO_MODEL_ROUTE:
            raise
        turn.voice.note_once(error.summary + (f" ({error.hint})" if error.hint else ""))
        return Result("done", "the model stays: this service has no way to delete models")
    return Result("done", f"deleted {act.model_id}")


def forget(turn: Turn, change: Change) -> Result:
    """Only the ledger changes: job and model stay and can be taken up again."""
    turn.record(lambda session: session.forget(turn.entry(change)))
    return Result("done", "forgotten: job and model stay in Azure")


def _same_entry(one: RecordedEntry, other: RecordedEntry) -> bool:
    return (one.project, one.environment, one.arm_id, one.address) == (
        other.project,
        other.environment,
        other.arm_id,
        other.address,
    )
