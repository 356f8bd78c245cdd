"""reasons: the sentences a plan says to people. Nothing anywhere branches on them.

No ages, estimates or counts of seconds: a reason is part of the plan's digest, and time passing is not a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftops.core.change import Effect, FieldChange
from ftops.core.desired import Content, DesiredFinetune
from ftops.core.observed import FILE_READY, ObservedDeployment, ObservedFile, ObservedJob
from ftops.planner.diff import differences

HASH_DIGITS = 12
_HASHED = frozenset({"training", "validation", "parent", "grader"})
_ROWS = ("training_rows", "validation_rows")
_SAID = {
    "training": "training file content changed",
    "validation": "validation file content changed",
    "parent": "what it continues is trained anew",
    "model": "the base model changed",
    "rerun": "`rerun` asks for it",
}


def recorded_inputs(finetune: DesiredFinetune) -> dict[str, Any]:
    """What the ledger keeps of a training: its inputs, and row counts that serve later reasons only."""
    rows = {
        "training_rows": finetune.training_content.rows if finetune.training_content else None,
        "validation_rows": finetune.validation_content.rows if finetune.validation_content else None,
    }
    return {**finetune.inputs, **{key: count for key, count in rows.items() if count is not None}}


def fingerprinted(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Of recorded inputs those that F was computed from."""
    return {key: value for key, value in inputs.items() if key not in _ROWS}


def changed_inputs(before: Mapping[str, Any], finetune: DesiredFinetune, effect: Effect) -> tuple[FieldChange, ...]:
    """What differs between the training that was paid for and the one the specs ask for now."""
    after = recorded_inputs(finetune)
    bare_before, bare_after = fingerprinted(before), fingerprinted(after)
    if not bare_before or bare_before == bare_after:
        return ()
    return tuple(
        FieldChange(d.path, short(d.path, d.before), short(d.path, d.after), effect, _rows_note(d.path, before, after))
        for d in differences(bare_before, bare_after)
    )


def short(path: str, value: Any) -> Any:
    """Hashes are told by their first twelve digits."""
    return value[:HASH_DIGITS] if path in _HASHED and isinstance(value, str) and _hash(value) else value


def _hash(value: str) -> bool:
    return len(value) == 64 and set(value) <= set("0123456789abcdef")


def _rows_note(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    rows_before, rows_after = before.get(f"{path}_rows"), after.get(f"{path}_rows")
    if rows_before is None or rows_after is None or rows_before == rows_after:
        return ""
    return f"{rows_before} → {rows_after} rows"


def inputs_changed(fields: Sequence[FieldChange]) -> str:
    """`training file content changed: 412 → 431 rows; suffix changed`."""
    said = []
    for change in fields:
        sentence = _SAID.get(change.path, f"{change.path} changed")
        if change.path == "validation" and change.before is None:
            sentence = "a validation set was added"
        said.append(f"{sentence}: {change.note}" if change.note else sentence)
    return "; ".join(said)


def ended(job: ObservedJob, finetune: DesiredFinetune) -> str:
    """Why a job that ended badly is not bought again, and the ways out. The service's words stay as they are."""
    words = f": {job.error_message}" if job.error_message else ""
    return f"job {job.id} ended {job.status}{words}; it is never bought again by itself: {ways_out(finetune)}"


def ways_out(finetune: DesiredFinetune) -> str:
    if finetune.existing:
        return "name another job under `existing`, or train one"
    rerun = finetune.inputs.get("rerun", 0)
    return f"edit its data or settings, or set `rerun: {rerun + 1}` to pay for the same training again"


def paused(job: ObservedJob, finetune: DesiredFinetune) -> str:
    name = finetune.address.name
    return f"job {job.id} is paused: `ftops resume {name}` trains on, `ftops cancel {name}` ends it"


def running(job: ObservedJob) -> str:
    return f"job {job.id} is running" if not job.terminal else f"job {job.id} succeeded; its model is not named yet"


def first_training(finetune: DesiredFinetune, *, again: bool) -> str:
    if again:
        return "the ledger's last job of this entry was another training"
    return f"not trained yet: no job carries its token {finetune.token}"


def broken_upload(file: ObservedFile, content: Content) -> str:
    if file.status == FILE_READY:
        return f"its upload {file.id} has {file.size_bytes} bytes, not {content.size_bytes}: it is not whole"
    words = f": {file.detail}" if file.detail else ""
    return f"its upload {file.id} ended as {file.status}{words}"


def fields_changed(fields: Sequence[FieldChange]) -> str:
    """`capacity changed`; of the tags only that they did."""
    names = dict.fromkeys("tags" if change.path.startswith("tags.") else change.path for change in fields)
    return f"{', '.join(names)} changed"


def broken_deployment(observed: ObservedDeployment) -> str:
    words = f": {observed.detail}" if observed.detail else ""
    return f"its provisioning ended as {observed.provisioning}{words}"
