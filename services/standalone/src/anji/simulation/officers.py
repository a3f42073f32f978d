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
from anji.simulation.erasures import Erasures
from anji.simulation.pace import Pace
from anji.simulation.sight import FORMS, ORDER, is_audited, partner, sure_partner
from anji.simulation.tally import DEEDS
from anji.simulation.world import World
from anji_common.errors import RejectedError
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source

__all__ = ["Officers"]

_ORDER, _BILL = ORDER, FORMS[ORDER][0]
_OWN = ("AccountObj", "ProductObj")
_OWN_EACH = 1
"""So many records of each object of their own do they make to begin with."""
_WEIGHTS = (2, 2, 2, 2, 2, 3, 1, 1, 1, 1)
"""How often each of `DEEDS` is tried: an order that has crossed is seldom there in time."""
_LONGEST_PAUSE_SECONDS = 10.0
"""Between the two halves of what belongs together."""

_Deed = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Officers:
    """Who changes the states of `orders`, which others make, and of records of their own."""

    world: World
    orders: list[Order]
    chance: Random
    erasures: Erasures
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
        (name,) = self.chance.choices(DEEDS, _WEIGHTS)
        if deeds[name] in self._with_own:
            kept = sorted(each for each in self._own if self._is_whole(each))
            return name, partial(deeds[name], self.chance.choice(kept))
        orders = [each for each in self.orders if each.record_id not in self.erasures]
        if not orders:
            return name, _nothing
        return name, partial(deeds[name], self.chance.choice(orders))

    def _is_whole(self, record_id: str) -> bool:
        return record_id not in self._gone and record_id not in self.erasures

    @property
    def _with_orders(self) -> tuple[Callable[[Order], Awaitable[None]], ...]:
        """In the order of `DEEDS`."""
        return (
            self._close_in_the_crm,
            self._close_in_the_erp,
            self._void_in_the_crm,
            self._cancel_in_the_erp,
            self._unaudit,
            self._delete_bill,
        )

    @property
    def _with_own(self) -> tuple[Callable[[str], Awaitable[None]], ...]:
        return (self._void_own, self._forbid_own, self._delete_own, self._delete_partner)

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
        await is_audited(self.world, order.number)
        await self._operate(order, "YLBillClose")
        await self._pause()
        # Whether it is to be closed the CRM's people say: who has heard that opens it no more.
        if self._half() and not await self._is_closed_in_the_crm(order):
            await self._operate(order, "YLUnBillClose")

    async def _is_closed_in_the_crm(self, order: Order) -> bool:
        orders = await self.world.crm_user.every(_ORDER)
        closed = {each["_id"] for each in orders if each.get("closed__c") == "true"}
        return order.record_id in closed

    async def _void_in_the_crm(self, order: Order) -> None:
        await self._void(_ORDER, order.record_id)
        await self._pause()
        if self._half():
            await self._recover(_ORDER, order.record_id)

    async def _cancel_in_the_erp(self, order: Order) -> None:
        """An audited bill has to be un-audited first, as Anji does it."""
        if await is_audited(self.world, order.number):
            await self._bill("UnAudit", order)
        await self._operate(order, "Cancel")
        await self._pause()
        if self._half():
            await self._operate(order, "UnCancel")
            await self.world.erp_user.finish(_BILL, order.number)

    async def _unaudit(self, order: Order) -> None:
        await is_audited(self.world, order.number)
        await self._bill("UnAudit", order)
        await self._pause()
        if self._half():
            await self.world.erp_user.finish(_BILL, order.number)

    async def _delete_bill(self, order: Order) -> None:
        """An audited bill has to be un-audited first."""
        self.erasures.made_at[order.record_id] = order.made_at
        if await is_audited(self.world, order.number):
            await self._bill("UnAudit", order)
        bill = await sure_partner(self.world, _ORDER, order.record_id)
        await self.erasures.erase(_ORDER, order.record_id, bill["FID"])
        await self._perhaps_look(System.K3CLOUD, _BILL)

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
                self.erasures.made_at[made] = self.world.clock.monotonic()
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
        form = FORMS[self._own[record_id]][0]
        number = str((await sure_partner(self.world, self._own[record_id], record_id))["FNumber"])
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
        await partner(self.world, name, record_id)
        if name in {self._own[each] for each in self._gone}:
            msg = f"another {name} is gone already: several at once would be held"
            raise SandboxRefusedError(msg)
        self._gone.add(record_id)
        await self._make_another(name)
        await self._tried(self._void(name, record_id))  # refused where it is void already
        await asyncio.gather(self._delete(name, record_id), self._say_in_the_erp(record_id))

    async def _delete_partner(self, record_id: str) -> None:
        """Delete its partner in the ERP while somebody edits it in the CRM."""
        name = self._own[record_id]
        form, id_field, _ = FORMS[name]
        row = await sure_partner(self.world, name, record_id)
        await self._make_another(name)
        await asyncio.gather(
            self.erasures.erase(name, record_id, row[id_field]), self._say_in_the_crm(record_id)
        )
        await self._perhaps_look(System.K3CLOUD, form)

    async def _make_another(self, name: str) -> None:
        self._count += 1
        number = f"again{self._count}"
        fields: dict[str, object] = {"name": number}
        if name == "ProductObj":
            fields |= {"product_code": number, "price": "1"}
        made = await self.world.crm_user.create(name, fields)
        self._own[made] = name
        self.erasures.made_at[made] = self.world.clock.monotonic()

    async def _delete(self, name: str, record_id: str) -> None:
        self._note(f"delete {name} {record_id}")
        about = {"dataObjectApiName": name, "idList": [record_id]}
        try:
            await self.world.crm_user.call("data/delete", about)
        except SandboxRefusedError:
            self._gone.discard(record_id)  # it is theirs as before
            raise
        self.erasures.deletes[name] += 1

    async def _void(self, name: str, record_id: str) -> None:
        self._note(f"void {name} {record_id}")
        self.erasures.say(record_id, is_void=None)
        about = {"dataObjectApiName": name, "object_data_id": record_id}
        await self.world.crm_user.call("data/invalid", about)

    async def _recover(self, name: str, record_id: str) -> None:
        self._note(f"recover {name} {record_id}")
        about = {"dataObjectApiName": name, "idList": [record_id]}
        await self.world.crm_user.call("data/recover", about)
        self.erasures.say(record_id, is_void=None)

    async def _say_in_the_crm(self, record_id: str) -> None:
        words = self._words()
        self._note(f"edit {record_id}: {words}")
        await self.world.crm_user.update(self._own[record_id], record_id, remark=words)

    async def _say_in_the_erp(self, record_id: str) -> None:
        form, id_field, _ = FORMS[self._own[record_id]]
        row = await partner(self.world, self._own[record_id], record_id, looks=1)
        if row is not None:
            words = self._words()
            self._note(f"edit {form} {row[id_field]}: {words}")
            wished = {id_field: row[id_field], "FDescription": words}
            await self.world.erp_user.change(form, wished)

    # --- when the storm is over --------------------------------------------------------------

    async def look(self) -> None:
        """Have both sources look for what no date tells and for what is gone, as people may."""
        for name in _OWN:
            await self._look(System.FXIAOKE, name)
            await self._look(System.K3CLOUD, FORMS[name][0])
        await self._look(System.K3CLOUD, _BILL)

    async def _look(self, system: System, name: str, kind: SignalKind = SignalKind.PROBE) -> None:
        world = self.world
        runtime = Runtime(world.broker, world.clock, self.chance)
        await ask_source(runtime, world.mappings.interest(system), kind, name)

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
        follows = System.FXIAOKE if crm != before else System.K3CLOUD
        is_let_stand = path == "is:deleted" and self._half()
        winner = follows.other if is_let_stand else follows
        try:
            entry = decision(seat, path, winner, "officer", self.world.clock)
        except RejectedError:
            return  # it is asked no more
        if is_let_stand and follows is System.FXIAOKE:
            self.apart.add(record_id)
        if path == "is:deleted":
            self.erasures.say(record_id, is_void=True if not is_let_stand else None)
        self._note(f"decide {link} {path}: {winner}")
        await self.world.broker.publish([entry.to_message()])

    async def approve(self, gone: Ref) -> None:
        """Let records be gone that a patrol holds, if people have deleted them."""
        if self.erasures.knows(gone.record_id) or gone.record_id in self._gone:
            self._note(f"approve that {gone} is gone")
            await self._look(gone.system, gone.object_name, SignalKind.APPROVE)

    async def free(self, link: str) -> None:
        """Take a record out of all states that may stand in the way of an edit."""
        record_id = link.rpartition("/")[2]
        if record_id in self._own and self._is_whole(record_id):
            await self._free_own(record_id)
        self.erasures.say(record_id, is_void=None)
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
        name = self._own[record_id]
        row = await partner(self.world, name, record_id, looks=1)
        form = FORMS[name][0]
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
        record_id = link.rpartition("/")[2]
        if record_id not in self._own or not self._is_whole(record_id):
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
