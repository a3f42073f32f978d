"""People who take whole records into states and out of them, on both sides, while others edit.

They close and open orders, void and recover them in the CRM, cancel them in the ERP and take that
back, un-audit bills and audit them again. Of customers and products that are their own they void
and forbid some, edit the other side meanwhile, and delete some in the CRM while somebody edits
the partner in the ERP. Where a person is asked, they answer; where a state stands in the way of
others' edits, they take it back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random

from anji.looking import Links, decision, retries
from anji.people import SandboxRefusedError
from anji.simulation.clerks import Order
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.pace import Pace
from anji.simulation.tally import DEEDS
from anji.simulation.world import World
from anji_common.errors import RejectedError
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source

__all__ = ["Officers"]

_ORDER, _BILL = "SalesOrderObj", "SAL_SaleOrder"
_MARKER = "F_ANJI_MARKER"
_FORMS = {"AccountObj": ("BD_Customer", "FCUSTID"), "ProductObj": ("BD_MATERIAL", "FMATERIALID")}
_OWN_EACH = 1
"""So many records of each object of their own do they make to begin with."""
_MOST_LOOKS, _LOOK_SECONDS = 6, 5.0
"""How long they wait for what is to cross."""
_LONGEST_PAUSE_SECONDS = 10.0
"""Between the two halves of what belongs together."""

_Deed = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Officers:
    """Who changes the states of `orders`, which others make, and of records of their own."""

    world: World
    orders: list[Order]
    chance: Random
    apart: set[str] = field(default_factory=set)
    """Ids in the CRM of records that a person has let stand as they are, each in its state."""
    _own: dict[str, str] = field(default_factory=dict)
    """Id in the CRM → its object there."""
    _gone: set[str] = field(default_factory=set)
    """Those of them that were deleted."""
    _count: int = 0

    async def work(self, pace: Pace, cut: Cut = WHOLE) -> None:
        """Do as much as the pace says and when it says, those left out excepted."""
        clock = self.world.clock
        begin = clock.monotonic()
        moments = sorted(pace.moment(self.chance) for _ in range(pace.states))
        await self._make_own()
        async with asyncio.TaskGroup() as together:
            for place, moment in enumerate(moments):
                await clock.sleep(begin + moment - clock.monotonic())
                name, deed = self._next()
                if cut.has(f"o{place}"):
                    together.create_task(self._do(name, deed))

    def _next(self) -> tuple[str, _Deed]:
        deeds: Mapping[str, Callable[..., Awaitable[None]]] = dict(
            zip(DEEDS, (*self._with_orders, *self._with_own), strict=True)
        )
        name = self.chance.choice(DEEDS)
        if deeds[name] in self._with_own:
            kept = sorted(self._own.keys() - self._gone)
            return name, partial(deeds[name], self.chance.choice(kept))
        if not self.orders:
            return name, _nothing
        return name, partial(deeds[name], self.chance.choice(self.orders))

    @property
    def _with_orders(self) -> tuple[Callable[[Order], Awaitable[None]], ...]:
        """In the order of `DEEDS`."""
        return (
            self._close_in_the_crm,
            self._close_in_the_erp,
            self._void_in_the_crm,
            self._cancel_in_the_erp,
            self._unaudit,
        )

    @property
    def _with_own(self) -> tuple[Callable[[str], Awaitable[None]], ...]:
        return (self._void_own, self._forbid_own, self._delete_own)

    async def _do(self, name: str, deed: _Deed) -> None:
        try:
            await deed()
        except SandboxRefusedError as error:
            self.world.journal.note("people", f"were refused: {error}")
        else:
            if deed is not _nothing:
                self.world.tally[name] += 1

    async def _pause(self) -> None:
        await self.world.clock.sleep(self.chance.uniform(0.0, _LONGEST_PAUSE_SECONDS))

    # --- orders ------------------------------------------------------------------------------

    async def _close_in_the_crm(self, order: Order) -> None:
        """Close it, by the field that people have for that; half of them are opened again."""
        self._note(f"close order {order.number} in the CRM")
        await self.world.crm_user.update(_ORDER, order.record_id, closed__c="true")
        await self._pause()
        if self._half():
            self._note(f"open order {order.number} in the CRM")
            await self.world.crm_user.update(_ORDER, order.record_id, closed__c="")

    async def _close_in_the_erp(self, order: Order) -> None:
        await self._audited(order)
        await self._operate(order, "YLBillClose")
        await self._pause()
        if self._half():
            await self._operate(order, "YLUnBillClose")

    async def _void_in_the_crm(self, order: Order) -> None:
        await self._void(_ORDER, order.record_id)
        await self._pause()
        if self._half():
            await self._recover(_ORDER, order.record_id)

    async def _cancel_in_the_erp(self, order: Order) -> None:
        """An audited bill has to be un-audited first, as Anji does it."""
        if await self._audited(order):
            await self._bill("UnAudit", order)
        await self._operate(order, "Cancel")
        await self._pause()
        if self._half():
            await self._operate(order, "UnCancel")
            await self.world.erp_user.finish(_BILL, order.number)

    async def _unaudit(self, order: Order) -> None:
        await self._audited(order)
        await self._bill("UnAudit", order)
        await self._pause()
        if self._half():
            await self.world.erp_user.finish(_BILL, order.number)

    async def _audited(self, order: Order) -> bool:
        """Wait a while until a bill has crossed and is audited; return whether it is."""
        keys = ["FID", "FDocumentStatus"]
        for _ in range(_MOST_LOOKS):
            rows = await self.world.erp_user.every(_BILL, keys, f"FBillNo='{order.number}'")
            if rows and rows[0]["FDocumentStatus"] == "C":
                return True
            await self.world.clock.sleep(_LOOK_SECONDS)
        return False

    async def _bill(self, method: str, order: Order) -> None:
        self._note(f"{method} {order.number} in the ERP")
        await self.world.erp_user.do(method, _BILL, {"Numbers": [order.number]})

    async def _operate(self, order: Order, operation: str) -> None:
        self._note(f"{operation} {order.number} in the ERP")
        await self.world.erp_user.operate(_BILL, order.number, operation)
        await self._perhaps_look(System.K3CLOUD, _BILL)

    # --- records of their own ----------------------------------------------------------------

    async def _make_own(self) -> None:
        for number in range(_OWN_EACH):
            customer = {"name": f"O{number}", "tel": "0"}
            product = {"name": f"OP{number}", "product_code": f"OP{number}", "price": "1"}
            for name, fields in (("AccountObj", customer), ("ProductObj", product)):
                made = await self.world.crm_user.create(name, fields)
                self._own[made] = name
                self._note(f"make {name} {made}")

    async def _void_own(self, record_id: str) -> None:
        """Void it in the CRM while somebody edits its partner; half of them are recovered."""
        name = self._own[record_id]
        await asyncio.gather(self._void(name, record_id), self._say_in_the_erp(record_id))
        await self._pause()
        if self._half():
            await self._recover(name, record_id)

    async def _forbid_own(self, record_id: str) -> None:
        """Forbid it in the ERP while somebody edits its partner; half of them are enabled."""
        form = _FORMS[self._own[record_id]][0]
        row = await self._partner(record_id, looks=_MOST_LOOKS)
        if row is None:
            msg = f"{record_id} has no partner yet"
            raise SandboxRefusedError(msg)
        number = str(row["FNumber"])
        self._note(f"forbid {form} {number}")
        await asyncio.gather(
            self.world.erp_user.operate(form, number, "Forbid"),
            self._say_in_the_crm(record_id),
        )
        await self._pause()
        if self._half():
            self._note(f"enable {form} {number}")
            await self.world.erp_user.operate(form, number, "Enable")
        await self._perhaps_look(System.K3CLOUD, form)

    async def _delete_own(self, record_id: str) -> None:
        """Delete it in the CRM while somebody edits its partner; others keep their hands off."""
        name = self._own[record_id]
        await self._partner(record_id, looks=_MOST_LOOKS)
        if name in {self._own[each] for each in self._gone}:
            msg = f"another {name} is gone already: several at once would be held"
            raise SandboxRefusedError(msg)
        self._gone.add(record_id)
        await self._make_another(name)
        await self._void(name, record_id)
        await asyncio.gather(self._delete(name, record_id), self._say_in_the_erp(record_id))

    async def _make_another(self, name: str) -> None:
        self._count += 1
        number = f"again{self._count}"
        fields: dict[str, object] = {"name": number}
        if name == "ProductObj":
            fields |= {"product_code": number, "price": "1"}
        self._own[await self.world.crm_user.create(name, fields)] = name

    async def _delete(self, name: str, record_id: str) -> None:
        self._note(f"delete {name} {record_id}")
        about = {"dataObjectApiName": name, "idList": [record_id]}
        await self.world.crm_user.call("data/delete", about)

    async def _void(self, name: str, record_id: str) -> None:
        self._note(f"void {name} {record_id}")
        about = {"dataObjectApiName": name, "object_data_id": record_id}
        await self.world.crm_user.call("data/invalid", about)

    async def _recover(self, name: str, record_id: str) -> None:
        self._note(f"recover {name} {record_id}")
        about = {"dataObjectApiName": name, "idList": [record_id]}
        await self.world.crm_user.call("data/recover", about)

    async def _say_in_the_crm(self, record_id: str) -> None:
        words = self._words()
        self._note(f"edit {record_id}: {words}")
        await self.world.crm_user.update(self._own[record_id], record_id, remark=words)

    async def _say_in_the_erp(self, record_id: str) -> None:
        form, id_field = _FORMS[self._own[record_id]]
        row = await self._partner(record_id)
        if row is not None:
            words = self._words()
            self._note(f"edit {form} {row[id_field]}: {words}")
            wished = {id_field: row[id_field], "FDescription": words}
            await self.world.erp_user.change(form, wished)

    async def _partner(self, record_id: str, looks: int = 1) -> dict[str, object] | None:
        """Return its number and id in the ERP; who looks again and again waits for it."""
        name = self._own[record_id]
        form, id_field = _FORMS[name]
        where = f"{_MARKER}='{System.FXIAOKE}/{name}/{record_id}'"
        while True:
            rows = await self.world.erp_user.every(form, [id_field, "FNumber"], where)
            looks -= 1
            if rows or looks < 1:
                return rows[0] if rows else None
            await self.world.clock.sleep(_LOOK_SECONDS)

    # --- when the storm is over --------------------------------------------------------------

    async def look(self) -> None:
        """Have both sources look for what no date tells and for what is gone, as people may."""
        for name, (form, _) in _FORMS.items():
            await self._look(System.FXIAOKE, name)
            await self._look(System.K3CLOUD, form)
        await self._look(System.K3CLOUD, _BILL)

    async def _look(self, system: System, name: str) -> None:
        world = self.world
        runtime = Runtime(world.broker, world.clock, self.chance)
        await ask_source(runtime, world.mappings.interest(system), SignalKind.PROBE, name)

    async def _perhaps_look(self, system: System, name: str) -> None:
        if self._half():
            await self._look(system, name)

    async def answer(self, link: str, question: str) -> None:
        """Say whether a state is to follow: it is, but that half of the deletes are let stand."""
        record_id = link.rpartition("/")[2]
        path = question.partition("~")[0]
        async with Links.read(self.world.broker, self.world.mappings) as links:
            seat = links.one(link)
        if seat is None:
            return
        crm, _ = seat.asked.get(question, (None, None))
        before, _ = seat.agreed.get(question, (False, False))
        winner = System.FXIAOKE if crm != before else System.K3CLOUD
        if path == "is:deleted" and self._half():
            winner = System.K3CLOUD
        try:
            entry = decision(seat, path, winner, "officer", self.world.clock)
        except RejectedError:
            return  # it is asked no more
        if path == "is:deleted" and winner is System.K3CLOUD:
            self.apart.add(record_id)
        self._note(f"decide {link} {path}: {winner}")
        await self.world.broker.publish([entry.to_message()])

    async def free(self, link: str) -> None:
        """Take a record out of all states that may stand in the way of an edit."""
        record_id = link.rpartition("/")[2]
        if record_id in self._own and record_id not in self._gone:
            await self._free_own(record_id)
        for order in self.orders:
            if link != f"{System.FXIAOKE}/{_ORDER}/{order.record_id}":
                continue
            self._note(f"free order {order.number}")
            await self._tried(self._operate(order, "YLUnBillClose"))
            await self._tried(self._operate(order, "UnCancel"))
            await self._tried(self.world.erp_user.finish(_BILL, order.number))
            await self._tried(self._recover(_ORDER, order.record_id))
            opened = self.world.crm_user.update(_ORDER, order.record_id, closed__c="")
            await self._tried(opened)
            await self.world.clock.sleep(self.world.crm_lag_seconds)  # its lines show as well

    async def _free_own(self, record_id: str) -> None:
        name, row = self._own[record_id], await self._partner(record_id)
        form = _FORMS[name][0]
        await self._tried(self._recover(name, record_id))
        if row is not None:
            self._note(f"enable {form} {row['FNumber']}")
            operation = self.world.erp_user.operate(form, str(row["FNumber"]), "Enable")
            await self._tried(operation)

    async def _tried(self, doing: Awaitable[None]) -> None:
        try:
            await doing
        except SandboxRefusedError as error:
            self._note(f"were refused: {error}")

    async def try_again(self, link: str) -> None:
        """Have what was refused of a record of their own tried again."""
        if link.rpartition("/")[2] not in self._own:
            return
        async with Links.read(self.world.broker, self.world.mappings) as links:
            seat = links.one(link)
        if seat is not None and seat.problem is not None:
            self._note(f"try {link} again: {seat.problem.words}")
            entries = retries([seat], "helper", self.world.clock)
            await self.world.broker.publish([each.to_message() for each in entries])

    def _half(self) -> bool:
        return self.chance.random() < 0.5  # noqa: PLR2004 - heads or tails

    def _words(self) -> str:
        self._count += 1
        return f"o{self._count}"

    def _note(self, words: str) -> None:
        self.world.journal.note("people", words)


async def _nothing() -> None:
    """There is no order yet."""
