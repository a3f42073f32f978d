"""A sandbox in a process of its own, which tells what it has taken of its processor.

``python -m bench.sandbox_served fxiaoke|k3cloud [FOLDER]`` prints its address and credentials as
one line of JSON, then its processor seconds for every line that it is sent, and ends when there
are no more.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits
from anji_sandbox.http import serve
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store

__all__ = ["main"]

_UNLIMITED = FxiaokeLimits(calls_per_window=10**9, tokens_per_minute=10**6, daily_calls=10**9)


async def main(vendor: str, folder: Path | None) -> None:
    """Serve a vendor until there are no more lines."""
    store = Store(None if folder is None else folder / f"{vendor}.db")
    core: FxiaokeCore | K3CloudCore = (
        FxiaokeCore(store, limits=_UNLIMITED, seed="bench")
        if vendor == "fxiaoke"
        else K3CloudCore(store, seed=1)
    )
    async with serve(core) as server:
        _say({"url": server.url, **core.credentials})
        while await asyncio.to_thread(sys.stdin.readline):
            _say(time.process_time())


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
