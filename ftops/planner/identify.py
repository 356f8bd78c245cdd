"""identify: which of the things in an account are the ones a spec entry means.

Files are recognised by the content hash in their name, jobs and models by the token of what was paid for. What is
gone contradicts nothing; what is there and disagrees makes a match suspicious, and then nothing is taken up or bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftops.core import identity
from ftops.core.address import Address, Node
from ftops.core.desired import Checkpoint, Content, DesiredFinetune
from ftops.core.identity import TAG_ADDRESS
from ftops.core.observed import FILE_FAILED, FILE_READY, ObservedDeployment, ObservedFile, ObservedJob
from ftops.core.recorded import RecordedJob
from ftops.planner.inventory import Inventory
from ftops.planner.situation import Situation

BOM_BYTES = 3
CLOCK_SLACK_SECONDS = 3600
#: The service is already removing such a file: it is neither there nor broken.
VANISHING = frozenset({"deleted", "deleting"})
FINE_TUNE = "fine-tune"
_ENDING = ".jsonl"


@dataclass(frozen=True, slots=True)
class Copies:
    """The uploads of one content in one account, oldest first. `pending` and `broken` are of the asking project."""

    usable: tuple[ObservedFile, ...] = ()
    pending: tuple[ObservedFile, ...] = ()
    broken: tuple[ObservedFile, ...] = ()


def copies(situation: Situation, account: str, content: Content) -> Copies:
    """Sorts the uploads of `content` by what they are good for; another project's is usable, never waited for."""
    usable, pending, broken = [], [], []
    for file in situation.inventories[account].files_by_hex.get(content.sha256[:32], ()):
        if file.purpose != FINE_TUNE or file.status in VANISHING:
            continue
        whole = _whole(situation, account, file, content)
        if file.status == FILE_READY and whole:
            usable.append(file)
        elif not owned_by_project(situation, file):
            continue
        elif file.status == FILE_READY or file.status in FILE_FAILED:
            broken.append(file)
        else:
            pending.append(file)
    return Copies(tuple(usable), tuple(pending), tuple(broken))


def _whole(situation: Situation, account: str, file: ObservedFile, content: Content) -> bool:
    settings = situation.desired.accounts.get(account)
    mark = BOM_BYTES if settings is not None and settings.bom else 0
    return file.size_bytes is None or file.size_bytes == content.size_bytes + mark


def owned_by_project(situation: Situation, file: ObservedFile) -> bool:
    """Only a file of our own project may ever be deleted, or waited for."""
    return identity.project_of(file.name, situation.known_projects) == situation.desired.project


def recorded_elsewhere(situation: Situation, account: str, file: ObservedFile) -> bool:
    """Whether another environment or project of the ledger has this content in this account."""
    return (situation.arm_id(account), identity.content_hex_of(file.name)) in situation.content_elsewhere


def dataset_address_of(situation: Situation, file: ObservedFile) -> Address | None:
    """The dataset one of our uploads was made for; None when no dataset of ours can have that name."""
    start = len(identity.file_name("0" * 32, situation.desired.project, "")) - len(_ENDING)
    try:
        return Address("dataset", file.name[start : -len(_ENDING)])
    except ValueError:
        return None


def deployment_address_of(observed: ObservedDeployment) -> Address | None:
    """Its address tag; when people made that unreadable, the entry that would have this name."""
    for text in (observed.tags.get(TAG_ADDRESS, ""), f"deployment/{observed.name}"):
        try:
            address = Address.parse(text)
        except ValueError:
            continue
        if address.kind == "deployment":
            return address
    return None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an account shows of one token.

    `job` is the oldest live or succeeded one, `ended` the oldest failed or cancelled one. `suspect` is a job that may
    be the same one and disagrees, with `doubt` saying how. `model` is set when the job is gone and its model is still
    there. `traces`: something still names a model of this token, so it was paid for once.
    """

    token: str
    job: ObservedJob | None = None
    ended: ObservedJob | None = None
    suspect: ObservedJob | None = None
    doubt: str = ""
    model: str | None = None
    traces: bool = False


def sight(situation: Situation, account: str, token: str, finetune: DesiredFinetune | None = None) -> Sighting:
    """Looks for a token in an account. With `finetune` given, jobs must not contradict what it asks for."""
    inventory = situation.inventories[account]
    agreeing: list[ObservedJob] = []
    suspects: list[tuple[ObservedJob, str]] = []
    for job in inventory.jobs_by_token.get(token, ()):
        doubt = contradiction(situation, inventory, job, finetune) if finetune else ""
        if doubt:
            suspects.append((job, doubt))
        else:
            agreeing.append(job)
    good = [job for job in agreeing if job.status == "succeeded" or not job.terminal]
    ended = [job for job in agreeing if job.terminal and job.status != "succeeded"]
    listed = inventory.models_by_token.get(token, ())
    serving = tuple(d.model_name for d in inventory.deployed_by_token.get(token, ()))
    suspect, doubt = suspects[0] if suspects else (None, "")
    return Sighting(
        token=token,
        job=good[0] if good else None,
        ended=ended[0] if ended else None,
        suspect=suspect,
        doubt=doubt,
        model=next((name for name in (*listed, *sorted(serving)) if ":ckpt-step-" not in name), None),
        traces=token in inventory.continued_tokens or _deployed_anywhere(situation, inventory, token),
    )


def _deployed_anywhere(situation: Situation, inventory: Inventory, token: str) -> bool:
    return any(
        (deployment.source or other.arm_id).lower() == inventory.arm_id
        for other in situation.inventories.values()
        for deployment in other.deployed_by_token.get(token, ())
    )


def contradiction(situation: Situation, inventory: Inventory, job: ObservedJob, finetune: DesiredFinetune) -> str:
    """How a job disagrees with the finetune whose token it carries; empty when it does not."""
    if finetune.base_model is not None and job.model.casefold() != finetune.base_model.casefold():
        return f"it trains {job.model}, not {finetune.base_model}"
    parent = situation.finetunes.get(Node(finetune.parent, finetune.account)) if finetune.parent else None
    if parent is not None and not parent.existing and identity.token_of(job.model) not in (None, parent.token):
        return f"it continues {job.model}, which is not {finetune.parent}"
    if job.seed is not None and job.seed != finetune.seed:
        return f"its seed is {job.seed}, not {finetune.seed}"
    for what, file_id, content in (
        ("training", job.training_file, finetune.training_content),
        ("validation", job.validation_file, finetune.validation_content),
    ):
        carried = content_hex_of_id(inventory, file_id)
        if content is not None and carried is not None and carried != content.sha256[:32]:
            return f"its {what} file holds other content"
    return ""


def content_hex_of_id(inventory: Inventory, file_id: str | None) -> str | None:
    """The content a file id stands for; None when the file is gone or is not one of any ftops project."""
    file = inventory.file_by_id.get(file_id or "")
    return identity.content_hex_of(file.name) if file else None


def unreadable_twin(inventory: Inventory, intent: RecordedJob, finetune: DesiredFinetune) -> ObservedJob | None:
    """A job without any token that may be what `intent` made: our content and model, and our seed or since the intent.

    Asked only while an intent is unsettled. The service and the ledger keep different clocks, hence the generous slack:
    a wrong suspicion costs a question, a missed one costs a training.
    """
    for job, content in _tokenless(inventory, finetune):
        same_file = content_hex_of_id(inventory, job.training_file) == content.sha256[:32]
        since = job.created_at >= intent.at - CLOCK_SLACK_SECONDS
        if same_file and (job.seed == finetune.seed or since):
            return job
    return None


def lookalikes(situation: Situation, finetune: DesiredFinetune) -> tuple[ObservedJob, ...]:
    """Jobs made by hand that may be this very training: same model, data and suffix as far as can be seen.

    Never taken up by guess; jobs that some entry already names with `existing` are known and do not count.
    """
    inventory = situation.inventories[finetune.account]
    named = {other.existing_job for other in situation.desired.finetunes}
    return tuple(
        job
        for job, content in _tokenless(inventory, finetune)
        if job.id not in named
        and (job.status == "succeeded" or not job.terminal)
        and _same_data(inventory, job, content, suffix=finetune.suffix)
    )


def _tokenless(inventory: Inventory, finetune: DesiredFinetune) -> Iterator[tuple[ObservedJob, Content]]:
    """Jobs of the same base model that carry no token, each with the content they would have to be trained on."""
    if finetune.base_model is not None and finetune.training_content is not None:
        for job in inventory.jobs_without_token.get(finetune.base_model.casefold(), ()):
            yield job, finetune.training_content


def _same_data(inventory: Inventory, job: ObservedJob, content: Content, *, suffix: str | None) -> bool:
    """Equal content or size, with no other suffix; or an equal file name with an equal suffix."""
    file = inventory.file_by_id.get(job.training_file)
    if file is None or job.suffix not in (None, "", suffix):
        return False
    carried = identity.content_hex_of(file.name)
    if carried is not None:
        return carried == content.sha256[:32]
    if file.size_bytes in (content.size_bytes, content.size_bytes + BOM_BYTES):
        return True
    return suffix is not None and job.suffix == suffix and file.name == content.path.rpartition("/")[2]


def model_at(model: str, checkpoint: Checkpoint) -> str | None:
    """The model id that is used of a trained model; None for `best`, which no listing tells."""
    if checkpoint == "last":
        return model
    return None if checkpoint == "best" else f"{model}:ckpt-step-{checkpoint}"
