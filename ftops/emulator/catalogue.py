"""The base models this Azure knows: what can be trained, how, and where it may be deployed.

In: a name as a client writes it. Out: the canonical model. Facts from the service contract, sections 4.1 and 4.2;
the spelling of open-weight ids and their versions is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

SUPERVISED: Final = "supervised"
DPO: Final = "dpo"
REINFORCEMENT: Final = "reinforcement"

_DAY_SECONDS: Final = 86_400.0
_ALL_TIERS: Final = ("standard", "dataZoneStandard", "globalStandard", "developerTier")
_SERVERLESS: Final = ("Standard", "DataZoneStandard", "GlobalStandard")
_PROVISIONED: Final = ("ProvisionedManaged", "GlobalProvisionedManaged", "DataZoneProvisionedManaged")
_BASE_SKUS: Final = (*_SERVERLESS, *_PROVISIONED, "GlobalBatch", "DataZoneBatch")


class Retirement(NamedTuple):
    """When a model stops (contract 4.4): untrained, for training, and the deployments of what was trained.

    None is what no source states. `trained_days` instead of a date: each model so long after its own training.
    """

    base: date | None = None
    training: date | None = None
    finetuned: date | None = None
    trained_days: int | None = None


_GPT_4O_ENDS: Final = Retirement(date(2026, 10, 1), date(2027, 4, 1), date(2027, 10, 1))
_GPT_41_ENDS: Final = Retirement(date(2026, 10, 14), date(2027, 4, 14), date(2027, 10, 14))
_O4_ENDS: Final = Retirement(date(2026, 10, 16), date(2026, 10, 16), trained_days=365)
_GPT_5_ENDS: Final = Retirement(date(2027, 2, 6))


class BaseModel(NamedTuple):
    """One base model: `id` on the data plane, `name` and `version` in ARM."""

    name: str
    version: str
    methods: tuple[str, ...]
    tiers: tuple[str, ...] = _ALL_TIERS
    finetuned_skus: tuple[str, ...] = _SERVERLESS
    format: str = "OpenAI"
    completion: bool = False
    aliases: tuple[str, ...] = ()
    preview: bool = False
    vision: bool = False  # whether it can be trained on images
    example_tokens: int = 65_536  # an example's most (contract 3.6); longer ones are cut (assumed)
    retirement: Retirement = Retirement()

    @property
    def training_ends_at(self) -> float:
        """From when on it cannot be trained, in unix seconds; infinite where no source has a date."""
        return _instant(self.retirement.training)

    @property
    def base_ends_at(self) -> float:
        """From when on the untrained model is not served, in unix seconds."""
        return _instant(self.retirement.base)

    def finetuned_ends_at(self, trained_at: float) -> float:
        """From when on a model trained at that instant is not served, in unix seconds."""
        days = self.retirement.trained_days
        return trained_at + days * _DAY_SECONDS if days else _instant(self.retirement.finetuned)

    @property
    def pausable(self) -> bool:
        """Whether its training can be paused and has a spend cap: not reinforcement of GPT-5 (contract 1.8, 4.6)."""
        return self.name != "gpt-5"

    @property
    def id(self) -> str:
        """How the data plane spells it."""
        return f"{self.name}-{self.version}" if self.version and not self.completion else self.name

    @property
    def continuable(self) -> bool:
        """Whether a fine-tuned model of it can be trained further: OpenAI models only (contract 4.2)."""
        return self.format == "OpenAI"

    @property
    def base_skus(self) -> tuple[str, ...]:
        """SKUs the untrained model deploys under."""
        return _BASE_SKUS


def _instant(day: date | None) -> float:
    return datetime.combine(day, time(), UTC).timestamp() if day else float("inf")


_DEVELOPER: Final = (*_SERVERLESS, "DeveloperTier")
_PTU: Final = "ProvisionedManaged"
_GLOBAL_ONLY: Final = ("GlobalStandard",)
_OPEN_TIERS: Final = ("dataZoneStandard", "globalStandard")
_PREVIEW_TIERS: Final = ("globalStandard", "developerTier")

CATALOGUE: Final = (
    BaseModel("gpt-4o-mini", "2024-07-18", (SUPERVISED,), finetuned_skus=(*_SERVERLESS, _PTU), retirement=_GPT_4O_ENDS),
    BaseModel(
        "gpt-4o",
        "2024-08-06",
        (SUPERVISED, DPO),
        finetuned_skus=(*_SERVERLESS, _PTU),
        vision=True,
        retirement=_GPT_4O_ENDS,
    ),
    BaseModel(
        "gpt-4.1",
        "2025-04-14",
        (SUPERVISED, DPO),
        finetuned_skus=(*_DEVELOPER, _PTU),
        vision=True,
        retirement=_GPT_41_ENDS,
    ),
    BaseModel("gpt-4.1-mini", "2025-04-14", (SUPERVISED, DPO), finetuned_skus=_DEVELOPER, retirement=_GPT_41_ENDS),
    BaseModel(
        "gpt-4.1-nano",
        "2025-04-14",
        (SUPERVISED, DPO),
        finetuned_skus=_DEVELOPER,
        example_tokens=32_768,
        retirement=_GPT_41_ENDS,
    ),
    BaseModel("o4-mini", "2025-04-16", (REINFORCEMENT,), finetuned_skus=_DEVELOPER, retirement=_O4_ENDS),
    BaseModel("gpt-5", "2025-08-07", (REINFORCEMENT,), _ALL_TIERS[:3], ("Standard",), retirement=_GPT_5_ENDS),
    BaseModel(
        "gpt-35-turbo", "0125", (SUPERVISED,), ("standard",), aliases=("gpt-3.5-turbo-0125",), example_tokens=16_385
    ),
    BaseModel(
        "gpt-35-turbo", "1106", (SUPERVISED,), ("standard",), aliases=("gpt-3.5-turbo-1106",), example_tokens=16_385
    ),
    BaseModel(
        "gpt-35-turbo", "0613", (SUPERVISED,), ("standard",), aliases=("gpt-3.5-turbo-0613",), example_tokens=4_096
    ),
    BaseModel("babbage-002", "1", (SUPERVISED,), ("standard",), ("Standard",), completion=True),
    BaseModel("davinci-002", "1", (SUPERVISED,), ("standard",), ("Standard",), completion=True),
    BaseModel("Ministral-3B", "2411", (SUPERVISED,), _OPEN_TIERS, _GLOBAL_ONLY, "Mistral AI"),
    BaseModel("Llama-3.3-70B-Instruct", "", (SUPERVISED,), _OPEN_TIERS, _GLOBAL_ONLY, "Meta"),
    BaseModel("Qwen3-32B", "", (SUPERVISED,), _OPEN_TIERS, _GLOBAL_ONLY, "Alibaba", example_tokens=8_192),
    BaseModel("gpt-oss-20b", "", (SUPERVISED,), _OPEN_TIERS, _GLOBAL_ONLY, "Microsoft"),
    BaseModel("gpt-oss-120b", "", (SUPERVISED, REINFORCEMENT), _PREVIEW_TIERS, (), "Microsoft", preview=True),
)


def _names(model: BaseModel) -> Iterator[str]:
    yield from (model.id.lower(), model.name.lower(), *(alias.lower() for alias in model.aliases))


def _by_name() -> Mapping[str, BaseModel]:
    found: dict[str, BaseModel] = {}
    for model in CATALOGUE:
        for name in _names(model):
            found.setdefault(name, model)  # the first of a family is its short name's meaning
    return found


_BY_NAME: Final = _by_name()


def base_model(name: str) -> BaseModel | None:
    """The model a data-plane name or alias means, or None."""
    return _BY_NAME.get(name.lower())


def arm_model(name: str, version: str | None) -> BaseModel | None:
    """The base model an ARM deployment names; without a version, the family's default."""
    for model in CATALOGUE:
        same = model.name.lower() == name.lower() or model.id.lower() == name.lower()
        if same and version in (None, "", model.version, model.version or "1"):
            return model
    return None
