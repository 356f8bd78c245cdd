"""Killed at any moment, ftops never pays twice, never loses a job, and never leaves a ledger it cannot read.

Real processes, real HTTP, real fsync. The judge is the emulator's bill. A red run prints its seed.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.e2e.appliers import TUNES, Site, site, strikes


def judge(place: Site, seed: int) -> None:
    """One job for each training that was ever wanted, of which the current ones all exist."""
    bought = place.jobs()
    assert max(bought.values()) == 1, f"seed {seed}: {bought}"
    assert place.in_shape(), f"seed {seed}"
    known = {job.token for job in place.recorded().jobs.values() if job.outcome == "done"}
    assert {suffix[-10:] for suffix in bought} == known, f"seed {seed}"


def killed(directory: Path, count: int) -> None:
    seed = int(os.environ.get("FTOPS_SEED", random.randrange(2**32)))
    print(f"FTOPS_SEED={seed}")
    survived = 0
    with site(directory) as place:
        for _, code, err, _ in strikes(place, count, seed, (signal.SIGKILL,)):
            survived += code == 0
            assert code in (0, -signal.SIGKILL), f"seed {seed}: exit code {code}\n{err}"
            place.recorded()
        judge(place, seed)
    assert survived < count, f"seed {seed}: every apply was done before it was killed"


def test_twenty_kills_pay_nothing_twice_and_lose_nothing(tmp_path: Path):
    killed(tmp_path, 20)


@pytest.mark.e2e
def test_two_hundred_kills_pay_nothing_twice_and_lose_nothing(tmp_path: Path):
    killed(tmp_path, 200)


def test_two_appliers_at_once_on_one_ledger_make_each_job_once(tmp_path: Path):
    with site(tmp_path) as place:
        for generation in (1, 2):
            place.write(generation)
            both = [place.apply(), place.apply()]
            told = [process.communicate(timeout=60) for process in both]
            assert [process.returncode for process in both] == [0, 0], told
        assert sorted(place.jobs().values()) == [1] * 2 * len(TUNES)
        assert place.in_shape()
