"""Rebuild: links made anew from the topics, with not one vendor write (``protocol.md`` 16).

The order is the guarantee. First nobody decides any more: the mapper is stopped, and its group
fenced. Then the writers finish what was decided. Then every source says that it has read what had
changed by then. Only now are the ends of the topics taken, and the changes up to them folded: what
stands on both sides of a pair is agreed. Seats and the group's new place are published under the
mapper's own transactional ids, so a mapper that was forgotten somewhere is fenced.

Without `apply` nothing waits, nothing is published, and nobody is fenced: it is only told what
would be found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Broker, Task
from anji_common.errors import ConfigurationError
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.messages import Message, Record
from anji_common.refs import SYSTEMS
from anji_common.runtime import Runtime
from anji_common.topics import CROSSWALK, LINKS
from anji_common.views import View
from anji_mapper.decode import GROUP, input_topics
from anji_mapper.link.codec import seat_message
from anji_mapper.link.context import Context
from anji_mapper.link.rebuilt import link_of, lone_seat
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.quieting import OnProgress, Quiet
from anji_mapper.refolding import Fold, Found, pair_up

__all__ = ["Rebuild", "TypeReport"]

_CHUNK_MESSAGES = 500
_PROGRESS_EVERY = 5000


@dataclass(slots=True)
class TypeReport:
    """What was found of one link type."""

    name: str
    found: Found = field(default_factory=Found)
    unsettled: int = 0
    """Pairs that differ in some field or line: nothing of that is written."""
    ended: int = 0
    """Pairs of which one record is gone."""
    unseen: int = 0
    """Pairs of which the topics do not hold both records: settled once they do."""
    unmatched: Mapping[str, int] = field(default_factory=dict)
    """System → records without a counterpart; new ones are decided as ever, looked up first."""

    @property
    def rebuilt(self) -> int:
        """How many pairs there are."""
        return self.found.by.total()


class Rebuild:
    """One rebuild of an installation whose mapper is stopped."""

    def __init__(
        self,
        mappings: Mappings,
        runtime: Runtime,
        *,
        patience_seconds: float = 600.0,
        on_progress: OnProgress = lambda _what, _count: None,
    ) -> None:
        """Prepare it.

        Args:
            mappings: Every link type.
            runtime: Broker and clock; the folder of views, where this process has one.
            patience_seconds: How long writers and sources may take.
            on_progress: Told what is done.
        """
        self._mappings = mappings
        self._runtime = runtime
        self._broker: Broker = runtime.broker
        self._quiet = Quiet(mappings, runtime, patience_seconds, on_progress)
        self._on_progress = on_progress

    async def look(self) -> list[TypeReport]:
        """Return what would be rebuilt; nothing is changed."""
        return await self._rebuilt({}, on_disk=True)

    async def apply(self, *, replaces: bool = False) -> list[TypeReport]:
        """Make all links anew.

        Args:
            replaces: Also where links stand.

        Raises:
            ConfigurationError: links stand, a mapper is running, or writers or sources did not
                come to an end in time. Nothing was rebuilt then.
            FencedError: a mapper was started meanwhile; do it again without one.
        """
        await self._refuse_standing(replaces=replaces)
        inputs = input_topics(self._mappings)
        await self._broker.reset(GROUP, inputs, "end")
        newest = await self._quiet.until_writers_are_done()
        await self._quiet.until_sources_have_read()
        ends = {topic: await self._broker.ends(topic) for topic in inputs}
        async with AsyncExitStack() as taken:
            tasks: dict[int, Task] = {}
            for partition in range(self._broker.partitions):
                tasks[partition] = await self._broker.take(GROUP, partition, inputs)
                taken.push_async_callback(tasks[partition].close)
            # where the services' views are in memory, the topics fit there as well
            on_disk = self._runtime.state_dir is not None
            reports = await self._rebuilt(tasks, on_disk=on_disk, least_generation=newest + 1)
            for partition, task in tasks.items():
                await task.commit(_marks(ends, partition))
        _forget_views(self._runtime.state_dir)
        return reports

    async def _rebuilt(
        self, tasks: Mapping[int, Task], *, on_disk: bool, least_generation: int = 0
    ) -> list[TypeReport]:
        with _folder() if on_disk else nullcontext() as folder:
            self._on_progress("reading the topics", 0)
            async with Fold(self._mappings, self._broker, folder) as fold:
                now = self._runtime.clock.now()
                context = Context(
                    self._mappings, fold.references, now, least_generation=least_generation
                )
                work = _Work(fold, context, tasks)
                by_keys = not fold.has_crosswalk
                reports = []
                for link_type in self._mappings.types:
                    step = _Progress(f"{link_type.name}: pairing", self._on_progress).step
                    found = pair_up(fold, link_type, work.context, by_keys=by_keys, step=step)
                    reports.append(TypeReport(link_type.name, found))
                for link_type, report in zip(self._mappings.types, reports, strict=True):
                    step = _Progress(f"{link_type.name}: rebuilding", self._on_progress).step
                    await work.rebuild(link_type, report, step)
                if tasks:
                    await self._bury_unknown(fold, work)
                await work.flush()
        return reports

    async def _refuse_standing(self, *, replaces: bool) -> None:
        standing = View(self._broker, LINKS.name, project=_existing)
        await standing.start()
        count = len(standing)
        await standing.close()
        if count and not replaces:
            msg = (
                f"{count} seats stand in {LINKS.name}: nothing is lost. --replace makes them anew"
                " all the same; what is asked or in flight is forgotten then. Nothing was changed."
            )
            raise ConfigurationError(msg)

    async def _bury_unknown(self, fold: Fold, work: "_Work") -> None:
        """Remove seats of which the topics hold nothing: nobody could tell what they say."""
        standing = View(self._broker, LINKS.name, project=_existing)
        await standing.start()
        for key, _ in standing.scan():
            if not fold.knows(key):
                await work.put(key, [Message(LINKS.name, key, None)])
        await standing.close()


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="anji-rebuild-") as folder:
        yield Path(folder)


class _Work:
    """Makes the seats of one link type after the other, and publishes them in chunks."""

    def __init__(self, fold: Fold, context: Context, tasks: Mapping[int, Task]) -> None:
        self._fold = fold
        self.context = context
        self._tasks = tasks
        self._waiting: dict[int, list[Message]] = {partition: [] for partition in tasks}

    async def rebuild(
        self, link_type: LinkType, report: TypeReport, step: Callable[[], None]
    ) -> None:
        """Make all seats of a link type: pairs first, then records that have no counterpart."""
        for row in self._fold.rows(link_type):
            step()
            known = self._fold.known(row)
            is_former = self._fold.is_partner_of_another(row)
            if is_former and not known.is_gone(known.home):
                continue  # it has no counterpart any more
            rebuilt = link_of(known, link_type, self.context)
            report.unsettled += bool(rebuilt.unsettled)
            report.ended += any(known.is_gone(ref) for ref in (known.home, known.partner))
            report.unseen += len(known.changes) < len(SYSTEMS)
            if is_former:
                ended = seat_message(rebuilt.home.seat)
                await self.put(ended.key, [ended])
                continue  # the seat and the row of its partner are those of another link
            await self._publish(rebuilt.home)
            pointer = seat_message(rebuilt.pointer)
            await self.put(pointer.key, [pointer])
        unmatched = {}
        for system in SYSTEMS:
            unmatched[system.value] = 0
            for change in self._fold.changes(link_type, system):
                step()
                found = self._fold.row(change.ref)
                is_lone = (
                    found is None
                    or found.counterpart is None
                    or self._fold.is_partner_of_another(found)
                )
                if change.data is not None and is_lone:
                    unmatched[system.value] += 1
                    await self._publish(lone_seat(change, link_type, self.context))
        report.unmatched = unmatched

    async def _publish(self, turn: Turn) -> None:
        news = [
            effect
            for effect in turn.effects
            if not isinstance(effect, CrosswalkRow) or self._is_news(effect)
        ]
        messages = [seat_message(turn.seat), *(each.to_message() for each in news)]
        await self.put(str(turn.seat.key), messages)
        unknown = [each for each in news if isinstance(each, CrosswalkRow)]
        self._fold.keep([each for each in unknown if self._fold.row(each.ref) is None])

    def _is_news(self, row: CrosswalkRow) -> bool:
        """Whether a row says something that is not published; what was told just now is not."""
        old = self._fold.row(row.ref)
        if old is None or old.updated_at == self.context.now:
            return True
        return old.model_copy(update={"updated_at": row.updated_at}) != row

    async def put(self, key: str, messages: Sequence[Message]) -> None:
        """Publish with the next chunk of the key's partition; a look publishes nothing."""
        if not self._tasks:
            return
        partition = partition_for(key.encode(), len(self._tasks))
        self._waiting[partition] += messages
        if len(self._waiting[partition]) >= _CHUNK_MESSAGES:
            await self._send(partition)

    async def flush(self) -> None:
        """Publish what waits."""
        for partition in self._tasks:
            await self._send(partition)

    async def _send(self, partition: int) -> None:
        messages, self._waiting[partition] = self._waiting[partition], []
        if messages:
            await self._tasks[partition].commit((), messages)


class _Progress:
    """Tells how many, every now and then."""

    def __init__(self, what: str, tell: OnProgress) -> None:
        self._what = what
        self._tell = tell
        self._count = 0

    def step(self) -> None:
        """Count one more."""
        self._count += 1
        if self._count % _PROGRESS_EVERY == 0:
            self._tell(self._what, self._count)


def _marks(ends: Mapping[str, Mapping[int, int]], partition: int) -> list[Record]:
    """Return records at which the group stands when it has moved past them."""
    return [
        Record(topic, partition, places[partition] - 1, 0, b"", None)
        for topic, places in ends.items()
        if places[partition] > 0
    ]


def _existing(record: Record) -> bytes | None:
    return None if record.value is None else b""


def _forget_views(folder: Path | None) -> None:
    """Remove what this home kept of the links that are gone."""
    for topic in (LINKS, CROSSWALK):
        for file in () if folder is None else folder.glob(f"{topic.name}*"):
            file.unlink()
