"""The tenant's own description of its objects, fetched once and kept for a day.

Descriptions decide how values are read, so an object is not read while its description cannot be
had; one that the CRM refuses to describe is read as the mappings say.
"""

import asyncio
from collections.abc import Mapping

import structlog

from anji_common.clock import Clock
from anji_common.errors import RefusedError, UndecodableError
from anji_common.interest import LinesInterest, ObjectInterest
from anji_fxiaoke.calls import Caller, Purpose, Saying
from anji_fxiaoke.described import (
    ObjectDescription,
    ObjectName,
    completed,
    described_from,
    names_from,
)
from anji_fxiaoke.settings import FxiaokeSettings

__all__ = ["Metadata"]

_log = structlog.get_logger("anji.fxiaoke.metadata")

_LIST_PATH = "cgi/crm/v2/object/list"
_DESCRIBE_PATH = "cgi/crm/v2/object/describe"
_DESCRIBE = Purpose("describe", is_writing=True)
"""Writes need it too, so it may use the day's last calls."""

_AGAIN_SECONDS = 3600.0
"""Until an object that could not be described is asked for again."""


class Metadata:
    """Objects and fields of one tenant."""

    def __init__(self, caller: Caller, settings: FxiaokeSettings, clock: Clock) -> None:
        self._caller = caller
        self._settings = settings
        self._clock = clock
        self._kept: dict[str, tuple[float, ObjectDescription | None]] = {}
        self._completed: dict[ObjectInterest, ObjectInterest] = {}
        self._turn = asyncio.Lock()

    async def objects(self) -> list[ObjectName]:
        """Return every object of the tenant. One paid call, never kept.

        Raises:
            RetriableError, RefusedError: see `Caller.say`.
            UndecodableError: the answer is none.

        Source: docs/vendors/fxiaoke.md, section 3.1.
        """
        found = await self._caller.say(Saying(_LIST_PATH, "", {}, Purpose("list objects")))
        return names_from(found.body.get("data"))

    async def describe(self, object_name: str) -> ObjectDescription:
        """Return what the CRM says of an object now. One paid call.

        Raises:
            RetriableError, RefusedError: see `Caller.say`.
            UndecodableError: the answer is none.

        Source: docs/vendors/fxiaoke.md, section 3.1: `apiName` is told in both places where
        clients were seen to put it.
        """
        switches = {"apiName": object_name, "includeDetail": False}
        data = {"apiName": object_name}
        saying = Saying(_DESCRIBE_PATH, object_name, data, _DESCRIBE, switches=switches)
        found = await self._caller.say(saying)
        return described_from(object_name, found.body.get("data"))

    async def completed(self, interest: ObjectInterest) -> ObjectInterest:
        """Return the interest with the kinds of fields that the tenant tells.

        Raises:
            RetriableError: an object cannot be described now.
        """
        names = [interest.object_name, *(each.path for each in interest.lines)]
        async with self._turn:
            for name in names:
                await self._described(name)
            if interest not in self._completed:
                self._completed[interest] = completed(
                    interest,
                    self._known(names),
                    with_all_fields=self._settings.publishes == "all",
                )
            return self._completed[interest]

    async def is_detail(self, lines: LinesInterest) -> bool:
        """Return whether lines are made together with their head; satellites are not.

        Where the tenant tells nothing they are taken for lines.

        Raises:
            RetriableError: the object cannot be described now.
        """
        async with self._turn:
            described = await self._described(lines.path)
        found = None if described is None else described.fields.get(lines.master_field or "")
        return found is None or found.type == "master_detail"

    async def _described(self, name: str) -> ObjectDescription | None:
        now = self._clock.monotonic()
        ends, kept = self._kept.get(name, (-1.0, None))
        if ends >= now:
            return kept
        found = await self._try(name)
        if found is None:  # what was told before is nearer the truth than nothing
            wait_seconds = min(_AGAIN_SECONDS, self._settings.metadata_seconds)
            self._kept[name] = (now + wait_seconds, kept)
            return kept
        self._kept[name] = (now + self._settings.metadata_seconds, found)
        self._completed.clear()
        return found

    def _known(self, names: list[str]) -> Mapping[str, ObjectDescription]:
        kept = {name: self._kept[name][1] for name in names}
        return {name: found for name, found in kept.items() if found is not None}

    async def _try(self, object_name: str) -> ObjectDescription | None:
        try:
            return await self.describe(object_name)
        except (RefusedError, UndecodableError) as error:
            _log.warning("object.not_described", object=object_name, reason=str(error))
            return None
