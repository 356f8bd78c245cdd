"""The main job end to end, with the commands a person would type: `make demo`.

Works in a throw-away copy of this repository's own project, on the embedded emulator; the clone stays as it is. Every
step says what must come out, and the demo ends with exit code 1 at the first that does otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
IN_SHAPE = "No changes. Azure matches the specs."
NEW_ROW = {
    "messages": [
        {"role": "system", "content": "You are the support desk of Lanternfish, a note-taking app."},
        {"role": "user", "content": "You are wasting my time!"},
        {"role": "assistant", "content": "Then let us use the next minute well. What should work and does not?"},
    ]
}


class Unexpected(Exception):
    """A step did not do what the demo says it does."""


class Demo:
    """Types commands into one project and holds them to what is expected."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join((str(BIN), os.environ["PATH"])),
            "PYTHONUNBUFFERED": "1",
        }

    def say(self, text: str) -> None:
        """A heading between commands."""
        print(_bold(f"\n# {text}") if sys.stdout.isatty() else f"\n# {text}", flush=True)

    def type(self, *words: str, exits: int = 0, shows: tuple[str, ...] = ()) -> None:
        """Runs a command in view. Raises Unexpected unless it exits so and shows all of this."""
        command = " ".join(f'"{word}"' if " " in word else word for word in words)
        print(_bold(f"$ {command}") if sys.stdout.isatty() else f"$ {command}", flush=True)
        colors = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
        process = subprocess.Popen(
            words,
            cwd=self._project,
            env={**self._environment, **colors},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        code, printed = process.wait(), "".join(lines)
        if code != exits:
            raise Unexpected(f"{command}: exit code {code}, expected {exits}")
        for text in shows:
            if text not in printed:
                raise Unexpected(f"{command}: does not show {text!r}")

    @contextmanager
    def emulator(self, note: Path) -> Iterator[None]:
        """The same emulator, on a port, for programs that know nothing of ftops; `note` gets its first line."""
        words = ["ftops", "emulator", "serve", "--store", ".ftops/emulator.db", "-o", "json"]
        print(f"$ {' '.join(words)} > {note.name} &", flush=True)
        with subprocess.Popen(
            words, cwd=self._project, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as serving:
            assert serving.stdout is not None
            note.write_text(serving.stdout.readline(), encoding="utf-8")
            try:
                yield
            finally:
                serving.terminate()


def main_job(demo: Demo, project: Path) -> None:
    """Everything from specs to nothing, one assertion a step."""
    demo.say("Two datasets with a validation set, a chain of three fine-tunes, two deployments")
    demo.type("ftops", "validate")
    demo.type("ftops", "plan", shows=("Plan: 3 to upload, 3 to train, 2 to deploy",))
    demo.say("Make it so, in dependency order")
    demo.type("ftops", "apply", "--auto-approve")
    demo.type("ftops", "plan", shows=(IN_SHAPE,))
    demo.type("ftops", "ask", "support-bot", "Where do I find my invoices?")

    demo.say("Somebody who has never heard of ftops changes things, through the Azure SDK")
    note = project / ".ftops" / "emulator.json"
    with demo.emulator(note):
        demo.type("python", str(ROOT / "examples/05-drift/somebody.py"), str(note), "support-bot", "baseline")
    demo.type("ftops", "drift", exits=2, shows=("deployment/support-bot", "deployment/baseline"))
    demo.type("ftops", "apply", "--auto-approve")
    demo.type("ftops", "plan", shows=(IN_SHAPE,))

    demo.say("One more row in the middle of the chain: the first link stays, the rest follows")
    data = project / "data" / "escalations-train.jsonl"
    before = data.read_bytes()
    data.write_bytes(before + json.dumps(NEW_ROW).encode() + b"\n")
    demo.type("ftops", "plan", shows=("Plan: 1 to upload, 2 to train, 1 to deploy",))
    demo.say("Taking the edit back costs nothing")
    data.write_bytes(before)
    demo.type("ftops", "plan", shows=(IN_SHAPE,))

    demo.say("And away with it: deployments, then files; models and jobs stay and can be taken up again")
    demo.type("ftops", "destroy", "--auto-approve")
    demo.type("ftops", "plan", shows=("2 to deploy",))


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftops-demo-") as scratch:
        project = Path(scratch)
        shutil.copy(ROOT / "ftops.yaml", project)
        for folder in ("specs", "data"):
            shutil.copytree(ROOT / folder, project / folder)
        try:
            main_job(Demo(project), project)
        except Unexpected as difference:
            print(f"\ndemo: {difference}", file=sys.stderr)
            return 1
    print("\nThe demo did what it said.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
