"""Copies of links and crosswalk, and retained changes: what plans and comparisons work on.

They are made of the topics, in files of their own; nothing of a running mapper is touched.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anji_common.broker.port import Broker
from anji_common.refs import SYSTEMS
from anji_common.topics import CROSSWALK, LINKS, changes_topic
from anji_common.views import View
from anji_mapper.link.context import Context
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.references import ViewReferences, checked_row, row_tokens
from anji_mapper.retained import Retained
from anji_mapper.starts import Start

__all__ = ["Copies", "open_copies", "topics_of"]


@dataclass(frozen=True, slots=True)
class Copies:
    """What was copied; open as long as the context of `open_copies` lasts."""

    links: View
    crosswalk: View
    retained: Retained

    def context(self, mappings: Mappings, now: datetime) -> Context:
        """Return what the reducer is told beside its inputs."""
        return Context(mappings=mappings, references=ViewReferences(self.crosswalk), now=now)


def topics_of(types: Iterable[LinkType]) -> list[str]:
    """Return the topics of the changes of both sides' records."""
    return [
        changes_topic(system, found.side(system).object_name)
        for found in types
        for system in SYSTEMS
    ]


@asynccontextmanager
async def open_copies(
    broker: Broker, topics: Iterable[str], start: Start, *, folder: Path
) -> AsyncIterator[Copies]:
    """Copy, and yield the copies.

    Args:
        broker: Read from only.
        topics: Of changes.
        start: From where on these are read.
        folder: For the copies; the caller removes it.
    """
    links = View(broker, LINKS.name, store=folder / "links.sqlite", is_scratch=True)
    crosswalk = View(
        broker,
        CROSSWALK.name,
        store=folder / "crosswalk.sqlite",
        is_scratch=True,
        project=checked_row,
        index=row_tokens,
    )
    retained = Retained(folder)
    try:
        for topic in topics:
            await retained.read(broker, topic, start)
        await crosswalk.start()
        await links.start()
        yield Copies(links, crosswalk, retained)
    finally:
        retained.close()
        await crosswalk.close()
        await links.close()
