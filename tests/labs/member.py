"""A process that works on a lab's topics, to be frozen or killed; on either adapter.

``python -m labs.member MODE ADAPTER ARGUMENTS...``, where the mode is one of

- ``serve``: a member of the group that copies; says ``copying`` for each task that it begins.
- ``own``: takes task 0 by force and copies.
- ``serve-frozen``, ``own-frozen``: the same, but with its first batch in hand it says
  ``holding`` and freezes itself (SIGSTOP), as a debugger or a suspended machine would. Thawed,
  it commits what it holds.
- ``own-much``: takes task 0 by force and copies hundreds of records in each transaction, and
  says ``committing`` and ``committed`` before and after.
- ``publish``: publishes numbers, and says each after `publish` has returned from it.

It ends with `FENCED` when another has its task.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from anji_common.broker.port import Broker, Task
from anji_common.clock import SystemClock
from anji_common.errors import FencedError
from anji_common.messages import Message, Record
from labs.brokers import BrokerLab
from labs.copying import GIVEN, copied
from labs.embedded import EmbeddedLab
from labs.kafka import KafkaLab

__all__ = ["FENCED", "GROUP", "member_process", "said", "thaw", "until_frozen", "until_said"]

FENCED = 3
GROUP = "copiers"
_MUCH_RECORDS = 500
_LOOK_SECONDS = 0.01


@asynccontextmanager
async def member_process(lab: BrokerLab, mode: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running member; killed in the end, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "labs.member", mode, *lab.arguments),
        cwd=Path(__file__).parents[1],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_said(process: asyncio.subprocess.Process, word: str) -> None:
    """Wait until the member says `word`."""
    output = process.stdout
    while output is not None and (line := await output.readline()):
        if line.decode().strip() == word:
            return
    msg = f"the member ended without saying {word}"
    raise AssertionError(msg)


async def said(process: asyncio.subprocess.Process) -> list[str]:
    """Return what an ended member had said since it was last listened to."""
    return (await process.communicate())[0].decode().split()


async def until_frozen(process: asyncio.subprocess.Process) -> None:
    """Wait until the member has a batch in hand and stands still."""
    await until_said(process, "holding")
    clock = SystemClock()
    while not _is_stopped(process.pid):
        await clock.sleep(_LOOK_SECONDS)


def thaw(process: asyncio.subprocess.Process) -> None:
    """Let a frozen member go on."""
    process.send_signal(signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    """Ask the system; after the name in brackets comes the state, ``T`` for stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def _copy(task: Task, *, freezes: bool) -> None:
    _say("copying")
    while True:
        batch = await task.poll(max_records=100, wait_seconds=1)
        if not batch:
            continue
        if freezes:
            _say("holding")
            signal.raise_signal(signal.SIGSTOP)
            freezes = False
        await task.commit(batch, copied(batch))


async def _copy_much(task: Task) -> None:
    while True:
        batch: list[Record] = []
        while len(batch) < _MUCH_RECORDS:
            batch += await task.poll(max_records=_MUCH_RECORDS - len(batch), wait_seconds=1)
        _say("committing")
        await task.commit(batch, copied(batch))
        _say("committed")


async def _publish(broker: Broker) -> None:
    for number in count():
        await broker.publish([Message(GIVEN.name, f"key-{number % 7}", str(number).encode())])
        _say(str(number))


async def _work(lab: BrokerLab, mode: str) -> None:
    broker, (how, _, extra) = lab.start(), mode.partition("-")
    if how == "publish":
        await _publish(broker)
    if how == "serve":
        await broker.serve(GROUP, [GIVEN.name], lambda task: _copy(task, freezes=bool(extra)))
    task = await broker.take(GROUP, 0, [GIVEN.name])
    await (_copy_much(task) if extra == "much" else _copy(task, freezes=bool(extra)))


async def _main(lab: BrokerLab, mode: str) -> int:
    try:
        await _work(lab, mode)
    except FencedError:
        return FENCED
    return 0


def _lab_from(arguments: list[str]) -> BrokerLab:
    adapter, *where, partitions, session = arguments
    if adapter == "embedded":
        return EmbeddedLab(int(partitions), float(session), home=Path(where[0]))
    bootstrap, prefix = where
    return KafkaLab(int(partitions), float(session), bootstrap=bootstrap, prefix=prefix)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_lab_from(sys.argv[2:]), sys.argv[1])))
