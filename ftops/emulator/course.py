"""What a training run shows of itself: steps, metrics, events, checkpoints.

In: the shape of a run and its `Life`. Out: the same curves, ids and texts on every reading, as far as the run has
come. Messages are those of real runs (contract 1.9); the numbers are made up, and the same for the same job.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Final, NamedTuple

from ftops.emulator import curves
from ftops.emulator.ids import derived_fraction, derived_hex
from ftops.emulator.training import CANCELLED, FAILED, Life

_STEPS_SHARE: Final = 0.9  # of the running time; the rest is evaluation and results
_EVENTS_MAX: Final = 200
_CHECKPOINTS_KEPT: Final = 3
_HOUR_SECONDS: Final = 3600.0


class Course(NamedTuple):
    """The shape of one training run. `warning` is what its data makes the service warn of."""

    job: str
    model: str
    rows: int
    tokens: int
    epochs: int
    batch_size: int
    validated: bool
    results_file: str
    method: str = "supervised"
    curve: str = curves.HEALTHY
    vintage: str = "current"
    warning: str = ""

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
    """What is measured at a step; of the validation rows at ends of epochs only."""
    progress = step / course.steps
    noise = derived_fraction(course.job, str(step)) - 0.5
    full = full and course.validated
    if course.method == "reinforcement":
        return _reward_metrics(course, step, progress, noise, full)
    loss = curves.train_loss(course.curve, progress, noise)
    found: dict[str, float | int] = {
        "step": step,
        "train_loss": loss,
        "train_mean_token_accuracy": curves.accuracy(loss),
    }
    if full:
        valid = curves.valid_loss(course.curve, progress, noise)
        right = curves.accuracy(valid)
        found |= {
            "valid_loss": valid,
            "valid_mean_token_accuracy": right,
            "full_valid_loss": valid,
            "full_valid_mean_token_accuracy": right,
        }
    return found


def _reward_metrics(course: Course, step: int, progress: float, noise: float, full: bool) -> dict[str, float | int]:
    found: dict[str, float | int] = {
        "step": step,
        "train_mean_reward": curves.reward(course.curve, progress, noise),
        "completion_tokens_mean": round(420 + 300 * progress + 40 * noise, 5),
        "reasoning_tokens_mean": round(300 + 250 * progress + 40 * noise, 5),
        "sample_parse_error_count": 0,
    }
    if full:
        found["full_valid_mean_reward"] = curves.valid_reward(course.curve, progress, noise)
    return found


def steps_trained(course: Course, life: Life, now: float) -> int:
    """How many steps are done."""
    seconds = life.running_seconds * _STEPS_SHARE
    return min(course.steps, int(course.steps * life.worked_seconds(now) / seconds)) if seconds else 0


def checkpoints(course: Course, life: Life, now: float) -> list[dict[str, object]]:
    """The checkpoints there are, newest first: the last three of epochs done and pauses made (contract 1.8, 1.10)."""
    epochs = range(1, course.epochs + 1)
    done = bisect_right(epochs, now, key=lambda epoch: life.moment(_STEPS_SHARE * epoch / course.epochs))
    made = {
        epoch * course.epoch_steps: life.moment(_STEPS_SHARE * epoch / course.epochs)
        for epoch in range(done, max(0, done - _CHECKPOINTS_KEPT), -1)
    }
    for pause in life.pauses:
        step = steps_trained(course, life, pause.paused_at)
        if pause.paused_at <= now and step:
            made.setdefault(step, pause.paused_at)
    kept = sorted(made, reverse=True)[:_CHECKPOINTS_KEPT]
    return [_checkpoint(course, step, made[step]) for step in kept]


def _checkpoint(course: Course, step: int, at: float) -> dict[str, object]:
    return {
        "id": "ftchkpt-" + derived_hex("checkpoint", course.job, str(step)),
        "object": "fine_tuning.job.checkpoint",
        "created_at": int(at),
        "step_number": step,
        "fine_tuned_model_checkpoint": course.model if step == course.steps else f"{course.model}:ckpt-step-{step}",
        "fine_tuning_job_id": course.job,
        "metrics": metrics(course, step, full=True),
    }


def events(course: Course, life: Life, now: float, failure: str) -> list[dict[str, object]]:
    """The events so far, newest first. "Job succeeded." comes before the status says so (contract 1.9)."""
    told = sorted((entry for entry in _told(course, life, failure) if entry[0] <= now), key=itemgetter(0))
    return [_event(course, index, *entry) for index, entry in reversed(list(enumerate(told)))]


_Entry = tuple[float, str, str, dict[str, float | int] | None]


def _told(course: Course, life: Life, failure: str) -> Iterator[_Entry]:
    yield life.created_at, "info", "Job enqueued. Waiting for jobs ahead to complete.", None
    yield life.started_at, "info", "Job started.", None
    if course.warning:
        yield life.started_at, "warning", course.warning, None
    for pause in life.pauses:
        yield pause.paused_at, "info", "Job paused.", None
        yield pause.resumed_at, "info", "Job resumed.", None
    yield from _steps_told(course, life)
    if life.overlong or (life.outcome == FAILED and not life.unfit):
        yield life.ended_at, "error", failure, None
        return
    yield life.moment(0.92), "info", "Job succeeded.", None
    if life.unfit:
        yield life.ended_at, "error", failure, None
        return
    yield life.moment(0.95), "info", "Model Evaluation Passed.", None
    yield life.moment(0.96), "info", "Postprocessing started.", None
    yield life.moment(0.98), "info", f"Completed results file: {course.results_file}", None
    yield life.moment(0.99), "info", _billed(course, life), None
    if life.outcome == CANCELLED:
        yield life.ended_at, "info", "Job cancelled.", None


def _steps_told(course: Course, life: Life) -> Iterator[_Entry]:
    stride = 10 * max(1, math.ceil(course.steps / 10 / _EVENTS_MAX))
    measure, name = ("training loss", "train_loss")
    if course.method == "reinforcement":
        measure, name = ("mean reward", "train_mean_reward")
    for step in range(stride, course.steps + 1, stride):
        found = metrics(course, step, full=step % course.epoch_steps == 0)
        at = life.moment(_STEPS_SHARE * step / course.steps)
        yield at, "info", f"Step {step}: {measure}={found[name]:.4f}", found


def _billed(course: Course, life: Life) -> str:
    if course.method == "reinforcement" or course.vintage == "2024":
        return f"Training hours billed: {life.running_seconds / _HOUR_SECONDS:.3f}"
    return f"Training tokens billed: {course.trained_tokens}"


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
