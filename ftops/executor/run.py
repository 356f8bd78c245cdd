"""apply: the run loop. Level-driven: every round reads the ledger, looks at Azure, plans, and does what is ready.

A round: under the run lock, read the ledger (its etag), look at everything, plan, check that nothing outgrew what was
approved, make every change that has its act. When nothing could be done the lock is released and the run waits for
news. A crash, Ctrl-C or a second machine is nothing special: the next round starts from what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ftops.core.change import Action, Change, Train
from ftops.core.errors import LedgerLocked, LedgerMoved, StalePlan
from ftops.core.plan import Plan
from ftops.core.progress import Progress
from ftops.executor.confirm import confirm
from ftops.executor.outcome import Outcome
from ftops.executor.ports import LedgerSession
from ftops.executor.retry import BLIND_LOOKS
from ftops.executor.stale import check_saved
from ftops.executor.steps import execute
from ftops.executor.sweep import sweep
from ftops.executor.tally import Key, Tally, key_of
from ftops.executor.turn import PaidBudget, Run, Stopped, Turn, Voice, pause
from ftops.executor.unclaimed import settle_unclaimed
from ftops.executor.waiting import short, wait_for_news
from ftops.planner import came_with_time, elsewhere, outgrown

#: How many rounds in a row may find that somebody else wrote the ledger.
MOVED_ROUNDS = 20
#: How often the run lock is tried while somebody else holds it, in seconds.
LOCK_INTERVAL_SECONDS = 1.0
#: Past the end of a countdown, so that the next reading finds it at zero.
_MARGIN_SECONDS = 0.05


def apply(run: Run, *, saved: bool = False) -> Outcome:
    """Makes what was approved so, as far as it can be, and says how it ended.

    `saved`: the approved plan was made by an earlier command, so it must still hold when the lock is taken.
    Raises StalePlan when more would be done than was approved, LedgerLocked, LedgerCorrupt, LedgerError.
    """
    return _Loop(run, saved=saved).go()


class _Loop:
    """One run. Everything mutable is here and in its tally."""

    def __init__(self, run: Run, *, saved: bool) -> None:
        self._run = run
        self._saved = saved
        self._to_be_checked = saved
        self._voice = Voice(run.on_progress)
        self._tally = Tally()
        self._budget = PaidBudget(sum(_may_train(change) for change in run.approved.changes))
        seconds = run.options.deadline_seconds
        self._deadline_at = None if seconds is None else run.clock.boot_seconds() + seconds
        self._plan: Plan = run.approved
        self._unapproved: frozenset[Key] = frozenset()
        self._blind_looks = 0
        self._moved_rounds = 0

    def go(self) -> Outcome:
        try:
            while True:
                pause(self._run, 0.0, self._deadline_at)
                turn, busy = self._round()
                if turn is None or busy:
                    continue
                if not turn.plan.complete:
                    if not self._look_again():
                        return self._outcome(undecided=_unread(turn.plan))
                elif not self._wait(turn):
                    return self._outcome()
        except Stopped:
            return self._outcome(interrupted_by=self._run.stop.number)

    def _round(self) -> tuple[Turn | None, bool]:
        """One round under the lock: its turn, and whether anything was done. No turn when the ledger moved."""
        with _locked(self._run, self._voice, self._deadline_at):
            try:
                turn = self._begin()
            except LedgerMoved as error:  # where there is no ledger there may be nothing to lock
                self._count_moved(error.summary)
                return None, True
            self._plan = turn.plan
            if not turn.plan.complete:
                return turn, False
            self._blind_looks = 0
            self._check_approved(turn)
            settle_unclaimed(turn)
            sweep(turn)
            ready = self._ready(turn)
            made = execute(turn, ready, self._tally)
        now = self._run.clock.boot_seconds()
        for change, result in made:
            self._tally.take(change, result, now=now, pace=turn.pace(change))
        if made and all(result.kind == "void" for _, result in made):
            self._count_moved(f"writing {turn.session.place}")
            return None, True
        self._moved_rounds = 0
        return turn, bool(made)

    def _count_moved(self, doing: str) -> None:
        self._moved_rounds += 1
        if self._moved_rounds > MOVED_ROUNDS:
            raise LedgerMoved(f"{doing}: others keep writing it", hint="run again")

    def _begin(self) -> Turn:
        """Reads the ledger, then looks, then plans: in this order, so that the etag is older than the evidence (I3)."""
        session = self._session()
        recorded = session.recorded()
        arm_ids = [client.arm_id for client in self._run.clients.values()]
        young_seconds = {arm_id: session.young_seconds_left(arm_id) for arm_id in arm_ids}
        observed = confirm(self._run.survey(), recorded, self._run.clients)
        plan = self._run.plan(recorded, observed)
        return Turn(
            self._run,
            session,
            recorded,
            young_seconds,
            observed,
            plan,
            self._deadline_at,
            voice=self._voice,
            budget=self._budget,
        )

    def _session(self) -> LedgerSession:
        session = self._run.ledger.open()
        if not session.exists:
            session = self._run.ledger.create()
            self._note(f"made a new ledger: {session.place}")
        if happened := session.heal():
            self._note(f"the ledger cannot prove what is in flight ({happened}): it counts as new")
        return session

    def _check_approved(self, turn: Turn) -> None:
        """What time made possible, what is about other things, and what failed here, is for another plan to approve."""
        approved = self._run.approved
        if self._to_be_checked:
            check_saved(approved, turn.plan, turn.recorded)
            self._to_be_checked = False
        more = outgrown(approved, turn.plan)
        self._unapproved = frozenset(key_of(change) for change in more)
        left = [c for c in more if came_with_time(approved, c) or (self._saved and elsewhere(approved, c))]
        stale = [c for c in more if c not in left and key_of(c) not in self._tally.failed]
        if stale:
            listed = ", ".join(f"{change.action.value} {change.node}" for change in stale)
            raise StalePlan(f"more would be done than was approved: {listed}", hint="plan again and look at it")
        for change in left:
            self._voice.note_once(f"{change.action.value} {change.node} was not approved: it is left for another plan")

    def _ready(self, turn: Turn) -> list[Change]:
        """What can be done now: it has its act, it was not tried too often, and its account's ledger can prove."""
        now = self._run.clock.boot_seconds()
        ready = []
        for change in turn.plan.changes:
            actable = change.act is not None or change.action is Action.FORGET
            if not actable or key_of(change) in self._unapproved or not self._tally.may_try(change, now):
                continue
            if isinstance(change.act, Train) and (left := turn.young_seconds_left(change)) > 0:
                self._voice.note_once(
                    f"the ledger is new: waiting {left:.0f} s to be sure that nothing is in flight in {change.account}",
                    about=f"young {change.account}",
                )
                continue
            ready.append(change)
        return ready

    def _wait(self, turn: Turn) -> bool:
        """Waits for whatever this run waits for; False when there is nothing (more) to wait for."""
        waits = [change for change in turn.plan.changes if change.action is Action.WAIT]
        if self._run.options.wait == "none":
            waits = [change for change in waits if short(change)]
        wake_at = self._wake_times(turn, waits)
        if not waits and not wake_at:
            return False
        wait_for_news(turn, waits, wake_at)
        return True

    def _wake_times(self, turn: Turn, waits: Sequence[Change]) -> list[float]:
        """When time alone makes something possible: a put-off try, a ledger old enough, an intent past its horizon."""
        now = self._run.clock.boot_seconds()
        times = []
        for change in turn.plan.changes:
            if change.act is None or key_of(change) in self._unapproved:
                continue
            if (due := self._tally.due(change)) is not None and change.writes:
                times.append(max(due, now))
            elif isinstance(change.act, Train) and (left := turn.young_seconds_left(change)) > 0:
                times.append(now + left + _MARGIN_SECONDS)
        if any(not short(change) for change in waits):
            unsettled = [job.seconds_left for job in turn.recorded.jobs.values() if job.outcome == "sending"]
            times += [now + seconds + _MARGIN_SECONDS for seconds in unsettled if seconds > 0]
        return times

    def _look_again(self) -> bool:
        """After an incomplete look: False when it is time to give up (at once when nothing was ever done)."""
        self._blind_looks += 1
        if not self._tally.done or self._blind_looks > BLIND_LOOKS:
            return False
        seconds = max(self._run.options.pace(alias).interval(self._blind_looks - 1) for alias in self._run.clients)
        self._note(f"Azure could not be read completely: {_unread(self._plan)}; looking again in {seconds:.0f} s")
        pause(self._run, seconds, self._deadline_at)
        return True

    def _outcome(self, *, undecided: str = "", interrupted_by: int | None = None) -> Outcome:
        changes = self._plan.changes
        failed = self._tally.failed
        return Outcome(
            plan=self._plan,
            done=tuple(self._tally.done),
            failed={node: words for (node, _), words in failed.items()},
            left=tuple(
                c for c in changes if c.writes and key_of(c) not in failed and key_of(c) not in self._unapproved
            ),
            pending=tuple(c for c in changes if c.action is Action.WAIT),
            interrupted_by=interrupted_by,
            undecided=undecided,
        )

    def _note(self, message: str) -> None:
        self._voice.tell(Progress(None, "note", message))


@contextmanager
def _locked(run: Run, voice: Voice, deadline_at: float | None) -> Iterator[None]:
    """The run lock, waited for with patience: rounds of others are short."""
    patience_ends = run.clock.boot_seconds() + run.options.lock_patience_seconds
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(run.ledger.lock(run.id))
                break
            except LedgerLocked as error:
                if run.clock.boot_seconds() >= patience_ends:
                    raise
                voice.note_once(f"{error.summary}: waiting for it")
            pause(run, LOCK_INTERVAL_SECONDS, deadline_at)
        yield


def _may_train(change: Change) -> bool:
    """Approving a wait for an earlier submission or job approves what may have to follow it."""
    return change.address.kind == "finetune" and change.action in (Action.CREATE, Action.REPLACE, Action.WAIT)


def _unread(plan: Plan) -> str:
    words = [d.summary for d in plan.diagnostics if d.code == "observe.unread"]
    return "; ".join(words) or "something could not be read"
