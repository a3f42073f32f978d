"""Records that people delete in the ERP, and what has to come of it.

What comes of it says the mapping: the CRM's order is voided once a person has said so, or stands;
a customer or product of the CRM stands, its link is held, and somebody is told. In no case is the
ERP's record made again, and nothing else is deleted, on either side. Where nothing tells any more
that it was there (docs/reliability.md) the CRM's record is as one that has never crossed: it is
made again in the ERP, or has no link if it is void.
"""

from collections import Counter
from dataclasses import dataclass, field

from anji.looking import Links
from anji.people import SandboxRefusedError
from anji.simulation.sight import FORMS, ORDER, partner
from anji.simulation.world import LATEST_COMMIT_SECONDS, World
from anji_common.refs import Ref, System
from anji_mapper.link.state import ProblemKind, Seat, Stage

__all__ = ["Erasures"]

_MARKER = "F_ANJI_MARKER"
_SIGNS = {"AccountObj": "erp_number__c", ORDER: "erp_status__c"}
"""What the ERP tells the CRM of a record: then its making is answered."""
_ANSWERED_AFTER_SECONDS = 150.0
"""A create in doubt is answered by then."""
_LATEST_TRY_SECONDS = 15.0
"""So long after a record is made a save of its partner may be asked for whose answer is lost. It
may be done late: then another save has made the partner, whose number is free when it is deleted.
"""


@dataclass(slots=True)
class _Erased:
    """One record whose partner in the ERP was deleted."""

    name: str
    """Its object in the CRM."""
    partner: str
    """The id that its partner had."""
    is_early: bool
    """Whether its making may have been unanswered: the writer does not know then that it was
    there, and makes it again (docs/reliability.md)."""
    at: float
    """Monotonic seconds. A rebuild that ends later knows only what is there still."""
    is_to_be_void: bool | None = None
    """Of an order: what a person has said, and nobody has changed since."""


@dataclass(slots=True)
class Erasures:
    """What was deleted in the ERP, by the id in the CRM."""

    world: World
    made_at: dict[str, float] = field(default_factory=dict)
    """Monotonic seconds: when the records that are deleted later were made."""
    deletes: Counter[str] = field(default_factory=Counter)
    """How many records people have deleted, by form or object."""
    _erased: dict[str, _Erased] = field(default_factory=dict)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._erased

    def knows(self, partner_id: str) -> bool:
        """Whether people have deleted the record of that id in the ERP."""
        return any(each.partner == partner_id for each in self._erased.values())

    async def erase(self, name: str, record_id: str, partner_id: object) -> None:
        """Delete a record's partner in the ERP.

        Raises:
            SandboxRefusedError: its state does not allow that, or another one is gone already.
        """
        form = FORMS[name][0]
        is_early = not await self._is_answered(name, record_id)
        if any(each.name == name for each in self._erased.values()):
            msg = f"another {form} is gone already: several at once would be held"
            raise SandboxRefusedError(msg)
        self.world.journal.note("people", f"delete {form} {partner_id} of {record_id}")
        at = self.world.clock.monotonic()
        self._erased[record_id] = _Erased(name, str(partner_id), is_early, at)
        try:
            await self.world.erp_user.do("Delete", form, {"Ids": str(partner_id)})
        except SandboxRefusedError:
            del self._erased[record_id]
            raise
        self.deletes[form] += 1

    def say(self, record_id: str, *, is_void: bool | None) -> None:
        """Remember what a person says of the CRM's record; `None`: it may be either."""
        if record_id in self._erased:
            self._erased[record_id].is_to_be_void = is_void

    async def is_gone(self, link: Ref) -> bool:
        """Whether people have deleted a record's partner: nothing of it is to be mended."""
        erased = self._erased.get(link.record_id)
        if erased is None:
            return False
        return await partner(self.world, erased.name, link.record_id, looks=1) is None

    @property
    def ids(self) -> set[str]:
        """The ids in the CRM of the records whose partners were deleted."""
        return {*self._erased}

    @property
    def keep_crosswalk(self) -> bool:
        """Whether the crosswalk must not be lost at rest.

        Nothing else tells then that a record had a partner, so that it is made again.
        """
        return bool(self._erased)

    def not_by_people(self) -> list[str]:
        """Return which records are gone that nobody has deleted."""
        vendors, found = self.world.vendors, []
        for name, (form, *_) in FORMS.items():
            for core, each in ((vendors.crm, name), (vendors.erp, form)):
                done = core.store.writes[f"{each} delete"]
                if done != self.deletes[each]:
                    found.append(f"{each}: {done} deleted, by people {self.deletes[each]}")
        return found

    async def wrong(self) -> list[str]:
        """Return what has not come of the deletes as it should, yet."""
        found = []
        for name in dict.fromkeys(each.name for each in self._erased.values()):
            records = {each["_id"]: each for each in await self.world.crm_user.every(name)}
            form, id_field, number = FORMS[name]
            rows = await self.world.erp_user.every(form, [id_field, number, _MARKER])
            there = {str(row[_MARKER]).rpartition("/")[2] for row in rows}
            async with Links.read(self.world.broker, self.world.mappings) as links:
                for record_id, erased in self._erased.items():
                    if erased.name != name:
                        continue
                    seat = links.one(f"{System.FXIAOKE}/{name}/{record_id}")
                    record = records.get(record_id)
                    words = self._judged(erased, record, seat, is_there=record_id in there)
                    found += [f"{name} {record_id}, deleted in the ERP: {words}"] if words else []
        return found

    def _judged(
        self,
        erased: _Erased,
        record: dict[str, object] | None,
        seat: Seat | None,
        *,
        is_there: bool,
    ) -> str:
        is_forgotten = self.world.forgotten.crosswalk_lost_at >= erased.at
        is_made_anew = erased.is_early or is_forgotten
        if is_there:  # and is compared like any other
            return "" if is_made_anew else "it is there again"
        if record is None:
            return ""  # a person has deleted it in the CRM as well
        is_void = record["life_status"] == "invalid"
        if seat is None or seat.stage is not Stage.LINKED:
            is_unused = seat is not None and seat.stage is Stage.NEW and is_void
            return "" if is_made_anew and is_unused else "its link is not held"
        if not seat.erp.is_gone:  # unread: until a write is refused, docs/reliability.md
            return "" if seat.erp.revision < 0 else "it is not known to be gone"
        if erased.name == ORDER:
            return self._judged_order(erased, seat, is_void=is_void)
        is_told = seat.problem is not None and seat.problem.kind is ProblemKind.GONE
        return "" if is_told else "nobody is told"

    def _judged_order(self, erased: _Erased, seat: Seat, *, is_void: bool) -> str:
        if seat.asked:
            return "a person is still asked"
        # Else nobody is asked any more, but told.
        is_known = self.world.forgotten.links_lost_at < erased.at
        if is_known and erased.is_to_be_void not in {None, is_void}:
            return f"void in the CRM: {is_void}, as nobody has said"
        return ""

    async def _is_answered(self, name: str, record_id: str) -> bool:
        made_at = self.made_at.get(record_id, self.world.clock.monotonic())
        if self.world.clock.monotonic() > made_at + _ANSWERED_AFTER_SECONDS:
            return True
        settled_at = made_at + LATEST_COMMIT_SECONDS + _LATEST_TRY_SECONDS
        if name not in _SIGNS or self.world.clock.monotonic() < settled_at:
            return False
        records = await self.world.crm_user.every(name)
        return any(each.get(_SIGNS[name]) for each in records if each["_id"] == record_id)
