"""Two simulated years of random legal calls: nothing breaks, nothing grows, and the store stays true to itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ftops.emulator import Emulator
from tests.emulator.bench import Bench
from tests.emulator.soak import ACCOUNTS, DAY_SECONDS, Soak, check_invariants, store_bytes

MONTHS_24 = 730 * DAY_SECONDS
SECONDS, CALLS_A_SECOND, CLIENTS = 180, 20, 4
STORE_BYTES_MAX = 50 * 1024**2
#: As slow as the service, so that calls meet work in progress.
LIKE_THE_SERVICE = {
    "file_seconds": 60.0,
    "job_pending_seconds": 600.0,
    "job_running_seconds": 7200.0,
    "deployment_seconds": 120.0,
    "deployment_delete_seconds": 20.0,
}
_SERVE = """
import json, pathlib, sys
from ftops.emulator import Emulator
accounts = dict.fromkeys(json.loads(sys.argv[2]))
with Emulator(pathlib.Path(sys.argv[1]), accounts=accounts, profile=json.loads(sys.argv[3])) as emulator:
    print(emulator.url, flush=True)
    sys.stdin.read()
"""


def soak(emulator: Emulator, store: Path, *, calls: int, seed: int) -> Soak:
    client = Soak(emulator.url, seed)
    for _ in range(calls):
        client.step(MONTHS_24 / calls)
    client.close()
    check_invariants(store, Bench(emulator))
    return client


def test_two_simulated_years_of_legal_calls_leave_a_sound_and_small_store(tmp_path: Path) -> None:
    store = tmp_path / "soak.db"
    with Emulator(store, accounts=dict.fromkeys(ACCOUNTS), profile=LIKE_THE_SERVICE) as emulator:
        client = soak(emulator, store, calls=1000, seed=24)
    assert store_bytes(store) < STORE_BYTES_MAX
    assert client.answered[500] == 0
    assert {200, 201, 400, 404} <= set(client.answered)


def test_the_same_seed_makes_the_same_two_years(tmp_path: Path) -> None:
    answered = []
    for name in ("a", "b"):
        profile = {**LIKE_THE_SERVICE, "id_seed": "soak"}
        with Emulator(tmp_path / f"{name}.db", accounts=dict.fromkeys(ACCOUNTS), profile=profile) as emulator:
            answered.append(soak(emulator, tmp_path / f"{name}.db", calls=150, seed=7).answered)
    assert answered[0] == answered[1]


@pytest.mark.e2e
def test_three_minutes_at_twenty_calls_a_second_take_no_memory(tmp_path: Path) -> None:
    store = tmp_path / "soak.db"
    arguments = [str(store), json.dumps(ACCOUNTS), json.dumps(LIKE_THE_SERVICE)]
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server, ThreadPoolExecutor(CLIENTS) as pool:
        assert server.stdout is not None
        assert server.stdin is not None
        url = server.stdout.readline().strip()
        running = [pool.submit(_paced, Soak(url, seed)) for seed in range(CLIENTS)]
        memory: list[int] = []
        while not all(client.done() for client in running):
            memory.append(_resident_bytes(server.pid))
            time.sleep(5)
        answered = sum((client.result().answered for client in running), Counter[int]())
        check_invariants(store, Bench(url))
        server.stdin.close()
    assert sum(answered.values()) >= SECONDS * CALLS_A_SECOND
    settled = memory[len(memory) // 3 :]
    assert max(settled) - min(settled) < 8 * 1024**2, memory
    assert store_bytes(store) < STORE_BYTES_MAX


def _paced(client: Soak) -> Soak:
    calls = SECONDS * CALLS_A_SECOND // CLIENTS
    started_at = time.monotonic()
    for number in range(1, calls + 1):
        client.step(MONTHS_24 / calls / CLIENTS)
        time.sleep(max(0.0, started_at + number * SECONDS / calls - time.monotonic()))
    client.close()
    return client


def _resident_bytes(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
