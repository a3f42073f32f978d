"""The port `Broker`: topics, groups of tasks with transactions, and readers.

A *task* is the right to work on one partition number of a group's input topics, which all have
the same number of partitions. Whoever took a task last owns it; a former owner is fenced.
What only one adapter can do is not here.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from anji_common.messages import Message, Record
from anji_common.topics import Topic

__all__ = ["Broker", "Lag", "Reader", "ResetTo", "Task", "Work"]

ResetTo = Literal["start", "end"] | datetime
"""Where a group is put: the oldest record, past the newest, or the first at or after a time."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in one partition of one topic."""

    topic: str
    partition: int
    records: int
    """Committed records not yet moved past. Kafka counts the markers of transactions among them,
    but where nothing else is left, it is 0."""
    seconds: float
    """Age of the oldest of them; 0 if there is none."""


class Task(Protocol):
    """The right to work on one partition number, until somebody else takes it."""

    @property
    def partition(self) -> int:
        """The partition number, the same in all input topics."""
        ...

    async def poll(
        self,
        topics: Sequence[str] | None = None,
        *,
        max_records: int = 500,
        wait_seconds: float = 0.0,
    ) -> list[Record]:
        """Return the next records of `topics` (all inputs by default), in order within a topic.

        Of no topics it returns none, and waits to be woken or to be told that the task is gone:
        for a work that has enough in hand.

        Waits at most `wait_seconds` for the first one; returns none when nothing came or
        `wake` was called. What was polled is not polled again, until `rewind` or a new owner.

        Raises:
            RevokedError: the task goes to another member: end the work.
            FencedError: another owner has taken the task.
        """
        ...

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        """Publish `outputs` and move past `done`, in one transaction: both or neither.

        `done` may be empty: then the outputs alone are atomic. Progress is kept per topic:
        past the highest offset of `done`. Where it raises, nothing was published and the task
        stands where it stood (call `rewind` to poll the same records again).

        Returns:
            For each topic of `outputs` that has an output in *this task's* partition number:
            the offset after the last such output. (A state view may move its position there.)

        Raises:
            FencedError: another owner has taken the task; nothing was published.
        """
        ...

    async def rewind(self) -> None:
        """Poll again from what is committed."""
        ...

    def wake(self) -> None:
        """Let a waiting `poll`, or else the next one, return at once."""
        ...

    async def close(self) -> None:
        """Give the task back, without committing. The group's place stays."""
        ...


Work = Callable[[Task], Awaitable[None]]
"""What is done with a task: a loop until `RevokedError`."""


class Reader(Protocol):
    """Reads committed records of given partitions, outside any group."""

    async def poll(self, *, max_records: int = 500, wait_seconds: float = 0.0) -> list[Record]:
        """Return the next committed records, in order within a partition; none after waiting."""
        ...

    def position(self, partition: int) -> int:
        """Return the offset below which everything committed has been returned by `poll`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Broker(Protocol):
    """Topics, and the right to work on a share of them.

    Promises, each with tests of that name in ``tests/contract``, on every adapter:

    - durable: what `publish` has returned from survives ``kill -9``.
    - ordered: records of one key are read in the order of their publishing.
    - partitioned: a key's partition is murmur2 of its bytes, as Java's and aiokafka's.
    - atomic: outputs and progress of one `Task.commit` are seen together or not at all.
    - fenced: whoever takes a task last owns it; the former owner can publish nothing.
    - shared: members that join and leave a group lose no record and double no commit.
    - replayable: a reader starts at any offset or time; a group can be reset.
    - measured: lag is told in records and in seconds.
    - declared: a topic is made from the table; one of another shape is refused with instructions.
    """

    @property
    def partitions(self) -> int:
        """How many partitions every topic of this installation has."""
        ...

    async def declare(self, topics: Iterable[Topic]) -> None:
        """Make the topics that do not exist, and compare those that do.

        Raises:
            ConfigurationError: one exists with another partition count or clean-up policy; the
                message says which and what to do. Nothing was changed then.
        """
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish outside any task; durable when it returns.

        Raises:
            ConfigurationError: a topic was not declared.
        """
        ...

    async def take(self, group: str, partition: int, inputs: Sequence[str]) -> Task:
        """Take one task by force: the former owner, if any, is fenced from now on."""
        ...

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        """Join `group` and run `work` for every task given to us, until cancelled.

        A task that is to go elsewhere raises `RevokedError` from its `poll`; its work is waited
        for before another member begins. Work that ends by `RevokedError` is over, and one that
        ends by `FencedError` as well: its task is begun again where it is ours still. Any other
        error ends this call with it. Cancelling ends all works and leaves the group.
        """
        ...

    async def reader(self, topic: str, starts: Mapping[int, int]) -> Reader:
        """Return a reader of the partitions in `starts`, each from that offset.

        Where that is gone already, from the oldest record still there.
        """
        ...

    async def beginnings(self, topic: str) -> Mapping[int, int]:
        """Return the oldest offset of each partition."""
        ...

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Return the offset after the newest committed record of each partition."""
        ...

    async def offsets_at(self, topic: str, at: datetime) -> Mapping[int, int]:
        """Return per partition the first offset at or after a time; its end if there is none."""
        ...

    async def committed(
        self, group: str, topics: Sequence[str]
    ) -> Mapping[str, Mapping[int, int]]:
        """Return per topic and partition a group's next offset; nothing where it never was."""
        ...

    async def lag(self, group: str, inputs: Sequence[str]) -> Sequence[Lag]:
        """Return how far a group is behind."""
        ...

    async def reset(self, group: str, inputs: Sequence[str], to: ResetTo) -> None:
        """Put a group elsewhere. Running tasks of the group are fenced and start from there.

        Raises:
            ConfigurationError: the broker cannot do it while members are running (Kafka); the
                message says so.
        """
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...
