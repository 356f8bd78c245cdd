"""Upload: one dataset's bytes to one account. Costs nothing, and content-named, so a second copy is harmless.

Whether the service accepted the content is for the next turns to see; an answer that was lost is looked up there too.
"""

from __future__ import annotations

from ftops.core.change import Change, Upload
from ftops.core.errors import RemoteError, SpecErrors, StalePlan
from ftops.executor.turn import Result, Stopped, Turn

#: A byte order mark in UTF-8, for accounts that want one in front of the content.
BOM_BYTES = 3


def upload(turn: Turn, change: Change, act: Upload) -> Result:
    """Sends the file and records its name. Raises RemoteError, Stopped, StalePlan when the file is another one now."""
    client = turn.client(change)
    bom = change.account in turn.run.options.bom
    size = act.content.size_bytes + (BOM_BYTES if bom else 0)
    turn.tell(change.node, "started", "uploading", done=0, of=size)

    def sent(size_bytes: int) -> None:
        if turn.run.stop.requested:
            raise Stopped
        turn.tell(change.node, "moved", "uploading", done=size_bytes, of=size)

    try:
        with turn.run.open_content(act.content, bom) as source:
            file = client.upload_file(act.file_name, source, sent)
    except SpecErrors as error:
        raise StalePlan(
            f"uploading {change.address}: {error.summary}", hint="plan again: the data is no longer what was planned"
        ) from error
    except RemoteError:
        if turn.run.stop.requested:
            raise Stopped from None  # a transport may wrap what the callback raised
        raise
    turn.record(lambda session: session.hold(turn.entry(change, file_name=act.file_name)))
    return Result("done", f"uploaded as {file.id}")
