"""Services of Anji in a process of its own, which tells what it has taken of its processor.

``python -m bench.callback_served SERVICES SETTINGS`` with the names of services, joined by commas,
and what the environment of ``anji run`` would hold, as JSON: prints the port of health as one line
of JSON once they are started, then its processor seconds for every line that it is sent, and ends
when there are no more.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence

from anji.installation import Installation
from anji.up import run_services
from anji_common.logs import configure_logs

__all__ = ["main"]


async def main(names: Sequence[str], environment: Mapping[str, str]) -> None:
    """Serve until there are no more lines."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    work = run_services(Installation.read(environment), names, on_ready=started.set_result)
    serving = asyncio.ensure_future(work)
    serving.add_done_callback(lambda ended: None if started.done() else _give_up(ended, started))
    _say({"health_port": await started})
    while await asyncio.to_thread(sys.stdin.readline):
        _say(time.process_time())
    serving.cancel()
    await asyncio.wait({serving})


def _give_up(ended: asyncio.Future[None], started: asyncio.Future[int]) -> None:
    started.set_exception(ended.exception() or RuntimeError("ended before it was started"))


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    configure_logs("json", "error")
    asyncio.run(main(sys.argv[1].split(","), json.loads(sys.argv[2])))
