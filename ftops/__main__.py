"""`python -m ftops` and the console script. In: arguments. Out: an exit code.

`--version` is answered before anything is imported: scripts and prompts ask for it often.
"""

from __future__ import annotations

import gc
import os
import sys

from ftops import __version__

#: 128 + SIGINT and 128 + SIGTERM.
INTERRUPTED = (130, 143)
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
        _end_quietly_until_a_command_listens()
    # Modules and parsed specs are many objects and no garbage: walking them again and again costs a tenth of the time.
    gc.set_threshold(100_000)
    from ftops.cli.app import run

    code = run(arguments)
    if argv is None and code in INTERRUPTED:
        # The signal may have struck in any instruction, an import's bookkeeping too: a thread that waits for what was
        # left there would be waited for without end.
        os._exit(code)
    return code


def _end_quietly_until_a_command_listens() -> None:
    """Ctrl-C during imports ends this process as it ends any program, without a traceback; ignored stays ignored."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
