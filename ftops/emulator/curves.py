"""Loss and reward curves of known character, so that tests of dashboards and gates have something to recognise.

In: a character, how far the training is, and a little noise that belongs to the job. Out: numbers that are made up, in
[0, 10), and the same on every reading. Nothing here knows a job or a clock.
"""

from __future__ import annotations

import math
from typing import Final

HEALTHY: Final = "healthy"
OVERFITTING: Final = "overfitting"
FLAT: Final = "flat"
DIVERGING: Final = "diverging"
#: What `auto` picks from: the remainder of the seed. Five of eight runs are healthy.
_BY_SEED: Final = (HEALTHY, HEALTHY, HEALTHY, HEALTHY, HEALTHY, OVERFITTING, FLAT, DIVERGING)
_TURN: Final = 0.4  # where over-fitting begins to cost validation loss
_BREAK: Final = 0.2  # where a diverging run breaks away


def character_of(seed: int) -> str:
    """The character `auto` gives a job with this seed."""
    return _BY_SEED[seed % len(_BY_SEED)]


def train_loss(character: str, progress: float, noise: float) -> float:
    """The training loss; `progress` from 0 to 1, `noise` from -0.5 to 0.5."""
    decay = math.exp(-4 * progress)
    if character == OVERFITTING:
        return _bounded(0.03 + 2.0 * math.exp(-6 * progress) + 0.03 * noise)
    if character == FLAT:
        return _bounded(1.95 + 0.06 * noise)
    if character == DIVERGING:
        return _bounded(0.6 + 1.4 * decay + 9.0 * max(0.0, progress - _BREAK) ** 1.5 + 0.2 * noise)
    return _bounded(0.25 + 1.8 * decay + 0.1 * noise)


def valid_loss(character: str, progress: float, noise: float) -> float:
    """The validation loss: near the training loss, except where it tells over-fitting."""
    if character == OVERFITTING:
        falling = 0.45 + 1.7 * math.exp(-6 * min(progress, _TURN))
        return _bounded(falling + 1.5 * max(0.0, progress - _TURN) + 0.03 * noise)
    return _bounded(train_loss(character, progress, noise) + 0.08)


def accuracy(loss: float) -> float:
    """The token accuracy that goes with a loss."""
    return round(min(0.999, max(0.0, 0.97 - loss / 4)), 5)


def reward(character: str, progress: float, noise: float) -> float:
    """The mean reward of reinforcement, from 0 to 1: what losses do, upside down."""
    rising = 0.15 + 0.7 * (1 - math.exp(-3 * progress))
    if character == FLAT:
        rising = 0.2
    if character == DIVERGING:
        rising = max(0.02, 0.5 - 0.5 * progress)
    return round(min(1.0, max(0.0, rising + 0.05 * noise)), 5)


def valid_reward(character: str, progress: float, noise: float) -> float:
    """The mean reward on validation rows."""
    lost = 0.5 * max(0.0, progress - _TURN) if character == OVERFITTING else 0.03
    return round(max(0.0, reward(character, progress, noise) - lost), 5)


def _bounded(value: float) -> float:
    return round(min(9.99, max(0.00001, value)), 5)
