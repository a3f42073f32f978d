"""A task of `EmbeddedBroker`: a share of a group's inputs under an epoch, and its transactions.

The epoch stands in the file and rises whenever the task is taken. Every commit compares it in
its own transaction, so a former owner, in this process or in another, publishes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anji_common.broker.embedded_core import EmbeddedCore, group_key
from anji_common.broker.embedded_queue import Transaction
from anji_common.broker.embedded_store import EmbeddedStore, Shape
from anji_common.errors import ConfigurationError, FencedError, RevokedError
from anji_common.messages import Message, Record

__all__ = ["EmbeddedTask", "Seat", "is_free", "shapes_of", "take_by_force", "take_if_free"]


@dataclass(frozen=True, slots=True)
class Seat:
    """Which task: one partition number of one group, with the topics that it reads."""

    group: str
    partition: int
    inputs: Mapping[str, Shape]


def shapes_of(store: EmbeddedStore, inputs: Sequence[str]) -> dict[str, Shape]:
    """Return the inputs of a group as they stand in the file.

    Raises:
        ConfigurationError: one was never declared, or their partition counts differ.
    """
    shapes = {name: store.shape(name) for name in inputs}
    counts = {name: shape.partitions for name, shape in shapes.items()}
    if len(set(counts.values())) != 1:
        msg = f"the inputs of a group need the same number of partitions, found {counts}"
        raise ConfigurationError(msg)
    return shapes


async def take_by_force(core: EmbeddedCore, seat: Seat) -> "EmbeddedTask":
    """Take a task, whoever owns it."""
    task = await core.queue.ask(lambda transaction: _taken(transaction, core, seat, None))
    core.presence.hold()
    return task


async def take_if_free(core: EmbeddedCore, seat: Seat, member_id: int) -> "EmbeddedTask | None":
    """Take a task as a member of its group; `None` if somebody owns it."""

    def operation(transaction: Transaction) -> "EmbeddedTask | None":
        if not is_free(transaction.store, seat.group, seat.partition):
            return None
        return _taken(transaction, core, seat, member_id)

    task = await core.queue.ask(operation)
    if task is not None:
        core.presence.hold()
    return task


def _taken(
    transaction: Transaction, core: EmbeddedCore, seat: Seat, member_id: int | None
) -> "EmbeddedTask":
    ((epoch,),) = transaction.store.rows(
        "INSERT INTO owners VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET"
        " epoch = epoch + 1, process_id = excluded.process_id, member_id = excluded.member_id"
        " RETURNING epoch",
        seat.group,
        seat.partition,
        core.presence.process_id(transaction),
        member_id,
    )
    transaction.store.forget_owners()
    transaction.touched.add(group_key(seat.group))
    return EmbeddedTask(core, seat, epoch)


def is_free(store: EmbeddedStore, group: str, partition: int) -> bool:
    """Say whether nobody owns a task: given back, never taken, or its owner is gone."""
    return not store.rows(
        "SELECT 1 FROM owners JOIN processes USING (process_id)"
        " WHERE group_name = ? AND partition = ? AND"
        " (member_id IS NULL OR member_id IN (SELECT member_id FROM members))",
        group,
        partition,
    )


class EmbeddedTask:
    """The port `Task`."""

    def __init__(self, core: EmbeddedCore, seat: Seat, epoch: int) -> None:
        self._core = core
        self._seat = seat
        self._epoch = epoch
        self._logs = {
            name: shape.log(seat.partition)
            for name, shape in seat.inputs.items()
            if seat.partition < shape.partitions
        }
        self._event = asyncio.Event()
        self._is_woken = False
        self._is_revoked = False
        self._is_closed = False
        self._turn = 0
        self._positions: dict[str, int] = {}
        self._stand()

    @property
    def partition(self) -> int:
        return self._seat.partition

    async def poll(
        self,
        topics: Sequence[str] | None = None,
        *,
        max_records: int = 500,
        wait_seconds: float = 0.0,
    ) -> list[Record]:
        wanted = tuple(self._seat.inputs) if topics is None else topics
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            self._event.clear()
            self._core.store.refresh()
            self._check()
            found = self._read(wanted, max_records)
            remaining = deadline - loop.time()
            if found or self._is_woken or remaining <= 0:
                break
            keys = [group_key(self._seat.group), *(self._logs[name] for name in wanted)]
            await self._core.wakeups.wait(self._event, keys, remaining)
        self._is_woken = False
        if not found:
            await self._core.clock.sleep(0)  # a loop of empty polls must not starve the others
        return found

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        marks = self._marks(done)
        store = self._core.store
        entries = [store.entry(message) for message in outputs]

        def operation(transaction: Transaction) -> dict[str, int]:
            self._check_epoch(is_known=not store.is_shared)
            transaction.append(entries)
            store.run_many(
                "INSERT INTO progress VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " next_offset = max(next_offset, excluded.next_offset)",
                marks,
            )
            ends: dict[str, int] = {}
            for message, entry in zip(outputs, entries, strict=True):
                shape = store.shape(message.topic)
                if self.partition < shape.partitions and entry[0] == shape.log(self.partition):
                    ends[message.topic] = transaction.ends[entry[0]]
            return ends

        return await self._core.queue.ask(operation)

    async def rewind(self) -> None:
        self._stand()

    def wake(self) -> None:
        self._is_woken = True
        self._event.set()

    async def close(self) -> None:
        if not self._is_closed:
            self.abandon()
            await self._core.queue.ask(self._release)

    def abandon(self) -> None:
        """Be of no use from now on; whoever calls this frees the task in the file."""
        if not self._is_closed:
            self._is_closed = True
            self._core.presence.let_go()

    def revoke(self) -> None:
        """Have `poll` raise `RevokedError` from now on."""
        self._is_revoked = True
        self._event.set()

    def _release(self, transaction: Transaction) -> None:
        transaction.store.run(
            "UPDATE owners SET process_id = NULL, member_id = NULL"
            " WHERE group_name = ? AND partition = ? AND epoch = ?",
            self._seat.group,
            self.partition,
            self._epoch,
        )
        transaction.touched.add(group_key(self._seat.group))

    def _stand(self) -> None:
        """Stand where the group stands; at the beginning where it has no place yet."""
        self._positions = {
            name: place
            for name, place in self._core.store.rows(
                "SELECT topic, next_offset FROM progress WHERE group_name = ? AND partition = ?",
                self._seat.group,
                self.partition,
            )
            if name in self._seat.inputs
        }

    def _read(self, wanted: Sequence[str], max_records: int) -> list[Record]:
        """Read the topics in turn, each time beginning with another, so that none starves."""
        if not wanted:
            return []
        self._turn += 1
        found: list[Record] = []
        store, positions, logs = self._core.store, self._positions, self._logs
        first = self._turn % len(wanted)
        for name in (*wanted[first:], *wanted[:first]):
            start = positions.get(name, 0)
            if start < store.ends.get(logs[name], 0):
                records, positions[name] = store.read(
                    self._seat.inputs[name], self.partition, start, max_records - len(found)
                )
                found += records
                if len(found) >= max_records:
                    break
        return found

    def _marks(self, done: Sequence[Record]) -> list[tuple[object, ...]]:
        nexts: dict[str, int] = {}
        for record in done:
            if record.partition != self.partition:
                msg = f"task {self._seat.group}-{self.partition} cannot move past {record.place}"
                raise ConfigurationError(msg)
            nexts[record.topic] = max(nexts.get(record.topic, 0), record.offset + 1)
        return [(self._seat.group, name, self.partition, place) for name, place in nexts.items()]

    def _check(self) -> None:
        """See whether the task is still ours, as of the last look at the file."""
        epochs, place = self._core.store.epochs, (self._seat.group, self._seat.partition)
        if epochs.get(place) != self._epoch or self._is_closed:
            self._check_epoch()
            epochs[place] = self._epoch
        if self._is_revoked:
            msg = f"task {self._seat.group}-{self.partition} goes to another member"
            raise RevokedError(msg)

    def _check_epoch(self, *, is_known: bool = False) -> None:
        """See in the file itself whether the task is ours; `is_known`: what was seen stands."""
        if is_known and not self._is_closed:
            seen = self._core.store.epochs.get((self._seat.group, self._seat.partition))
            if seen == self._epoch:
                return
        found = self._core.store.rows(
            "SELECT epoch FROM owners WHERE group_name = ? AND partition = ?",
            self._seat.group,
            self.partition,
        )
        if self._is_closed or found != [(self._epoch,)]:
            msg = f"task {self._seat.group}-{self.partition} has another owner now"
            raise FencedError(msg)
