"""One of our tasks that copies numbers, with two under way at a time; a process of its own.

``python -m labs.task_worker BOOTSTRAP PREFIX SESSION_SECONDS CONCURRENCY RAISING HOLDING``

A work that raises ends the process, as a service of ours ends: whoever runs it starts it again.
"""

import asyncio
import sys

from anji_common.broker.port import Task
from anji_common.messages import Message
from labs.kafka import KafkaLab
from labs.losses import COPIED, GROUP, SENT, Fate

__all__ = ["copy_by_task"]


async def copy_by_task(task: Task, concurrency: int, fate: Fate) -> None:
    """Copy for as long as the task is ours."""
    while True:
        batch = await task.poll(max_records=concurrency, wait_seconds=1)
        async with asyncio.TaskGroup() as together:
            for record in batch:
                together.create_task(fate.befall(int(record.value or b"")))
        copies = [Message(COPIED.name, record.text_key, record.value) for record in batch]
        await task.commit(batch, copies)


async def _main(lab: KafkaLab, concurrency: int, fate: Fate) -> None:
    await lab.start().serve(GROUP, [SENT.name], lambda task: copy_by_task(task, concurrency, fate))


if __name__ == "__main__":
    _bootstrap, _prefix, _session, _concurrency, *_fate = sys.argv[1:]
    _lab = KafkaLab(
        bootstrap=_bootstrap,
        prefix=_prefix,
        partitions=1,
        session_timeout_seconds=float(_session),
    )
    asyncio.run(_main(_lab, int(_concurrency), Fate.parse(*_fate)))
