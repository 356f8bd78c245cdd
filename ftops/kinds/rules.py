"""Rules that a schema cannot say: keys that exclude, need or idle each other. An entry in, violations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ftops.core.address import Kind
from ftops.kinds.managed import MANAGED, manages
from ftops.kinds.unsupported import Unsupported, unsupported_in


class Violation(NamedTuple):
    """One broken rule. `path` leads into the entry; with `on_key` the key is meant, else the value."""

    code: str
    summary: str
    path: tuple[str | int, ...]
    hint: str = ""
    on_key: bool = True
    #: The keys one of which is missing.
    wanted: tuple[str, ...] = ()


#: Aliases of base models and the dated names they stand for (service contract, sections 4.1 and 4.2). An alias means
#: another model after the next release, so it cannot be what was paid for. Models without dates are not in this table.
DATED: Mapping[str, str] = {
    "gpt-35-turbo": "gpt-35-turbo-0125",
    "gpt-3.5-turbo": "gpt-35-turbo-0125",
    "gpt-4": "gpt-4-0613",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "o4-mini": "o4-mini-2025-04-16",
    "gpt-5": "gpt-5-2025-08-07",
    "ministral-3b": "Ministral-3B-2411",
}
#: Tags whose names start like this are ftops' own.
RESERVED_TAG = "ftops-"
TAGS_MAX = 44
TAG_NAME_MAX = 512
TAG_VALUE_MAX = 256

_SOURCES = ("model", "continues", "existing")
_WITH_EXISTING = frozenset({"existing", "account", "description", "labels", "protect", "ignore_changes"})


def violations(kind: Kind, entry: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong with one entry beyond its schema. The entry may break the schema as well."""
    for row in unsupported_in(kind, entry):
        yield not_yet_supported(row, entry)
    if kind == "dataset":
        yield from _dataset(entry)
    elif kind == "finetune":
        yield from _finetune(entry)
    else:
        yield from _deployment(entry)
    if "ignore_changes" in entry:
        yield from _ignored(kind, entry["ignore_changes"])


def not_yet_supported(row: Unsupported, entry: Mapping[str, Any]) -> Violation:
    """The one error for keys (or values of keys) that the schema holds but this version gives no effect."""
    written: Any = entry
    for part in row.path:
        written = written[part]
    usual = next((value for value in row.supported if isinstance(value, str)), None)
    name = ".".join(row.path)
    shown = f"{name}: {written}" if usual is not None and isinstance(written, str | int) else name
    summary = f"`{shown}` has no effect in this version of ftops, so it is refused rather than ignored"
    hint = "remove it" if usual is None else f"remove it, or write `{usual}`"
    return Violation("spec.not-yet-supported", summary, row.path, hint)


def _exclusive(entry: Mapping[str, Any], keys: tuple[str, ...], what: str) -> Iterator[Violation]:
    written = [key for key in keys if key in entry]
    if not written:
        wanted = " or ".join(f"`{key}`" for key in keys)
        yield Violation("spec.missing-key", f"{what} needs {wanted}", (), on_key=False, wanted=keys)
    for key in written[1:]:
        yield Violation("spec.conflict", f"`{key}` and `{written[0]}` exclude each other", (key,), "keep one of them")


def _dataset(entry: Mapping[str, Any]) -> Iterator[Violation]:
    if "file" not in entry or "url" in entry:
        yield from _exclusive(entry, ("file", "url"), "a dataset")


def _finetune(entry: Mapping[str, Any]) -> Iterator[Violation]:
    if sum(key in entry for key in _SOURCES) != 1:
        yield from _exclusive(entry, _SOURCES, "a finetune")
    if "existing" in entry:
        yield from _existing(entry)
        return
    if "training" not in entry:
        summary = "the key `training` is missing"
        yield Violation("spec.missing-key", summary, (), on_key=False, wanted=("training",))
    if entry.get("checkpoint", "last") != "last" and "continues" not in entry:
        yield Violation("spec.no-effect", "`checkpoint` has no effect without `continues`", ("checkpoint",))
    model = entry.get("model")
    if isinstance(model, str):
        yield from _base_model(model)


def _existing(entry: Mapping[str, Any]) -> Iterator[Violation]:
    existing = entry["existing"]
    if isinstance(existing, dict) and len(existing.keys() & {"job", "model"}) != 1:
        for violation in _exclusive(existing, ("job", "model"), "`existing`"):
            yield violation._replace(path=("existing", *violation.path))
    for key in entry:
        if key not in _WITH_EXISTING and key in _TRAINING_KEYS:
            summary = f"`{key}` has no effect on an `existing` finetune: it is never trained"
            yield Violation("spec.no-effect", summary, (key,), "remove it")


_TRAINING_KEYS = frozenset(
    {
        *("training", "validation", "suffix", "method", "hyperparameters", "grader", "response_format"),
        *("training_tier", "seed", "integrations", "checkpoint", "rerun", "hold", "gates"),
    }
)


def _base_model(model: str) -> Iterator[Violation]:
    if ".ft-" in model or model.startswith("ft:"):
        hint = "declare it with `existing: {model: ...}` and continue that entry"
        yield Violation("spec.value", "`model` must be a base model, not a fine-tuned one", ("model",), hint, False)
    elif model.lower() in DATED:
        summary = "`model` is an alias, which means another model after the next release"
        yield Violation("spec.undated-model", summary, ("model",), f"write `{DATED[model.lower()]}`", False)


def _deployment(entry: Mapping[str, Any]) -> Iterator[Violation]:
    if ("finetune" in entry) == ("model" in entry):
        yield from _exclusive(entry, ("finetune", "model"), "a deployment")
    if "on_expiry" in entry and entry["on_expiry"] in ("recreate", "leave"):
        usual = default_on_expiry(str(entry.get("sku")))
        if entry["on_expiry"] != usual:
            yield not_yet_supported(Unsupported("deployment", ("on_expiry",), (usual,)), entry)
    tags = entry.get("tags")
    if isinstance(tags, dict):
        yield from _tags(tags)


def default_on_expiry(sku: str) -> str:
    """A DeveloperTier deployment lives for a day by design (service contract, section 2.8); others come back."""
    return "leave" if sku == "DeveloperTier" else "recreate"


def _tags(tags: Mapping[str, Any]) -> Iterator[Violation]:
    if len(tags) > TAGS_MAX:
        summary = f"`tags` holds more than {TAGS_MAX} tags (Azure allows 50, ftops takes 6)"
        yield Violation("spec.value", summary, ("tags",))
    for name, value in tags.items():
        path = ("tags", name)
        if name.lower().startswith(RESERVED_TAG):
            summary = f"tags that start with `{RESERVED_TAG}` belong to ftops"
            yield Violation("spec.value", summary, path, "choose another name")
        elif not 0 < len(name) <= TAG_NAME_MAX or any(character in "<>%&\\?/" for character in name):
            summary = f"a tag's name is at most {TAG_NAME_MAX} characters long, without < > % & \\ ? /"
            yield Violation("spec.value", summary, path)
        elif isinstance(value, str) and len(value) > TAG_VALUE_MAX:
            yield Violation("spec.value", f"a tag's value is at most {TAG_VALUE_MAX} characters long", path, "", False)


def _ignored(kind: Kind, names: Any) -> Iterator[Violation]:
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and not manages(kind, name):
            known = ", ".join(f"`{field}`" for field in MANAGED[kind])
            hint = f"managed fields of a {kind}: {known}" if known else f"no field of a {kind} changes in place"
            summary = f"`ignore_changes` names a field that a {kind} does not manage"
            yield Violation("spec.unknown-field", summary, ("ignore_changes", index), hint, False)
