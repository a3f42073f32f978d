"""A broker that takes no large records, as Kafka takes none of more than 1 MB."""

from collections.abc import Mapping, Sequence

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Task, Work
from anji_common.errors import RejectedError, RetriableError
from anji_common.messages import Message, Record

__all__ = ["StrictBroker"]

_MOST_BYTES = 3000


class StrictBroker(EmbeddedBroker):
    """Takes no record of more than 3,000 bytes; and none at all at first, if told so."""

    failures = 0

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        await super().serve(group, inputs, lambda task: work(_StrictTask(task, self)))


class _StrictTask:
    def __init__(self, task: Task, broker: StrictBroker) -> None:
        self._task = task
        self._broker = broker
        self.poll, self.rewind = task.poll, task.rewind
        self.wake, self.close = task.wake, task.close

    @property
    def partition(self) -> int:
        return self._task.partition

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if self._broker.failures:
            self._broker.failures -= 1
            msg = "the cluster did not answer in time"
            raise RetriableError(msg)
        for each in outputs:
            if len(each.value or b"") > _MOST_BYTES:
                msg = f"a record for {each.topic} is too large"
                raise RejectedError(msg)
        return await self._task.commit(done, outputs)
