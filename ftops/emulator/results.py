"""results.csv: one row a step, thinned out for very long runs (contract 3.7).

In: a course. Out: bytes, or how many they would be. Columns are those of real files; of 2024, on request; rewards and
tokens for reinforcement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from heapq import merge
from typing import Final, NamedTuple

from ftops.emulator.course import Course, metrics

_LOGGED_ROWS_MAX: Final = 5000


class _Column(NamedTuple):
    """A column and the metric in it; `width` in characters; `sparse` ones are filled at ends of epochs only."""

    name: str
    metric: str
    sparse: bool = False
    width: int = 7  # 0.12345


_CURRENT: Final = (
    _Column("train_loss", "train_loss"),
    _Column("train_mean_token_accuracy", "train_mean_token_accuracy"),
    _Column("valid_loss", "valid_loss", sparse=True),
    _Column("valid_mean_token_accuracy", "valid_mean_token_accuracy", sparse=True),
    _Column("full_valid_loss", "full_valid_loss", sparse=True),
    _Column("full_valid_mean_token_accuracy", "full_valid_mean_token_accuracy", sparse=True),
)
_OF_2024: Final = (
    _Column("train_loss", "train_loss"),
    _Column("training_accuracy", "train_mean_token_accuracy"),
    _Column("train_mean_token_accuracy", "train_mean_token_accuracy"),
    _Column("valid_loss", "valid_loss", sparse=True),
    _Column("valid_accuracy", "valid_mean_token_accuracy", sparse=True),
    _Column("validation_mean_token_accuracy", "valid_mean_token_accuracy", sparse=True),
)
_REINFORCEMENT: Final = (
    _Column("train_mean_reward", "train_mean_reward"),
    _Column("completion_tokens_mean", "completion_tokens_mean", width=9),
    _Column("reasoning_tokens_mean", "reasoning_tokens_mean", width=9),
    _Column("sample_parse_error_count", "sample_parse_error_count"),
    _Column("full_valid_mean_reward", "full_valid_mean_reward", sparse=True),
)


def results_csv(course: Course) -> bytes:
    """The results file."""
    columns = _columns(course.method, course.vintage)
    lines = [_header(columns)]
    for step in _logged_steps(course.steps, course.epoch_steps):
        found = metrics(course, step, full=step % course.epoch_steps == 0)
        lines.append(f"{step},{','.join(_cell(found, column) for column in columns)}\n")
    return "".join(lines).encode()


def results_size_bytes(course: Course) -> int:
    """The size of `results_csv` without writing it: listing a thousand jobs asks for it."""
    return _size_bytes(course.steps, course.epoch_steps, course.validated, course.method, course.vintage)


@lru_cache(maxsize=4096)
def _size_bytes(steps: int, epoch_steps: int, validated: bool, method: str, vintage: str) -> int:
    columns = _columns(method, vintage)
    size = len(_header(columns))
    plain = sum(column.width for column in columns if not column.sparse)
    sparse = sum(column.width for column in columns if column.sparse) if validated else 0
    for step in _logged_steps(steps, epoch_steps):
        size += len(str(step)) + len(columns) + plain + 1
        if step % epoch_steps == 0:
            size += sparse
    return size


def _columns(method: str, vintage: str) -> tuple[_Column, ...]:
    if method == "reinforcement":
        return _REINFORCEMENT
    return _OF_2024 if vintage == "2024" else _CURRENT


def _header(columns: tuple[_Column, ...]) -> str:
    return ",".join(("step", *(column.name for column in columns))) + "\n"


def _cell(found: Mapping[str, float | int], column: _Column) -> str:
    value = found.get(column.metric)
    return "" if value is None else f"{value:.5f}"


def _logged_steps(steps: int, epoch_steps: int) -> Iterator[int]:
    stride = max(1, math.ceil(steps / _LOGGED_ROWS_MAX))
    epochs = steps // epoch_steps
    epoch_stride = epoch_steps * max(1, math.ceil(epochs / _LOGGED_ROWS_MAX))
    ends = range(epoch_stride, steps, epoch_stride)
    before = -1
    for step in merge(range(stride, steps, stride), ends, (steps,)):
        if step != before:
            yield step
        before = step
