"""How long ftops takes, each command in a process of its own: `make bench`.

Prints a Markdown table: minimum and median of the runs, and the minimum as a multiple of the row it stands beside:
an empty Python, the same verb of terraform where terraform is installed, or the same without fsync. Then what the
emulator does (benchmarks/emulator.py). Figures are measured here and now or are
absent; nothing is remembered. `python benchmarks/run.py --quick` leaves out what takes minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import emulator
import generate

from ftops.emulator import Emulator

BIN = Path(sys.executable).parent
FTOPS = str(BIN / "ftops")
UNLIMITED = {
    "files_max": 1_000_000,
    "jobs_ever_max": 1_000_000,
    "jobs_queued_max": 1_000_000,
    "jobs_running_max": 1_000_000,
    "finetuned_deployments_max": 1_000_000,
    "standard_deployments_max": 1_000_000,
    "capacity_max": 100_000_000,
    "quota_thousand_tokens": 100_000_000,
}
#: Work takes no time on the emulator, so that an apply measures ftops.
INSTANT = {
    "file_seconds": 0.0,
    "job_pending_seconds": 0.0,
    "job_running_seconds": 0.0,
    "deployment_seconds": 0.0,
    "deployment_delete_seconds": 0.0,
}
#: ftops on a disk that promises nothing: what the paid-job protocol costs is the difference.
_WITHOUT_FSYNC = """
import os, sys
os.fsync = os.fdatasync = lambda handle: None
from ftops.__main__ import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One row: wall-clock seconds of every run."""

    name: str
    seconds: tuple[float, ...]
    beside: str = ""

    @property
    def minimum(self) -> float:
        return min(self.seconds)


def measure(
    name: str,
    command: Sequence[str],
    directory: Path,
    *,
    runs: int,
    beside: str = "",
    shows: str = "",
    prepare: Callable[[], None] = lambda: None,
) -> Measured:
    """Runs a command `runs` times after one warm-up. Ends the bench when it does not exit 0 or does not show this."""
    seconds = []
    for run in range(runs + 1):
        prepare()
        started = time.perf_counter()
        done = subprocess.run(command, cwd=directory, env=environment(), capture_output=True, text=True, check=False)
        taken = time.perf_counter() - started
        if done.returncode != 0 or shows not in done.stdout:
            raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        if run:
            seconds.append(taken)
    print(f"  {name}: {min(seconds):.3f} s", file=sys.stderr, flush=True)
    return Measured(name, tuple(seconds), beside)


def environment() -> dict[str, str]:
    """This machine's, without colours and without a CI's opinions."""
    return {**{k: v for k, v in os.environ.items() if k != "CI"}, "NO_COLOR": "1", "CHECKPOINT_DISABLE": "1"}


def lift_limits(project: Path) -> None:
    """An emulator that refuses nothing and works in no time, for as long as its store lives."""
    (project / ".ftops").mkdir(mode=0o700)
    Emulator(project / ".ftops" / "emulator.db", profile={**UNLIMITED, **INSTANT}).close()


class Bench:
    """Measures into `rows`, in projects under one scratch folder."""

    def __init__(self, scratch: Path, runs: int) -> None:
        self._scratch = scratch
        self._runs = runs
        self._terraform = shutil.which("terraform")
        self.rows: list[Measured] = []

    def _add(self, name: str, command: Sequence[str], directory: Path, *, beside: str = "", shows: str = "") -> None:
        self.rows.append(measure(name, command, directory, runs=self._runs, beside=beside, shows=shows))

    def starts(self) -> None:
        """How fast nothing is."""
        self._add("python -c pass", [sys.executable, "-c", "pass"], self._scratch)
        beside = "python -c pass"
        if self._terraform:
            self._add("terraform version", [self._terraform, "version"], self._scratch)
            beside = "terraform version"
        self._add("ftops --version", [FTOPS, "--version"], self._scratch, beside=beside)

    def validations(self, sizes: Sequence[int]) -> None:
        for size in sizes:
            project = self._scratch / f"validate-{size}"
            generate.ftops_project(project, resources=size)
            beside = self._terraform_of(size, "validate")
            self._add(f"ftops validate, {size:,} resources", [FTOPS, "validate"], project, beside=beside)

    def plans(self, sizes: Sequence[int]) -> None:
        """No-op plans: everything was applied before."""
        for size in sizes:
            project = self._scratch / f"plan-{size}"
            self._fresh(project, size)
            self._quietly([FTOPS, "apply", "--auto-approve"], project)
            beside = self._terraform_of(size, "plan")
            name = f"ftops plan, {size:,} resources, no changes"
            self._add(name, [FTOPS, "plan"], project, beside=beside, shows="No changes.")

    def applies(self, size: int) -> None:
        """From nothing to everything, on an emulator where work takes no time."""
        project = self._scratch / f"apply-{size}"

        def prepare() -> None:
            shutil.rmtree(project, ignore_errors=True)
            self._fresh(project, size)

        project.mkdir()
        name = f"ftops apply, {size:,} resources from nothing"
        for ftops, row, beside in (
            ([sys.executable, "-c", _WITHOUT_FSYNC], f"{name}, without fsync", ""),
            ([FTOPS], name, f"{name}, without fsync"),
        ):
            command = [*ftops, "apply", "--auto-approve"]
            self.rows.append(
                measure(row, command, project, runs=self._runs, beside=beside, shows="Applied: ", prepare=prepare)
            )

    def _fresh(self, project: Path, size: int) -> None:
        generate.ftops_project(project, resources=size, accounts=max(1, size // 100))
        lift_limits(project)

    def _terraform_of(self, size: int, verb: str) -> str:
        """Measures terraform's verb on as many resources; the name of the row, empty where it is not installed."""
        if not self._terraform:
            return ""
        directory = self._scratch / f"terraform-{size}"
        if not directory.exists():
            generate.terraform_project(directory, resources=size)
            self._quietly([self._terraform, "init"], directory)
        name = f"terraform {verb}, {size:,} terraform_data"
        command = [self._terraform, verb]
        if verb == "plan":
            self._quietly([self._terraform, "apply", "-auto-approve"], directory)
            name += ", no changes"
        if all(row.name != name for row in self.rows):
            self._add(name, command, directory, shows="no changes" if verb == "plan" else "")
        return name

    def _quietly(self, command: Sequence[str], directory: Path) -> None:
        """What has to be there before something can be measured."""
        subprocess.run(command, cwd=directory, env=environment(), capture_output=True, check=True)


def table(rows: Sequence[Measured]) -> str:
    """The rows as Markdown."""
    minimum_of = {row.name: row.minimum for row in rows}
    lines = ["| command | runs | minimum | median | |", "|---|---:|---:|---:|---|"]
    for row in rows:
        ratio = f"{row.minimum / minimum_of[row.beside]:.2f}× {row.beside}" if row.beside else ""
        figures = f"{_seconds(row.minimum)} | {_seconds(statistics.median(row.seconds))}"
        lines.append(f"| {row.name} | {len(row.seconds)} | {figures} | {ratio} |")
    return "\n".join(lines)


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures ftops beside an empty Python and terraform.")
    parser.add_argument("--quick", action="store_true", help="only what is done within a minute")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command, after one warm-up")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ftops-bench-") as scratch:
        bench = Bench(Path(scratch), arguments.runs)
        bench.starts()
        bench.validations((5, 1_000) if arguments.quick else (5, 1_000, 10_000))
        bench.plans((5, 300) if arguments.quick else (5, 300, 3_000))
        if not arguments.quick:
            bench.applies(300)
        served = emulator.figures(Path(scratch), Path(FTOPS), arguments.runs)
    print(f"{machine()}\n\n{table(bench.rows)}\n\n{emulator.table(served)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
