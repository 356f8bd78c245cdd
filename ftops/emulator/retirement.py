"""When base models and their fine-tuned descendants end (contract 4.4).

In: a model family. Out: instants in unix seconds; absent where the documents give none. They take effect only where the
profile says so (`retirements`): several of these dates lie in the past while customers still train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


@dataclass(frozen=True)
class Retirement:
    """The last instants of a model family: of the base model, of training it, of deploying what was trained."""

    base: float | None = None
    training: float | None = None
    deployment: float | None = None


def _at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


_OCTOBER: Final = Retirement(_at("2026-10-14"), _at("2027-04-14"), _at("2027-10-14"))
_OMNI: Final = Retirement(_at("2026-10-01"), _at("2027-04-01"), _at("2027-10-01"))
_RETIREMENTS: Final[Mapping[str, Retirement]] = {
    "gpt-4o": _OMNI,
    "gpt-4o-mini": _OMNI,
    "gpt-4.1": _OCTOBER,
    "gpt-4.1-mini": _OCTOBER,
    "gpt-4.1-nano": _OCTOBER,
    # Training ends with the base, deployments a year after the training; a year after the last one here.
    "o4-mini": Retirement(_at("2026-10-16"), _at("2026-10-16"), _at("2027-10-16")),
    "gpt-5": Retirement(_at("2027-02-06")),
}


def retirement_of(family: str) -> Retirement:
    """The dates of a model family as the catalogue names it."""
    return _RETIREMENTS.get(family, Retirement())
