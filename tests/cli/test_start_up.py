"""What the quick commands must not import, and how signals and broken pipes end: in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

HEAVY = ("openai", "azure", "deepdiff", "rich", "ftops.emulator")
PROBE = """
import sys
from ftops.__main__ import main
code = main(sys.argv[1:])
print(sorted(name for name in %r if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def ftops(*arguments: str, cwd: Path, code: str = PROBE % (HEAVY,)) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("--help",), ("version",), ("validate",), ("completion", "bash"), ("plan", "--help"), ("schema",)],
)
def test_quick_commands_import_no_cloud_sdk_no_deepdiff_and_no_rich(project: Path, arguments: tuple[str, ...]):
    done = ftops(*arguments, cwd=project)

    assert done.returncode == 0
    assert done.stderr == "[]\n"


def test_the_version_is_answered_without_click(project: Path):
    done = ftops("--version", cwd=project, code=PROBE % (("click", "ftops.cli"),))

    assert (done.stdout, done.stderr) == ("ftops 0.1.0\n", "[]\n")


def test_a_reader_that_goes_away_changes_neither_the_exit_code_nor_stderr(project: Path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ftops", "validate"]
    done = subprocess.run(command, cwd=project, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_knows_no_unicode_gets_escapes_and_no_traceback(project: Path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    (project / "specs" / "more.yaml").write_text("datasets:\n  ünknown: {}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ftops", "validate"], cwd=project, env=environment, capture_output=True, check=False
    )

    assert done.returncode == 1
    assert b"\\xfcnknown" in done.stderr
    assert b"Traceback" not in done.stderr


STUBBORN = """
import time
from ftops.cli.signals import installed
with installed() as signals, signals.graceful(lambda number: print("asked", number, flush=True)):
    print("ready", flush=True)
    while True:
        time.sleep(0.01)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_leaves_at_once_whatever_is_under_way(number: signal.Signals, code: int):
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        assert running.stdout.readline() == f"asked {int(number)}\n"
        running.send_signal(number)
        try:
            running.wait(timeout=10)
        finally:
            running.kill()

    assert running.returncode == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_apply_settles_what_is_sent_and_the_next_plan_knows_it(
    project: Path, run: Run, number: signal.Signals, code: int
):
    command = [sys.executable, "-m", "ftops", "apply", "--auto-approve"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as applying:
        assert applying.stderr is not None
        for line in applying.stderr:
            if line.startswith("the ledger is new: waiting"):
                break
        applying.send_signal(number)
        rest = applying.stderr.read()
        applying.wait()

    assert applying.returncode == code
    assert "Stopping: what is being sent is settled" in rest
    assert "Traceback" not in rest
    assert run("plan").out.endswith(
        "Plan: 0 to upload, 1 to train, 1 to deploy, 0 to update, 0 to delete, 2 unchanged.\n"
    )


def test_a_signal_while_nothing_is_under_way_ends_quietly(project: Path):
    command = [sys.executable, "-m", "ftops", "emulator", "serve"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        serving.stdout.readline()
        serving.terminate()
        _, err = serving.communicate(timeout=10)

    assert (serving.returncode, "Traceback" in err) == (0, False)
