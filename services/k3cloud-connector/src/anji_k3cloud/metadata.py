"""Metadata: what the site says of a form, fetched once an hour, and what of it we may ask.

One field that the tenant lacks makes the vendor refuse a whole query. So the fields of an interest
are compared with the form's description first. A description may be incomplete, so a field that
it lacks is asked for once; what the vendor then does not know is left out of every query, told
once in the log, and named as unread in each record, so that nobody takes it for a blank. Only
without its id, number or marker a form cannot be followed.

Source: reference "k3cloud-webapi.md", sections 2.2, 3.5, 6 and 9.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from anji_common.clock import Clock
from anji_common.errors import RefusedError, UndecodableError
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_k3cloud.client import Client
from anji_k3cloud.described import FormInfo, Suspect, form_from_answer, suspects
from anji_k3cloud.kinding import FieldTypes, Mistyped, kinded, mistyped
from anji_k3cloud.objects import STATUS_FIELDS, SYSTEM_FIELDS
from anji_k3cloud.outcomes import is_unknown_field

__all__ = ["Known", "Metadata"]

_log = structlog.get_logger("anji.k3cloud")


@dataclass(frozen=True, slots=True)
class Known:
    """What of an interest the site has."""

    interest: ObjectInterest
    """With the status fields that the form has, without the fields that it lacks."""
    whole: ObjectInterest
    """All that the mappings name, of the kinds that they or else the description say."""
    info: FormInfo | None
    """`None` where the site describes nothing."""
    unread: tuple[str, ...] = ()
    """Paths that it lacks, of rows with the lines' path before them."""
    system: tuple[str, ...] = SYSTEM_FIELDS
    """Those of `SYSTEM_FIELDS` that it has: stock, for one, may have no dates."""
    _spelled: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Query keys in the site's spelling, as far as they were asked for: every poll asks anew."""

    def spelled(self, key: str) -> str:
        """Return a query key in the site's spelling."""
        if self.info is None:
            return key
        known = self._spelled.get(key)
        if known is None:
            known = self._spelled[key] = self.info.spelled_query(key)
        return known


@dataclass(frozen=True, slots=True)
class _Kept:
    known: Known
    until: float


class Metadata:
    """The descriptions of one site's forms."""

    def __init__(
        self, client: Client, clock: Clock, *, keeps_seconds: float, types: FieldTypes
    ) -> None:
        self._client = client
        self._types = types
        self._clock = clock
        self._keeps_seconds = keeps_seconds
        self._kept: dict[str, _Kept] = {}
        self._doubted: set[str] = set()
        self._asking = asyncio.Lock()
        self._told: set[tuple[str, ...]] = set()

    async def describe(self, form_id: str) -> FormInfo:
        """Return a form's description, fetched anew.

        Raises:
            RefusedError: there is no such form, or we may not see it.
            UndecodableError: the answer describes nothing.
            RetriableError: no answer.
        """
        return form_from_answer(form_id, await self._client.business_info(form_id))

    async def known(self, interest: ObjectInterest) -> Known:
        """Return what of an interest the site has; asks at most once an hour.

        Raises:
            RefusedError: the form, its number or its marker is not there.
            RetriableError: no answer.
        """
        name = interest.object_name
        async with self._asking:  # so that many who need it at once ask once
            kept = self._kept.get(name)
            if kept is not None and self._clock.monotonic() < kept.until:
                return kept.known
            known = await self._ask(interest, None if kept is None else kept.known.info)
            self._kept[name] = _Kept(known, self._clock.monotonic() + self._keeps_seconds)
            self._doubted.discard(name)
            return known

    def mistyped(self, interest: ObjectInterest, info: FormInfo) -> tuple[Mistyped, ...]:
        """Return the fields whose kind in the mapping can hardly be right on this site."""
        return tuple(mistyped(interest, info, self._types))

    def doubt(self, interest: ObjectInterest, error: RefusedError) -> None:
        """Look again, field by field, after a query that was refused for a field."""
        if is_unknown_field(error):
            kept = self._kept.get(interest.object_name)
            if kept is not None:
                self._kept[interest.object_name] = replace(kept, until=-math.inf)
            self._doubted.add(interest.object_name)

    async def _ask(self, interest: ObjectInterest, before: FormInfo | None) -> Known:
        """Ask the site; what it described `before` stands where it describes nothing now."""
        name, info = interest.object_name, before
        try:
            info = await self.describe(name)
        except (RefusedError, UndecodableError) as error:
            self._tell("form.undescribed", name, reason=str(error))
        trusted = info if info is not None and name not in self._doubted else None
        asked: tuple[Suspect, ...] = ()
        if trusted is not None or name in self._doubted:
            asked = suspects(_with_system(interest), trusted or FormInfo(name, "", ()))
        lacking = {each.path: each for each in await self._lacking(interest, asked)}
        system = tuple(key for key in SYSTEM_FIELDS if key not in lacking)
        named = {field.path for field in interest.fields} | {interest.number_field}
        unread = tuple(path for path in lacking if path in named or path not in SYSTEM_FIELDS)
        self._refuse_essential(interest, unread, info)
        for path in unread:
            nearest = "" if info is None else info.nearest(lacking[path].key)
            self._tell("field.missing", name, path, nearest=nearest)
        whole = kinded(interest, info, self._types)
        read = _without(_with_status(whole, info), unread)
        return Known(read, whole, info, unread, system)

    async def _lacking(self, interest: ObjectInterest, asked: Sequence[Suspect]) -> list[Suspect]:
        """Return those fields that the vendor does not know: all at once, then one by one."""
        if not asked or await self._answers(interest, [each.key for each in asked]):
            return []
        if not await self._answers(interest, []):
            msg = f"the form {interest.object_name} has no key field {interest.id_field}"
            raise RefusedError(msg, field=interest.id_field)
        return [each for each in asked if not await self._answers(interest, [each.key])]

    async def _answers(self, interest: ObjectInterest, keys: Sequence[str]) -> bool:
        try:
            await self._client.query(
                interest.object_name,
                [interest.id_field, *keys],
                condition=f"{interest.id_field}=0",
                order="",
                limit=1,
            )
        except RefusedError as error:
            if not is_unknown_field(error):
                raise
            return False
        return True

    def _refuse_essential(
        self, interest: ObjectInterest, unread: Sequence[str], info: FormInfo | None
    ) -> None:
        for path in (interest.number_field, interest.marker_field):
            if path is None or path not in unread:
                continue
            nearest = "" if info is None else info.nearest(path)
            advice = f"; is it {nearest}?" if nearest else ""
            msg = f"the form {interest.object_name} has no field {path}{advice}"
            raise RefusedError(msg, field=path)

    def _tell(self, event: str, *what: str, **more: str) -> None:
        if (event, *what) not in self._told:
            self._told.add((event, *what))
            _log.error(event, form=what[0], field=" ".join(what[1:]), **more)


def _with_system(interest: ObjectInterest) -> ObjectInterest:
    """Return the interest with all that is asked beside it: number and system fields."""
    there = {field.path for field in interest.fields}
    more = (interest.number_field, *SYSTEM_FIELDS)
    added = [FieldInterest(path) for path in more if path not in there]
    return replace(interest, fields=(*interest.fields, *added))


def _with_status(interest: ObjectInterest, info: FormInfo | None) -> ObjectInterest:
    """Return the interest with the form's own status fields: forbidden, cancelled, closed."""
    there = {field.path for field in interest.fields}
    added = [
        FieldInterest(path, FieldKind.CHOICE)
        for path in STATUS_FIELDS
        if path not in there and info is not None and info.find(path) is not None
    ]
    return replace(interest, fields=(*interest.fields, *added))


def _without(interest: ObjectInterest, unread: Sequence[str]) -> ObjectInterest:
    if not unread:
        return interest
    return replace(
        interest,
        fields=tuple(each for each in interest.fields if each.path not in unread),
        lines=tuple(_without_rows(lines, unread) for lines in interest.lines),
    )


def _without_rows(lines: LinesInterest, unread: Sequence[str]) -> LinesInterest:
    fields = tuple(each for each in lines.fields if f"{lines.path}.{each.path}" not in unread)
    return replace(lines, fields=fields)
