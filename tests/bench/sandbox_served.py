"""A sandbox CRM in a process of its own, which tells what it has taken of its processor.

``python -m bench.sandbox_served [FOLDER]`` prints its address and credentials as one line of
JSON, then its processor seconds for every line that it is sent, and ends when there are no more.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits
from anji_sandbox.http import serve
from anji_sandbox.store import Store

__all__ = ["main"]

_UNLIMITED = FxiaokeLimits(calls_per_window=10**9, tokens_per_minute=10**6, daily_calls=10**9)


async def main(folder: Path | None) -> None:
    """Serve until there are no more lines."""
    store = Store(None if folder is None else folder / "crm.db")
    core = FxiaokeCore(store, limits=_UNLIMITED, seed="bench")
    async with serve(core) as server:
        _say({"url": server.url, **core.credentials})
        while await asyncio.to_thread(sys.stdin.readline):
            _say(time.process_time())


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
