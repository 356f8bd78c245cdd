"""The paid request: the only place that spends money. Write-ahead, one send per intent, and unknown means unknown.

The invariants of the paid-job protocol are named (I1 to I12) where they hold. That this training is needed at all was
decided from a complete listing that began after `turn.session` was read, so the intent lands only if nobody wrote the
ledger in between (I3). Nothing here ever sends the same intent twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ftops.core import identity
from ftops.core.change import AdoptJob, Change, Train
from ftops.core.errors import LedgerError, LedgerMoved, RemoteError
from ftops.core.observed import ObservedJob
from ftops.core.recorded import RecordedEntry
from ftops.executor.ports import LedgerSession
from ftops.executor.turn import VOID, Result, Turn

#: A send must begin this soon after its intent was written (I4), or not at all.
SEND_DEADLINE_SECONDS = 10.0
#: How often an outcome is written on a fresh reading when the ledger moved.
SETTLE_TRIES = 5
#: How many requests of one training may end unknown in a run before it is left to people.
UNKNOWN_TRIES = 3
#: Kinds that prove that the service made no job (I5).
REJECTED = frozenset({"rejected", "throttled", "denied", "missing"})


def train(turn: Turn, change: Change, act: Train) -> Result:
    """Submits one training. Raises RemoteError when it was provably not submitted, LedgerError when nothing may be."""
    client = turn.client(change)
    arm_id = client.arm_id
    _assert_permitted(turn, arm_id, act.token)
    if not turn.budget.take(arm_id, act.token):
        return Result("failed", "not submitted: it would be more trainings than were approved")
    if turn.session.lock_lost():
        return VOID
    nonce = turn.run.nonce()
    begun = turn.run.clock.boot_seconds()
    try:
        turn.session.intend(
            arm_id=arm_id,
            token=act.token,
            nonce=nonce,
            address=change.address,
            run=turn.run.id,
            request=_request_digest(act),
            inputs=act.inputs,
        )
    except LedgerMoved:
        return VOID
    horizon = turn.session.horizon_seconds(arm_id)
    if turn.run.clock.boot_seconds() - begun > min(SEND_DEADLINE_SECONDS, horizon / 2):
        return _not_sent(horizon, "writing the ledger took too long")
    if turn.session.lock_lost():
        return _not_sent(horizon, "the run lock was lost")
    turn.tell(change.node, "started", "submitting the training")
    try:
        job = client.create_job(act)
    except RemoteError as error:
        if not _proven_absent(error):
            return _unknown(horizon, error.summary)
        _settle_rejected(turn, arm_id, act.token, nonce, error)
        raise
    except Exception as error:
        # Whatever broke, broke after the request may have left: nothing is known of its outcome (I5).
        return _unknown(horizon, f"{type(error).__name__} while reading the answer")
    if not isinstance(job.id, str) or not job.id:
        return _unknown(horizon, "the answer names no job")
    _settle_done(turn, change, act, nonce, job)
    return Result("done", f"training: job {job.id}")


def adopt(turn: Turn, change: Change, act: AdoptJob) -> Result:
    """Takes up a job that is there already. Nothing is sent to Azure."""
    try:
        turn.session.adopt(
            token=act.token, job_id=act.job_id, inputs=act.inputs, entry=turn.entry(change, token=act.token)
        )
    except LedgerMoved:
        return VOID
    return Result("done", f"recognised job {act.job_id}")


def _assert_permitted(turn: Turn, arm_id: str, token: str) -> None:
    """What the planner concluded must be what the ledger says: a mistake elsewhere may not become a payment."""
    assert turn.observed.complete, "a failed look is never absence (I7)"
    assert turn.young_seconds[arm_id] <= 0, "a young ledger cannot prove absence (I8)"
    now, at_reading = turn.session.job(arm_id, token), turn.recorded.jobs.get((arm_id, token))
    assert (now and now.nonce) == (at_reading and at_reading.nonce), "one submission of a training in a turn (I2)"
    if now is None or at_reading is None or token in turn.run.options.absent_tokens:
        return
    assert now.outcome != "done", "what was made once is never bought again (I10)"
    assert now.outcome == "rejected" or at_reading.seconds_left <= 0, "an unresolved request ages first (I6)"


def _proven_absent(error: RemoteError) -> bool:
    return error.kind in REJECTED or (error.kind == "unavailable" and not error.sent)


def _not_sent(horizon_seconds: float, why: str) -> Result:
    """The intent stays and ages: nobody can tell it from one that was sent."""
    words = f"not submitted: {why}; it is tried again in {horizon_seconds:.0f} s"
    return Result("again", words, most_tries=UNKNOWN_TRIES)


def _unknown(horizon_seconds: float, why: str) -> Result:
    return Result(
        "again",
        f"whether the training was submitted is unknown ({why}): it is looked for, and sent again only if it is "
        f"still absent in {horizon_seconds:.0f} s",
        most_tries=UNKNOWN_TRIES,
    )


def _request_digest(act: Train) -> str:
    """Names what was asked for, for people who compare; the request itself is in the inputs and in Azure."""
    return identity.digest(
        [act.model, act.training_file, act.validation_file, act.suffix, act.seed, act.method, act.training_tier]
    )


def _settle_done(turn: Turn, change: Change, act: Train, nonce: str, job: ObservedJob) -> None:
    arm_id, entry = turn.client(change).arm_id, turn.entry(change, token=act.token)
    try:
        settle(turn, arm_id, act.token, nonce, job_id=job.id, entry=entry)
    except LedgerError as error:
        _keep_beside(turn, change, act, job, error)
        raise


def _settle_rejected(turn: Turn, arm_id: str, token: str, nonce: str, error: RemoteError) -> None:
    code = error.code or error.kind
    _settled(
        turn,
        arm_id,
        token,
        nonce,
        lambda session: session.settle_rejected(arm_id=arm_id, token=token, nonce=nonce, code=code),
    )


def settle(turn: Turn, arm_id: str, token: str, nonce: str, *, job_id: str, entry: RecordedEntry | None = None) -> None:
    """Records the job that an intent became, and (with `entry`) that an entry of the specs has it."""
    _settled(
        turn,
        arm_id,
        token,
        nonce,
        lambda session: session.settle_done(arm_id=arm_id, token=token, nonce=nonce, job_id=job_id, entry=entry),
    )


def _settled(turn: Turn, arm_id: str, token: str, nonce: str, write: Callable[[LedgerSession], None]) -> None:
    """Writes the outcome; when the ledger moved, on fresh readings, as long as the intent is still this one.

    The turn's own session stays void then, so no other intent of this turn can land on evidence that is void.
    """
    session = turn.session
    for _ in range(SETTLE_TRIES):
        try:
            return write(session)
        except LedgerMoved:
            session = turn.run.ledger.open()
            job = session.job(arm_id, token) if session.exists else None
            if job is None or job.nonce != nonce or job.outcome != "sending":
                return None  # somebody else has settled it, from what Azure shows
    return write(session)


def _keep_beside(turn: Turn, change: Change, act: Train, job: ObservedJob, error: LedgerError) -> None:
    """The job exists and the ledger cannot say so: say it in two other places. The next run recognises it anyway."""
    text = f"job {job.id} was submitted for {change.node} (token {act.token})"
    turn.tell(change.node, "note", f"{text}; the ledger could not be written: {error.summary}")
    with contextlib.suppress(LedgerError):
        turn.tell(change.node, "note", f"noted in {turn.session.leave_note(text)}")
