"""What training and hosting cost: a dated table, and what a store puts in its place.

In: a base model, a training tier. Out: rates in US dollars. Every figure names its source; none is official, so a store
may replace any of them. Prices decide what the meter shows and when a spend cap is reached, nothing else.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from ftops.emulator.catalogue import base_model

#: When the table was put together (contract 4.6).
DATED: Final = "2026-11-22"
TOKENS: Final = "million tokens"
HOUR: Final = "hour"

_CALCULATOR: Final = "UNCONFIRMED: third-party calculator of 2026-02"
_EXAMPLE: Final = "UNCONFIRMED: Microsoft's example figure"
_LIST_2024: Final = "list prices of 2024, as third parties recorded them"
_GUESS: Final = "UNCONFIRMED: no source, priced like its nearest sibling"
_SETTING: Final = "prices"
_RATES: Final = ("standard_usd", "global_usd", "developer_usd", "hosting_usd", "ptu_usd")


class UnusablePrices(ValueError):
    """A price names no model or no rate, or is no amount of money."""


@dataclass(frozen=True)
class Rates:
    """What one base model costs.

    The first three are per `unit` of training. A data zone costs what Standard costs (assumed). `hosting_usd` is per
    hour of a deployment; `ptu_usd` per provisioned unit and hour instead: no source has it, so it is zero until a
    store says otherwise.
    """

    standard_usd: float
    global_usd: float
    developer_usd: float
    source: str
    unit: str = TOKENS
    hosting_usd: float = 1.70
    ptu_usd: float = 0.0

    def training_usd(self, tier: str | None) -> float:
        """The rate of a training tier as jobs carry it; none means Standard."""
        return {"globalStandard": self.global_usd, "developerTier": self.developer_usd}.get(
            tier or "", self.standard_usd
        )

    def trained_usd(self, tier: str | None, *, tokens: int, hours: float) -> float:
        """What this much training costs."""
        quantity = hours if self.unit == HOUR else tokens / 1_000_000
        return round(quantity * self.training_usd(tier), 6)


_UNLISTED: Final = Rates(0.80, 0.60, 0.40, _GUESS)  # open-weight models
PRICES: Final[Mapping[str, Rates]] = {
    "gpt-4.1": Rates(4.00, 3.00, 2.00, _CALCULATOR),
    "gpt-4.1-mini": Rates(0.80, 0.60, 0.40, _CALCULATOR),
    "gpt-4.1-nano": Rates(0.20, 0.15, 0.10, _CALCULATOR),
    "gpt-4o": Rates(25.00, 18.75, 12.50, _CALCULATOR),
    "gpt-4o-mini": Rates(3.00, 2.25, 1.50, _CALCULATOR),
    "gpt-35-turbo": Rates(8.00, 8.00, 8.00, _CALCULATOR),
    "o4-mini": Rates(100.0, 100.0, 50.0, _EXAMPLE, unit=HOUR),
    "gpt-5": Rates(100.0, 100.0, 50.0, _GUESS, unit=HOUR),
    "babbage-002": Rates(34.0, 34.0, 34.0, _LIST_2024, unit=HOUR),
    "davinci-002": Rates(40.0, 40.0, 40.0, _LIST_2024, unit=HOUR, hosting_usd=2.00),
}


def rates_of(db: sqlite3.Connection, model: str) -> Rates:
    """The rates of a base model in this store."""
    base = base_model(model)
    family = base.name if base else model
    rates = PRICES.get(family, _UNLISTED)
    own = read_overrides(db).get(family)
    return Rates(**{**asdict(rates), **own, "source": "this store"}) if own else rates


def read_overrides(db: sqlite3.Connection) -> Mapping[str, Mapping[str, float]]:
    """What this store says of prices, by model family."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (_SETTING,)).fetchone()
    found: Mapping[str, Mapping[str, float]] = json.loads(row["value"]) if row else {}
    return found


def write_overrides(db: sqlite3.Connection, overrides: Mapping[str, object]) -> None:
    """Put these in the place of all overrides there were. Raises `UnusablePrices`."""
    for model, rates in overrides.items():
        if base_model(model) is None or not isinstance(rates, dict):
            raise UnusablePrices(f"prices are an object of rates for each model, and {model[:64]!r} is none")
        for name, amount in rates.items():
            if name not in _RATES:
                raise UnusablePrices(f"prices have no rate named {name[:64]}; there are {', '.join(_RATES)}")
            if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not 0 <= amount < math.inf:
                raise UnusablePrices(f"the price {name} of {model} must be a number of US dollars of at least 0")
    text = json.dumps(overrides)
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (_SETTING, text))
