"""What a training run shows of itself: steps, losses, events, checkpoints, results.csv.

In: the shape of a run and its `Life`. Out: the same curves, ids and texts on every reading, as far as the run has
come. Messages are those of real runs (contract 1.9); the numbers are made up, and the same for the same job.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Final

from ftops.emulator.ids import derived_fraction, derived_hex
from ftops.emulator.training import CANCELLED, FAILED, Life

_STEPS_SHARE: Final = 0.9  # of the running time; the rest is evaluation and results
_LOGGED_ROWS_MAX: Final = 5000
_EVENTS_MAX: Final = 200
_CHECKPOINTS_KEPT: Final = 3
_HEADER: Final = (
    "step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,"
    "full_valid_loss,full_valid_mean_token_accuracy\n"
)
_NUMBER_WIDTH: Final = 7  # 0.12345


@dataclass(frozen=True)
class Course:
    """The shape of one training run."""

    job: str
    model: str
    rows: int
    tokens: int
    epochs: int
    batch_size: int
    validated: bool
    results_file: str

    @property
    def epoch_steps(self) -> int:
        return max(1, math.ceil(self.rows / self.batch_size))

    @property
    def steps(self) -> int:
        return self.epoch_steps * self.epochs

    @property
    def trained_tokens(self) -> int:
        """What is billed: tokens of the file times epochs (contract 4.6)."""
        return self.tokens * self.epochs


def effective_batch_size(rows: int) -> int:
    """What `auto` becomes: about 0.2 % of the rows (assumed; 6 was seen)."""
    return max(1, min(256, round(rows * 0.002)))


def effective_epochs(rows: int) -> int:
    """What `auto` becomes (contract 4.5: two or three on small and medium sets)."""
    return 3 if rows < 10_000 else 2


def metrics(course: Course, step: int, *, full: bool) -> dict[str, float | int]:
    """Losses and accuracies at a step; the validation columns at ends of epochs only."""
    progress = step / course.steps
    wobble = (derived_fraction(course.job, str(step)) - 0.5) * 0.1
    loss = round(0.25 + 1.8 * math.exp(-4 * progress) + wobble, 5)
    accuracy = round(min(0.999, max(0.0, 0.97 - loss / 4)), 5)
    found: dict[str, float | int] = {"step": step, "train_loss": loss, "train_mean_token_accuracy": accuracy}
    if full and course.validated:
        overfit = 0.15 * max(0.0, progress - 0.6)
        valid = round(loss + 0.08 + overfit, 5)
        valid_accuracy = round(max(0.0, accuracy - 0.02), 5)
        found |= {
            "valid_loss": valid,
            "valid_mean_token_accuracy": valid_accuracy,
            "full_valid_loss": valid,
            "full_valid_mean_token_accuracy": valid_accuracy,
        }
    return found


def checkpoints(course: Course, life: Life, now: float) -> list[dict[str, object]]:
    """The checkpoints there are, newest first: the three last epochs done (contract 1.10)."""
    epochs = range(1, course.epochs + 1)
    done = bisect_right(epochs, now, key=lambda epoch: life.moment(_STEPS_SHARE * epoch / course.epochs))
    kept = range(done, max(0, done - _CHECKPOINTS_KEPT), -1)
    return [_checkpoint(course, life, epoch) for epoch in kept]


def _checkpoint(course: Course, life: Life, epoch: int) -> dict[str, object]:
    step = epoch * course.epoch_steps
    return {
        "id": "ftchkpt-" + derived_hex("checkpoint", course.job, str(step)),
        "object": "fine_tuning.job.checkpoint",
        "created_at": int(life.moment(_STEPS_SHARE * epoch / course.epochs)),
        "step_number": step,
        "fine_tuned_model_checkpoint": (course.model if epoch == course.epochs else f"{course.model}:ckpt-step-{step}"),
        "fine_tuning_job_id": course.job,
        "metrics": metrics(course, step, full=True),
    }


def events(course: Course, life: Life, now: float, failure: str) -> list[dict[str, object]]:
    """The events so far, newest first. "Job succeeded." comes before the status says so (contract 1.9)."""
    told = [entry for entry in _told(course, life, failure) if entry[0] <= now]
    return [_event(course, index, *entry) for index, entry in reversed(list(enumerate(told)))]


_Entry = tuple[float, str, str, dict[str, float | int] | None]


def _told(course: Course, life: Life, failure: str) -> Iterator[_Entry]:
    yield life.created_at, "info", "Job enqueued. Waiting for jobs ahead to complete.", None
    yield life.started_at, "info", "Job started.", None
    stride = 10 * max(1, math.ceil(course.steps / 10 / _EVENTS_MAX))
    for step in range(stride, course.steps + 1, stride):
        found = metrics(course, step, full=step % course.epoch_steps == 0)
        at = life.moment(_STEPS_SHARE * step / course.steps)
        yield at, "info", f"Step {step}: training loss={found['train_loss']:.4f}", found
    if life.overlong or life.outcome == FAILED:
        yield life.ended_at, "error", failure, None
        return
    yield life.moment(0.92), "info", "Job succeeded.", None
    yield life.moment(0.95), "info", "Model Evaluation Passed.", None
    yield life.moment(0.96), "info", "Postprocessing started.", None
    yield life.moment(0.98), "info", f"Completed results file: {course.results_file}", None
    yield life.moment(0.99), "info", f"Training tokens billed: {course.trained_tokens}", None
    if life.outcome == CANCELLED:
        yield life.ended_at, "info", "Job cancelled.", None


def _event(
    course: Course, index: int, at: float, level: str, message: str, data: dict[str, float | int] | None
) -> dict[str, object]:
    event: dict[str, object] = {
        "id": "ftevent-" + derived_hex("event", course.job, str(index)),
        "object": "fine_tuning.job.event",
        "created_at": int(at),
        "level": level,
        "message": message,
        "type": "message" if data is None else "metrics",
    }
    if data is not None:
        event["data"] = data
    return event


def results_csv(course: Course) -> bytes:
    """The results file: one row a step, thinned out for very long runs (contract 3.7)."""
    lines = [_HEADER]
    for step in _logged_steps(course.steps, course.epoch_steps):
        end_of_epoch = step % course.epoch_steps == 0
        values = list(metrics(course, step, full=end_of_epoch).values())[1:]
        columns = [f"{value:.5f}" for value in values] + [""] * (6 - len(values))
        lines.append(f"{step},{','.join(columns)}\n")
    return "".join(lines).encode()


def results_size_bytes(course: Course) -> int:
    """The size of `results_csv` without writing it: listing a thousand jobs asks for it."""
    return _results_size_bytes(course.steps, course.epoch_steps, course.validated)


@lru_cache(maxsize=4096)
def _results_size_bytes(steps: int, epoch_steps: int, validated: bool) -> int:
    size = len(_HEADER)
    for step in _logged_steps(steps, epoch_steps):
        numbers = 6 if validated and step % epoch_steps == 0 else 2
        size += len(str(step)) + 6 + numbers * _NUMBER_WIDTH + 1
    return size


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
