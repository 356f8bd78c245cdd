"""finetunes: what happens to one finetune. The only place that decides to pay.

The order of the questions is the promise of the tool: is the job there; was it ever there; may it still appear; and
only when all of that is answered with no: may it be bought, and is everything it needs known.
"""

from __future__ import annotations

from dataclasses import replace

from ftops.core import identity
from ftops.core.change import Action, AdoptJob, Cause, Effect
from ftops.core.desired import DesiredFinetune
from ftops.core.diagnostic import Diagnostic
from ftops.core.observed import JOB_PAUSED, ObservedJob
from ftops.planner import reasons
from ftops.planner.decision import Decision
from ftops.planner.graph import finetune_of
from ftops.planner.identify import Sighting, sight, unreadable_twin
from ftops.planner.situation import Situation
from ftops.planner.trainings import blocked, change_of, changed_inputs, train

#: The outcome of a submission is not known yet; it is settled by looking, and sent again only when proven absent.
UNRESOLVED = "unresolved-submission"
SUPERSEDED = "superseded-while-running"


def decide_finetune(situation: Situation, finetune: DesiredFinetune, parent: Decision | None) -> Decision:
    """Decides one finetune; `parent` is the decision about what it continues."""
    if finetune.existing:
        return _existing(situation, finetune)
    if finetune.hold:
        return _held(situation, finetune)
    seen = sight(situation, finetune.account, finetune.token, finetune)
    return (
        _there(situation, finetune, seen)
        or _was_there(situation, finetune, seen)
        or _may_appear(situation, finetune)
        or _may_not_train(situation, finetune)
        or train(situation, finetune, parent)
    )


# Is the job there?


def _there(situation: Situation, finetune: DesiredFinetune, seen: Sighting) -> Decision | None:
    if seen.job is not None:
        return _take_up(situation, finetune, seen.job)
    if seen.model is not None and seen.suspect is None:
        reason = "the job is gone, its model is still there"
        return Decision(change_of(finetune, Action.KEEP, reason=reason), model=seen.model, evidence=(seen.model,))
    return None


def _take_up(situation: Situation, finetune: DesiredFinetune, job: ObservedJob) -> Decision:
    """A live or succeeded job carries the token: nothing is bought, whoever made it and whatever the ledger knows."""
    if job.status in JOB_PAUSED:
        return blocked(finetune, Cause.RESUME, reasons.paused(job, finetune), job.id)
    model = _model_of(situation, finetune.account, job)
    if not _taken_up(situation, finetune, job):
        state = "finished" if job.terminal else "running"
        act = AdoptJob(finetune.token, job.id, reasons.recorded_inputs(finetune))
        reason = f"recognised the {state} job {job.id} by its token: nothing is paid"
        return Decision(change_of(finetune, Action.ADOPT, Cause.SPEC, reason, act=act), model=model, evidence=(job.id,))
    if model is None:
        return Decision(change_of(finetune, Action.WAIT, Cause.RESUME, reasons.running(job)), evidence=(job.id,))
    return Decision(change_of(finetune, Action.KEEP), model=model, evidence=(job.id,))


def _taken_up(situation: Situation, finetune: DesiredFinetune, job: ObservedJob) -> bool:
    """Whether the ledger says: this job is done for, and this entry has it (after a rename or revert it does not)."""
    record = situation.recorded_job(finetune.account, finetune.token)
    entry = situation.entry_of(finetune.node)
    settled = record is not None and record.outcome == "done" and record.job_id == job.id
    return settled and entry is not None and entry.token == finetune.token


def _model_of(situation: Situation, account: str, job: ObservedJob) -> str | None:
    """The model a job made; None while it trains, or while the service has not named it yet."""
    if job.status != "succeeded":
        return None
    if job.fine_tuned_model:
        return job.fine_tuned_model
    listed = situation.inventories[account].models_by_hex.get(identity.job_hex(job.id) or "", ())
    return listed[0] if listed else None


# Was it ever there?


def _was_there(situation: Situation, finetune: DesiredFinetune, seen: Sighting) -> Decision | None:
    record = situation.recorded_job(finetune.account, finetune.token)
    proven_absent = finetune.token in situation.options.absent_tokens
    suspect, doubt = seen.suspect, seen.doubt
    if suspect is None and record is not None and record.outcome == "sending" and not proven_absent:
        suspect = unreadable_twin(situation.inventories[finetune.account], record, finetune)
        doubt = "it uses our file and model and has no readable token"
    if suspect is not None:
        return _suspicious(finetune, suspect, doubt)
    done = record is not None and record.outcome == "done"
    if seen.ended is not None:
        cause = Cause.DRIFT if done and seen.ended.status == "cancelled" else Cause.SPEC
        return blocked(finetune, cause, reasons.ended(seen.ended, finetune), seen.ended.id)
    if done and record is not None and record.seconds_left > 0:
        reason = f"job {record.job_id} was made a moment ago and is not listed yet"
        return Decision(change_of(finetune, Action.WAIT, Cause.RESUME, reason))
    if done or seen.traces:
        job = f"job {record.job_id}" if done and record is not None else "its job"
        reason = f"{job} and its model are gone; they are never bought again by themselves: "
        return blocked(finetune, Cause.MISSING, reason + reasons.ways_out(finetune))
    return None


def _suspicious(finetune: DesiredFinetune, job: ObservedJob, doubt: str) -> Decision:
    summary = f"job {job.id} may be the training of {finetune.address}, but {doubt}: neither taken up nor bought again"
    diagnostic = Diagnostic(
        "error",
        "plan.suspicious-job",
        summary,
        detail="Buying could pay for the same training twice; taking it up could serve another model.",
        hint=f"if it is the right one write `existing: {{job: {job.id}}}`; if not, {reasons.ways_out(finetune)}",
        address=finetune.address,
        position=finetune.position,
    )
    change = change_of(finetune, Action.BLOCKED, Cause.SPEC, summary)
    return Decision(change, evidence=(job.id,), diagnostics=(diagnostic,))


# May it still appear?


def _may_appear(situation: Situation, finetune: DesiredFinetune) -> Decision | None:
    if not _unresolved(situation, finetune.account, finetune.token):
        return None
    reason = (
        "the outcome of the last submission is unknown: it is looked for until the horizon has passed, "
        "then sent again if it never arrived"
    )
    return Decision(change_of(finetune, Action.WAIT, Cause.RESUME, reason, hazards=(UNRESOLVED,)), submits=True)


def _unresolved(situation: Situation, account: str, token: str) -> bool:
    record = situation.recorded_job(account, token)
    waiting = record is not None and record.outcome == "sending" and record.seconds_left > 0
    return waiting and token not in situation.options.absent_tokens


# May it be bought?


def _may_not_train(situation: Situation, finetune: DesiredFinetune) -> Decision | None:
    environment = situation.desired.environment
    if not situation.desired.train:
        reason = (
            f"environment {environment} never trains: train it in another environment in account {finetune.account}, "
            "then it is recognised here"
        )
        return blocked(finetune, Cause.SPEC, reason)
    owner = situation.owner_of_job[(situation.arm_id(finetune.account), finetune.token)]
    if owner != finetune.node:
        reason = f"it is the same training as {owner}: write `rerun` on one of them to pay for both"
        return blocked(finetune, Cause.SPEC, reason)
    return _superseded(situation, finetune)


def _superseded(situation: Situation, finetune: DesiredFinetune) -> Decision | None:
    """The entry was edited while its old job trains: nothing is bought until that one ends or is cancelled."""
    entry = situation.entry_of(finetune.node)
    if entry is None or entry.token is None or entry.token == finetune.token:
        return None
    if (situation.arm_id(finetune.account), entry.token) in situation.owner_of_job:
        return None
    old = sight(situation, finetune.account, entry.token).job
    running = old is not None and not old.terminal
    if not running and not _unresolved(situation, finetune.account, entry.token):
        return None
    what = f"its previous job {old.id}" if old is not None else "its previous submission"
    cancel = f"`ftops cancel {finetune.address.name}` ends it"
    reason = f"{what} is not finished: the edited one is trained when it ends ({cancel})"
    change = change_of(
        finetune,
        Action.WAIT,
        Cause.SPEC,
        reason,
        fields=changed_inputs(situation, finetune, Effect.TRAINING),
        hazards=(SUPERSEDED,),
    )
    return Decision(change, submits=True, evidence=(old.id,) if old else ())


# Not to be bought at all: paid for before, or held.


def _existing(situation: Situation, finetune: DesiredFinetune) -> Decision:
    """`existing`: never trained and never compared; usable as soon as its model is."""
    inventory = situation.inventories[finetune.account]
    if finetune.existing_model is not None:
        return Decision(change_of(finetune, Action.KEEP), model=finetune.existing_model)
    job_id = finetune.existing_job or ""
    job = inventory.job_by_id.get(job_id)
    listed = inventory.models_by_hex.get(identity.job_hex(job_id) or "", ())
    if job is None and listed:
        reason = f"job {job_id} is gone, its model is still there"
        return Decision(change_of(finetune, Action.KEEP, reason=reason), model=listed[0], evidence=(job_id,))
    if job is None:
        reason = f"job {job_id} is not in account {finetune.account}, nor is a model it made"
        return blocked(finetune, Cause.MISSING, reason)
    return _follow(situation, finetune, job)


def _follow(situation: Situation, finetune: DesiredFinetune, job: ObservedJob) -> Decision:
    """A job that is used as it is: kept, waited for, or in the way."""
    model = _model_of(situation, finetune.account, job)
    if model is not None:
        return Decision(change_of(finetune, Action.KEEP), model=model, evidence=(job.id,))
    if job.status in JOB_PAUSED:
        return blocked(finetune, Cause.RESUME, reasons.paused(job, finetune), job.id)
    if job.terminal and job.status != "succeeded":
        return blocked(finetune, Cause.SPEC, reasons.ended(job, finetune), job.id)
    return Decision(change_of(finetune, Action.WAIT, Cause.RESUME, reasons.running(job)), evidence=(job.id,))


def _held(situation: Situation, finetune: DesiredFinetune) -> Decision:
    """`hold`: keeps serving the job this entry had; edits show as held and buy nothing."""
    token = _held_token(situation, finetune)
    if token == finetune.token:
        seen = sight(situation, finetune.account, token, finetune)
        found = _there(situation, finetune, seen) or _was_there(situation, finetune, seen)
        reason = "it is held and no job of it is known: take `hold` away to train it"
        return found or _may_appear(situation, finetune) or blocked(finetune, Cause.SPEC, reason)
    seen = sight(situation, finetune.account, token)
    fields = changed_inputs(situation, finetune, Effect.HELD)
    if seen.job is None and seen.model is not None:
        decision = Decision(change_of(finetune, Action.KEEP), model=seen.model, evidence=(seen.model,))
    elif (job := seen.job or seen.ended) is not None:
        decision = _follow(situation, finetune, job)
    else:
        reason = "the job it is held at and its model are gone: take `hold` away to train what the specs say now"
        decision = blocked(finetune, Cause.MISSING, reason)
    reason = decision.change.reason or "held at the job it has; the edits wait until `hold` is taken away"
    return replace(decision, change=replace(decision.change, fields=fields, reason=reason))


def _held_token(situation: Situation, finetune: DesiredFinetune) -> str:
    """What the entry had: by the ledger, else by what our deployment of it serves, else what it asks for now."""
    entry = situation.entry_of(finetune.node)
    if entry is not None and entry.token is not None:
        return entry.token
    served = (
        situation.inventories[node.account].deployment(deployment.name)
        for node, deployment in situation.deployments.items()
        if finetune_of(deployment) == finetune.node
    )
    carried = (identity.token_of(observed.model_name) for observed in served if observed and situation.owns(observed))
    return next((token for token in carried if token is not None), finetune.token)
