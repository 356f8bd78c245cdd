"""Steps: from a change to the function that makes it. One turn's work, in parallel where Azure allows it.

ARM writes to one account are serial (the service answers 409 otherwise: service contract, section 2.2), so all of an
account's deployments are one chain; everything else runs side by side, at most `workers` at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from ftops.core.change import (
    Action,
    AdoptJob,
    Change,
    DeleteDeployment,
    DeleteFile,
    DeleteModel,
    PutDeployment,
    ReplaceDeployment,
    Train,
    Upload,
)
from ftops.core.errors import RemoteError
from ftops.executor import deploy, paid, remove
from ftops.executor.tally import Tally
from ftops.executor.turn import VOID, Result, Stopped, Turn
from ftops.executor.upload import upload

_ARM_ACTS = PutDeployment | ReplaceDeployment | DeleteDeployment
Done = list[tuple[Change, Result]]


def execute(turn: Turn, changes: Sequence[Change], tally: Tally) -> Done:
    """Makes the changes and returns what became of each.

    Raises what is no matter of one change (StalePlan, LedgerError), once everything that was being sent has settled.
    """
    chains = _chains(turn, changes)
    if turn.run.options.workers <= 1 or len(chains) <= 1:
        return [made for chain in chains for made in _run_chain(turn, chain, tally)]
    with ThreadPoolExecutor(turn.run.options.workers, "apply") as pool:
        futures = [pool.submit(_run_chain, turn, chain, tally) for chain in chains]
        wait(futures)
    return [made for future in futures for made in future.result()]


def _chains(turn: Turn, changes: Iterable[Change]) -> list[list[Change]]:
    """Changes that may run side by side, and chains of those that may not."""
    chains: list[list[Change]] = []
    arm: dict[str, list[Change]] = {}
    for change in changes:
        if isinstance(change.act, _ARM_ACTS):
            account = turn.client(change).arm_id
            if account not in arm:
                arm[account] = []
                chains.append(arm[account])
            arm[account].append(change)
        else:
            chains.append([change])
    return chains


def _run_chain(turn: Turn, chain: Sequence[Change], tally: Tally) -> Done:
    return [(change, _make(turn, change, tally)) for change in chain]


def _make(turn: Turn, change: Change, tally: Tally) -> Result:
    """One change, with every answer of the service as a Result, told to the world."""
    if turn.run.stop.requested:
        return VOID
    try:
        result = _step(turn, change)
    except Stopped:
        return VOID
    except RemoteError as error:
        result = tally.result_of(change, error, turn.pace(change))
    if result.kind == "done":
        turn.tell(change.node, "done", result.words)
    elif result.kind != "void":
        turn.tell(change.node, "failed" if result.kind == "failed" else "waiting", result.words)
    return result


def _step(turn: Turn, change: Change) -> Result:
    match change.act:
        case Upload() as act:
            return upload(turn, change, act)
        case Train() as act:
            return paid.train(turn, change, act)
        case AdoptJob() as act:
            return paid.adopt(turn, change, act)
        case PutDeployment() as act:
            return deploy.put(turn, change, act)
        case ReplaceDeployment() as act:
            return deploy.replace(turn, change, act)
        case DeleteDeployment() as act:
            return deploy.delete(turn, change, act)
        case DeleteFile() as act:
            return remove.delete_file(turn, change, act)
        case DeleteModel() as act:
            return remove.delete_model(turn, change, act)
        case None:
            assert change.action is Action.FORGET, "only forgetting needs no act"
            return remove.forget(turn, change)
