"""Real `ftops apply` processes over real HTTP, for tests that end them at bad moments.

In: a directory. Out: a project whose account is an emulator that outlives every applier, so that what was sent arrives
whatever becomes of the sender. The judge reads the emulator's bill and the ledger, nothing that ftops says.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftops.core.recorded import Recorded
from ftops.emulator import Emulator
from ftops.ledger import Ledger, LocalStore
from tests.acceptance.conftest import AT_ONCE, chat_rows
from tests.emulator.bench import Bench

#: No limit of the service is in the way of hundreds of trainings.
_ROOMY = {"jobs_ever_max": 100_000, "jobs_queued_max": 10_000, "jobs_running_max": 10_000, "requests_kept": 2_000}
TUNES = ("one", "two", "three")
CLIENT_TIMEOUT_SECONDS = 120.0
IN_SHAPE = "No changes. Azure matches the specs."


@dataclass
class Site:
    """A project with three fine-tunes and a deployment, and the appliers that were let loose on it."""

    directory: Path
    emulator: Emulator
    generation: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, generation: int) -> None:
        """Wants all trainings once more: the only way to pay again for the same inputs."""
        self.generation = generation
        tunes = "\n".join(
            f"  {name}: {{model: gpt-4o-mini-2024-07-18, training: {name}, rerun: {generation}}}" for name in TUNES
        )
        datasets = "\n".join(f"  {name}: {{file: ../data/{name}.jsonl}}" for name in TUNES)
        bot = f"  bot: {{model: {{name: gpt-4o-mini}}, sku: Standard, capacity: {1 + generation % 7}}}"
        text = f"datasets:\n{datasets}\nfinetunes:\n{tunes}\ndeployments:\n{bot}\n"
        (self.directory / "specs" / "all.yaml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One `ftops` process."""
        return subprocess.Popen(
            [sys.executable, "-m", "ftops", "-C", str(self.directory), *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def apply(self) -> subprocess.Popen[str]:
        return self.start("apply", "-y", "--color", "never")

    def finish(self) -> float:
        """Applies to the end; fails with all that was printed when that does not work. Returns the seconds it took."""
        begun = time.monotonic()
        process = self.apply()
        out, err = process.communicate(timeout=CLIENT_TIMEOUT_SECONDS)
        assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
        return time.monotonic() - begun

    def strike(self, number: int, after_seconds: float) -> tuple[int, str, float]:
        """An apply that gets a signal after so long: its return code, its stderr, how long it lived on."""
        process = self.apply()
        try:
            process.wait(after_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        struck = time.monotonic()
        _, err = process.communicate(timeout=CLIENT_TIMEOUT_SECONDS + 5)
        return process.returncode, err, time.monotonic() - struck

    def ask(self, method: str, name: str, body: Any = None) -> Any:
        """The emulator's control door."""
        return Bench(self.emulator).door(method, name, body)

    def jobs(self) -> Counter[str]:
        """How many jobs were ever made for each training, by the suffix they carry."""
        return Counter(job["suffix"] for job in self.ask("GET", "bill")["jobs"])

    def in_shape(self) -> bool:
        out, err = (process := self.start("plan")).communicate(timeout=60)
        assert process.returncode == 0, err
        return out.strip() == IN_SHAPE

    def recorded(self) -> Recorded:
        """The ledger, read from its bytes."""
        store = LocalStore(self.directory / ".ftops" / "ledger")
        return Ledger(store, {}).open().recorded()


@contextmanager
def site(directory: Path) -> Iterator[Site]:
    """A project in `directory` that was applied once, beside its emulator."""
    project = directory / "project"
    for name in ("specs", "data"):
        (project / name).mkdir(parents=True)
    for name in TUNES:
        (project / "data" / f"{name}.jsonl").write_text(chat_rows(f"topic {name}"))
    with Emulator(directory / "emulator.db", accounts={"main": None}, profile={**AT_ONCE, **_ROOMY}) as emulator:
        text = f"""\
            project: larkspur
            accounts: {{main: {{emulator: "{emulator.url}"}}}}
        """
        (project / "ftops.yaml").write_text(textwrap.dedent(text))
        made = Site(project, emulator, environment={"XDG_STATE_HOME": str(directory / "user-state")})
        made.environment["CI"] = ""
        process = made.start("ledger", "init", "--nothing-in-flight")
        assert process.wait(60) == 0
        yield made


def strikes(place: Site, count: int, seed: int, numbers: tuple[int, ...]) -> Iterator[tuple[int, int, str, float]]:
    """`count` applies struck at random moments, on new work whenever the last is done; then all is brought to an end.

    Gives (signal, return code, stderr, seconds lived on) of each.
    """
    chance = random.Random(seed)
    place.write(place.generation + 1)
    usual = place.finish()
    done = 0
    while done < count:
        place.write(place.generation + 1)
        for _ in range(min(4, count - done)):
            number = chance.choice(numbers)
            code, err, lived = place.strike(number, chance.uniform(0.3, 1.0) * usual)
            done += 1
            yield number, code, err, lived
            if code == 0:
                break
        if chance.random() < 0.5:  # else the next generation begins while this one's loose ends are there
            place.finish()
    place.finish()
