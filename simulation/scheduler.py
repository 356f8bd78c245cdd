"""Virtual time and cooperative tasks: many threads of which exactly one runs, chosen by the clock alone.

A task gives way only in `sleep`, `join` and `Turnstile`; between them nobody else runs, so the same schedule gives the
same history, thread for thread. Nothing here ever waits for the wall clock.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any


class Deadlock(Exception):
    """Every task waits for another one: the simulation itself is wrong."""


class Task:
    """One line of execution. `error` is what ended it, if anything did."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = False
        self.error: BaseException | None = None
        self._gate = threading.Lock()
        self._gate.acquire()
        self.waiting_for: set[Task] = set()

    def park(self) -> None:
        self._gate.acquire()

    def resume(self) -> None:
        self._gate.release()


class Scheduler:
    """`now` in seconds. Whoever calls `run` is the first task."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._agenda: list[tuple[float, int, Task | Callable[[], None]]] = []
        self._serial = 0
        self._main = self._running = Task("main")
        self._joining: list[Task] = []
        self._deadlocked = False

    def at(self, when: float, then: Callable[[], None]) -> None:
        """Runs `then` when its time has come; it must not sleep."""
        self._push(when, then)

    def sleep(self, seconds: float) -> None:
        """Lets `seconds` pass for the running task, and whatever falls into them happen."""
        self._push(self.now + seconds, self._running)
        self._give_way()

    def run(self, bodies: Iterable[Callable[[], None]]) -> None:
        """Runs all of them side by side to their ends. Raises the first error."""
        first, *others = bodies
        if not others:
            first()
            return
        self.join([self.spawn(f"task {number}", body) for number, body in enumerate([first, *others])])

    def spawn(self, name: str, body: Callable[[], None]) -> Task:
        task = Task(name)

        def live() -> None:
            task.park()
            try:
                body()
            except BaseException as error:
                task.error = error
            self._end(task)

        threading.Thread(target=live, name=name, daemon=True).start()
        self._push(self.now, task)
        return task

    def join(self, tasks: Iterable[Task]) -> None:
        """Waits until all have ended; raises the first error."""
        waiter, all_tasks = self._running, list(tasks)
        waiter.waiting_for = {task for task in all_tasks if not task.done}
        if waiter.waiting_for:
            self._joining.append(waiter)
            self._give_way()
        for task in all_tasks:
            if task.error is not None:
                raise task.error

    def wake(self, task: Task) -> None:
        self._push(self.now, task)

    @property
    def running(self) -> Task:
        return self._running

    def park(self) -> None:
        """The running task waits until somebody wakes it."""
        self._give_way()

    def _push(self, when: float, what: Task | Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._agenda, (when, self._serial, what))

    def _next(self) -> Task | None:
        while self._agenda:
            when, _, what = heapq.heappop(self._agenda)
            self.now = max(self.now, when)
            if isinstance(what, Task):
                return what
            what()
        return None

    def _give_way(self) -> None:
        mine = self._running
        following = self._next()
        if following is None:
            self._deadlocked = True
            following = self._main
        if following is not mine:
            self._running = following
            following.resume()
            mine.park()
            self._running = mine
        if self._deadlocked and mine is self._main:
            raise Deadlock("every task waits for another one")

    def _end(self, task: Task) -> None:
        task.done = True
        for waiter in self._waiters_of(task):
            self._push(self.now, waiter)
        following = self._next()
        if following is None:
            self._deadlocked = True
            following = self._main
        self._running = following
        following.resume()

    def _waiters_of(self, task: Task) -> Iterator[Task]:
        for waiter in list(self._joining):
            waiter.waiting_for.discard(task)
            if not waiter.waiting_for:
                self._joining.remove(waiter)
                yield waiter


class Turnstile:
    """A lock whose waiters wait in virtual time; stands in for a thread's lock that is held across a sleep."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False
        self._waiters: list[Task] = []

    def __enter__(self) -> None:
        while self._held:
            self._waiters.append(self._scheduler.running)
            self._scheduler.park()
        self._held = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held = False
        if self._waiters:
            self._scheduler.wake(self._waiters.pop(0))


class Pool:
    """Stands in for the executor's thread pool: every piece of work is a task of its own, however many there are."""

    def __init__(self, scheduler: Scheduler, workers: int, prefix: str) -> None:
        self._scheduler = scheduler
        self._tasks: list[Task] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._scheduler.join(self._tasks)

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def body() -> None:
            try:
                future.set_result(work(*arguments))
            except BaseException as error:
                future.set_exception(error)

        self._tasks.append(self._scheduler.spawn("worker", body))
        return future
