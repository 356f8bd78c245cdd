"""`python -m ftops` and the console script. In: arguments. Out: an exit code.

`--version` is answered before anything is imported: scripts and prompts ask for it often.
"""

from __future__ import annotations

import gc
import sys

from ftops import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; `argv` is without the program's name. Never raises for an expected problem."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-version"]):
        print(f"ftops {__version__}")
        return 0
    if argv is None:
        import signal

        # Until a command can answer it, Ctrl-C ends this process as it ends any program: no traceback from an import.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Modules and parsed specs are many objects and no garbage: walking them again and again costs a tenth of the time.
    gc.set_threshold(100_000)
    from ftops.cli.app import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
