"""What was published last of every record of one object, from the change topic itself.

A view of the whole topic, because revisions must never fall back, whoever published the last one
(``protocol.md`` 6). What this source has committed is known at once; the view follows behind.
"""

from collections.abc import Mapping

import structlog

from anji_common.errors import AnjiError
from anji_common.messages import Record
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.sourcing.revisions import Published, projected
from anji_common.topics import changes_topic
from anji_common.views import View

__all__ = ["PublishedRefs"]

_log = structlog.get_logger("anji.source")

_MOST_AHEAD = 2000
"""How many own changes are kept beside the view before those that it has seen are let go."""


class PublishedRefs:
    """Ref text → what was published of it last."""

    def __init__(self, runtime: Runtime, system: System, object_name: str) -> None:
        self._system, self._object_name = system, object_name
        topic = changes_topic(system, object_name)
        store = None
        if runtime.state_dir is not None:
            store = runtime.state_dir / f"published-{topic}.sqlite"
        self._view = View(
            runtime.broker, topic, store=store, project=projected, on_bad=_tell_of_bad
        )
        self._ahead: dict[str, Published] = {}

    async def start(self) -> None:
        """Read the topic to its present end: everything that a former owner has committed."""
        await self._view.start()

    async def follow(self) -> None:
        """Keep the view near the topic's end, until cancelled."""
        await self._view.follow()

    async def close(self) -> None:
        """Let go of the view."""
        await self._view.close()

    @property
    def ahead(self) -> int:
        """How many own changes are kept beside the view."""
        return len(self._ahead)

    def get(self, ref: str) -> Published | None:
        """Return what was published of `ref` last."""
        own = self._ahead.get(ref)
        if own is not None:
            return own
        kept = self._view.get(ref)
        return None if kept is None else Published.from_bytes(kept)

    def ids_after(self, record_id: str, limit: int) -> list[str]:
        """Return the ids of records that are not gone, greater than one, sorted, so many at most.

        What was published a moment ago may be missing.
        """
        prefix = str(Ref(self._system, self._object_name, ""))
        found: list[str] = []
        for ref, kept in self._view.after(f"{prefix}{record_id}"):
            own = self._ahead.get(ref) or Published.from_bytes(kept)
            if not own.is_gone:
                found.append(ref.removeprefix(prefix))
            if len(found) == limit:
                break
        return found

    def committed(self, published: Mapping[str, Published]) -> None:
        """Take in what this source has just committed."""
        self._ahead.update(published)
        if len(self._ahead) > _MOST_AHEAD:
            self._ahead = {
                ref: own for ref, own in self._ahead.items() if not self._has_seen(ref, own)
            }

    def _has_seen(self, ref: str, own: Published) -> bool:
        kept = self._view.get(ref)
        return kept is not None and Published.from_bytes(kept).revision >= own.revision


def _tell_of_bad(record: Record, error: AnjiError) -> None:
    """A record that is no change tells nothing about a ref; its readers bury it."""
    _log.warning("change.unreadable", place=record.place, reason=str(error))
