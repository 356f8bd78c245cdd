"""trainings: the one change that costs money, with everything its request holds.

In: a finetune of which it is settled that no job carries its token and none may still appear. Out: the create (or
replace) with its act when all inputs are known now, without one and with `needs` when something is still being made.
"""

from __future__ import annotations

from dataclasses import replace

from ftops.core.address import Node
from ftops.core.change import UNKNOWN, Action, AdoptJob, Cause, Change, Cost, Effect, FieldChange, Train
from ftops.core.desired import Content, DesiredFinetune
from ftops.planner import reasons
from ftops.planner.decision import Decision
from ftops.planner.identify import copies, lookalikes, model_at
from ftops.planner.situation import Situation

LOOKALIKE = "lookalike"


def change_of(
    finetune: DesiredFinetune,
    action: Action,
    cause: Cause | None = None,
    reason: str = "",
    *,
    fields: tuple[FieldChange, ...] = (),
    hazards: tuple[str, ...] = (),
    act: AdoptJob | Train | None = None,
) -> Change:
    """One finetune's change; nothing in it costs unless the caller says so."""
    node = finetune.node
    return Change(node.address, node.account, action, cause, "", reason, fields, hazards=hazards, act=act)


def blocked(finetune: DesiredFinetune, cause: Cause, reason: str, *evidence: str) -> Decision:
    return Decision(change_of(finetune, Action.BLOCKED, cause, reason), evidence=evidence)


def changed_inputs(situation: Situation, finetune: DesiredFinetune, effect: Effect) -> tuple[FieldChange, ...]:
    """How the inputs differ from those of the job this entry had before, as far as the ledger tells."""
    entry = situation.entry_of(finetune.node)
    before = situation.recorded_job(finetune.account, entry.token) if entry and entry.token else None
    return reasons.changed_inputs(before.inputs, finetune, effect) if before is not None else ()


def train(situation: Situation, finetune: DesiredFinetune, parent: Decision | None) -> Decision:
    """Plans the training; blocked when what it continues is blocked."""
    if parent is not None and parent.model is None and parent.blocked:
        return blocked(finetune, Cause.DEPENDENCY, f"{finetune.parent} is blocked")
    model = finetune.base_model
    if parent is not None and parent.model is not None:
        model = model_at(parent.model, finetune.checkpoint)
        if model is None:
            reason = f"which checkpoint of {finetune.parent} is the best cannot be told: write its step number"
            return blocked(finetune, Cause.SPEC, reason)
    training = _upload_of(situation, finetune, finetune.training_content)
    validation = _upload_of(situation, finetune, finetune.validation_content)
    needs = _needs(situation, finetune, model, training, validation)
    change = _describe(situation, finetune, parent)
    act = None if needs else _act(finetune, model or "", training or "", validation)
    evidence = tuple(text for text in (model, training, validation) if text)
    return Decision(replace(change, needs=needs, act=act), submits=True, evidence=evidence)


def _upload_of(situation: Situation, finetune: DesiredFinetune, content: Content | None) -> str | None:
    """The id of the oldest usable upload: every machine chooses the same one."""
    usable = copies(situation, finetune.account, content).usable if content is not None else ()
    return usable[0].id if usable else None


def _needs(
    situation: Situation, finetune: DesiredFinetune, model: str | None, training: str | None, validation: str | None
) -> tuple[Node, ...]:
    """The nodes that must be made before the request can be written."""
    account = finetune.account
    nodes = {Node(finetune.parent, account)} if finetune.parent is not None and model is None else set()
    for content, upload in ((finetune.training_content, training), (finetune.validation_content, validation)):
        if content is not None and upload is None:
            nodes.add(situation.datasets_of_content[account, content.sha256][0])
    return tuple(sorted(nodes))


def _describe(situation: Situation, finetune: DesiredFinetune, parent: Decision | None) -> Change:
    """Action, cause and reason: what changed since the last job of this entry."""
    entry = situation.entry_of(finetune.node)
    again = entry is not None and entry.token not in (None, finetune.token)
    fields = changed_inputs(situation, finetune, Effect.TRAINING)
    fields = _with_unknown_parent(parent, fields) if again else fields
    dependent = bool(fields) and all(change.path == "parent" for change in fields)
    cause = Cause.DEPENDENCY if dependent else Cause.SPEC
    reason = reasons.inputs_changed(fields) if again else ""
    change = change_of(
        finetune,
        Action.REPLACE if again else Action.CREATE,
        cause,
        reason or reasons.first_training(finetune, again=again),
        fields=fields,
        hazards=_hazards(situation, finetune),
    )
    return replace(change, cost=Cost())


def _with_unknown_parent(parent: Decision | None, fields: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """While what it continues is still to be made, `parent` is a field whose value nobody knows.

    Only for an entry that had a job: a first training has no parent that could have changed.
    """
    if parent is None or parent.model is not None or not (parent.remade or any(f.path == "parent" for f in fields)):
        return fields
    before = next((change.before for change in fields if change.path == "parent"), None)
    unknown = FieldChange("parent", before, UNKNOWN, Effect.TRAINING)
    return tuple(sorted((*(f for f in fields if f.path != "parent"), unknown), key=lambda f: f.path))


def _hazards(situation: Situation, finetune: DesiredFinetune) -> tuple[str, ...]:
    if finetune.address in situation.options.lookalikes_allowed:
        return ()
    return (LOOKALIKE,) if lookalikes(situation, finetune) else ()


def _act(finetune: DesiredFinetune, model: str, training: str, validation: str | None) -> Train:
    return Train(
        token=finetune.token,
        fingerprint=finetune.fingerprint,
        model=model,
        training_file=training,
        validation_file=validation,
        suffix=finetune.suffix_sent,
        seed=finetune.seed,
        method=finetune.method,
        hyperparameters=dict(finetune.hyperparameters),
        training_tier=finetune.training_tier,
        inputs=reasons.recorded_inputs(finetune),
    )
