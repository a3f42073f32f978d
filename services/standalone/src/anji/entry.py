"""Where the `anji` command begins: Ctrl-C ends it without a trace, also while it loads."""

import sys

__all__ = ["INTERRUPTED", "main"]

INTERRUPTED = 130
"""As a shell has it: 128 and the signal's number."""


def main() -> None:
    """Load the command and run it, and end the process with its exit code."""
    try:
        from anji.cli import main as run  # noqa: PLC0415 - Ctrl-C is heard from here on

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
