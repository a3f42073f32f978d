"""A process that copies, to be frozen or killed: a member of a group, or an owner by force.

``python -m labs.kafka_member BOOTSTRAP PREFIX PARTITIONS SESSION_SECONDS serve|take [hold]``

It says ``copying`` for each task that it begins. With `hold` it says ``holding`` when it has a
batch in hand, and commits it only after a line on its standard input. It ends with `FENCED`
when another has its task.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anji_common.broker.port import Task
from anji_common.errors import FencedError
from labs.copying import GIVEN, copied
from labs.kafka import KafkaLab

__all__ = ["FENCED", "GROUP", "member_process", "until_said"]

FENCED = 3
GROUP = "copiers"


@asynccontextmanager
async def member_process(
    lab: KafkaLab, how: str, *, holds: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running member; killed in the end, if it still runs."""
    arguments = [
        *(lab.bootstrap, lab.prefix, str(lab.partitions), str(lab.session_timeout_seconds)),
        *(how, *(["hold"] if holds else [])),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "labs.kafka_member",
        *arguments,
        cwd=Path(__file__).parents[1],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_said(process: asyncio.subprocess.Process, word: str) -> None:
    """Wait until the member says `word`."""
    output = process.stdout
    while output is not None and (line := await output.readline()):
        if line.decode().strip() == word:
            return
    msg = f"the member ended without saying {word}"
    raise AssertionError(msg)


async def _copy(task: Task, *, holds: bool) -> None:
    _say("copying")
    while True:
        batch = await task.poll(max_records=100, wait_seconds=1)
        if not batch:
            continue
        if holds:
            _say("holding")
            await asyncio.to_thread(sys.stdin.readline)
        await task.commit(batch, copied(batch))


async def _main(lab: KafkaLab, how: str, *, holds: bool) -> int:
    broker = lab.start()
    try:
        if how == "serve":
            await broker.serve(GROUP, [GIVEN.name], lambda task: _copy(task, holds=holds))
        else:
            await _copy(await broker.take(GROUP, 0, [GIVEN.name]), holds=holds)
    except FencedError:
        return FENCED
    return 0


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _bootstrap, _prefix, _partitions, _session, _how, *_hold = sys.argv[1:]
    _lab = KafkaLab(_bootstrap, _prefix, int(_partitions), session_timeout_seconds=float(_session))
    sys.exit(asyncio.run(_main(_lab, _how, holds=bool(_hold))))
