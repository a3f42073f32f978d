"""What the checks of ``deploy/`` share: tools of this machine, and a word on what is going on."""

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["CACHE", "READY", "ROOT", "done", "expect", "refused", "say"]

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "deploy"
READY = """
import os, time, urllib.request
address = "http://127.0.0.1:" + os.environ.get("ANJI_HEALTH_PORT", "8086") + "/readyz"
for left in range(120, -1, -1):
    try:
        print(urllib.request.urlopen(address).read().decode())
        break
    except OSError:
        if not left:
            raise
        time.sleep(0.5)
"""
"""Run in a container of ours: waits until it is ready, a minute at most."""


def done(tool: str, *arguments: str) -> str:
    """Run a tool at the root; return what it said, on both ways. A failure ends the process."""
    ended = _ended(tool, *arguments)
    if ended.returncode != 0:
        sys.exit(
            f"{tool} {' '.join(arguments[:2])} ended with {ended.returncode}:\n{ended.stdout}"
        )
    return ended.stdout


def refused(tool: str, *arguments: str) -> str:
    """Run a tool that must fail; return what it said."""
    ended = _ended(tool, *arguments)
    expect(ended.returncode != 0, f"{tool} {' '.join(arguments[:2])} took what it must refuse")
    return ended.stdout


def _ended(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(tool)
    if found is None:
        sys.exit(f"there is no `{tool}` in PATH; deploy/README.md says where each tool comes from")
    return subprocess.run(  # noqa: S603 - a tool of this machine, with arguments of ours
        [found, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip


def expect(what: bool, words: str) -> None:  # noqa: FBT001 - as an assert
    """End the process with `words` unless it is so."""
    if not what:
        sys.exit(words)


def say(words: str) -> None:
    """Tell whoever waits."""
    sys.stdout.write(f"check-deploy: {words}\n")
    sys.stdout.flush()
